/**
 * Takes over the accounts of the Go server: reads its table `base_user`, makes an account of each row.
 *
 * The table is what xorm makes of the Go server's `BaseUser`: `id` (bigint, primary key), `name`, `phone`, `password`
 * (MD5 in hexadecimal), `user_i_d` (a UUID; xorm writes every capital of `UserID` as a word; `user_id` is taken too),
 * `creat_time` (s since 1970), `age` (not taken over). It is only read. Running the import again does no harm: who
 * is there already is left alone, so it can be repeated until the Go server is switched off.
 */
import { MqplayError } from "@mqplay/shared";
import { sql } from "kysely";
import { isRefusedLogin, openMysqlDatabase } from "../sql/mysql.ts";
import type { SqlDatabase } from "../sql/schema.ts";
import { toStoreError } from "../storage-errors.ts";
import type { AccountStore } from "./accounts.ts";
import { legacyPasswordHash } from "./legacy-password.ts";
import { isAccountName } from "./name-key.ts";

/** Why a row was not taken over. */
export type SkipReason = "bad user id" | "bad name" | "bad password hash" | "name taken";

/** A row that was not taken over. */
export interface SkippedUser {
  /** Its `id` in the Go server's table. */
  readonly rowId: number;
  readonly reason: SkipReason;
}

/** What an import came to. */
export interface ImportReport {
  readonly imported: number;
  /** Rows whose user id has an account already. */
  readonly alreadyThere: number;
  /** Rows that were taken over without their phone number, because another account has it. */
  readonly withoutPhone: number;
  /** At most {@link MAX_SKIPPED_LISTED} of those that were not taken over. */
  readonly skipped: readonly SkippedUser[];
  readonly skippedCount: number;
}

/** How many skipped rows a report lists. */
export const MAX_SKIPPED_LISTED = 1_000;

/** Rows read at once. */
const PAGE = 500;

/** Accounts made at once; as many as the pool has connections. */
const CONCURRENCY = 10;

interface BaseUserRow {
  readonly id: number;
  readonly name: string;
  readonly phone: string | null;
  readonly password: string;
  readonly user_id: string;
  readonly creat_time: number | null;
}

/**
 * Imports every row of `base_user`.
 * @param source the Go server's database, `mysql://user:password@host:port/database`
 * @throws MqplayError `configInvalid` when the address is none, its user is refused or there is no such table, `serverIsDown` or `storageError` from either database
 */
export async function importBaseUsers(source: string, accounts: AccountStore): Promise<ImportReport> {
  const database = openMysqlDatabase(source, { connections: 1, path: "the source of users" });
  try {
    const userIdColumn = await findUserIdColumn(database);
    const tally = new Tally();
    for (let lastId = -1; ;) {
      const rows = await readPage(database, userIdColumn, lastId);
      const last = rows.at(-1);
      if (last === undefined) return tally.report();
      lastId = last.id;
      await importRows(rows, accounts, tally);
    }
  } catch (error) {
    if (isRefusedLogin(error)) {
      const detail = `${database.label} refuses the user, the password or the database's name`;
      throw new MqplayError("configInvalid", detail, { cause: error });
    }
    throw toStoreError(database.label, error, database.isAway);
  } finally {
    await database.close();
  }
}

async function findUserIdColumn({ db, label }: SqlDatabase): Promise<string> {
  const columns = await sql<{ name: string }>`
    select column_name as name from information_schema.columns
    where table_schema = database() and table_name = 'base_user'
  `.execute(db);
  const names = columns.rows.map(({ name }) => name);
  const userIdColumn = ["user_i_d", "user_id"].find((name) => names.includes(name));
  const missing = ["id", "name", "phone", "password", "creat_time"].filter((name) => !names.includes(name));
  if (userIdColumn === undefined || missing.length > 0) {
    throw new MqplayError(
      "configInvalid",
      `${label} has no table base_user as the Go server makes it; found columns: ${names.join(", ") || "none"}`,
    );
  }
  return userIdColumn;
}

async function readPage(
  { db }: SqlDatabase,
  userIdColumn: string,
  afterId: number,
): Promise<readonly BaseUserRow[]> {
  const page = await sql<BaseUserRow>`
    select id, name, phone, password, ${sql.ref(userIdColumn)} as user_id, creat_time
    from base_user where id > ${afterId} order by id limit ${sql.lit(PAGE)}
  `.execute(db);
  return page.rows;
}

async function importRows(rows: readonly BaseUserRow[], accounts: AccountStore, tally: Tally): Promise<void> {
  const queue = rows.values();
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (const row of queue) await importRow(row, accounts, tally);
    }),
  );
}

async function importRow(row: BaseUserRow, accounts: AccountStore, tally: Tally): Promise<void> {
  const id = row.user_id.toLowerCase();
  const passwordHash = legacyPasswordHash(row.password);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return tally.skip(row.id, "bad user id");
  if (!isAccountName(row.name)) return tally.skip(row.id, "bad name");
  if (passwordHash === undefined) return tally.skip(row.id, "bad password hash");
  const account = { id, name: row.name, passwordHash, createdAtMs: (row.creat_time ?? 0) * 1_000 };
  const phone = row.phone === null || row.phone === "" ? undefined : row.phone;
  if ((await accounts.create({ ...account, phone })) === "created") return tally.imported(false);
  // The store says only that something is taken: the id, the name or the phone number.
  if ((await accounts.findById(id)) !== undefined) return tally.alreadyThere();
  if (phone !== undefined && (await accounts.create(account)) === "created") return tally.imported(true);
  return tally.skip(row.id, "name taken");
}

class Tally {
  #imported = 0;
  #alreadyThere = 0;
  #withoutPhone = 0;
  #skippedCount = 0;
  readonly #skipped: SkippedUser[] = [];

  imported(withoutPhone: boolean): void {
    this.#imported += 1;
    if (withoutPhone) this.#withoutPhone += 1;
  }

  alreadyThere(): void {
    this.#alreadyThere += 1;
  }

  skip(rowId: number, reason: SkipReason): void {
    this.#skippedCount += 1;
    if (this.#skipped.length < MAX_SKIPPED_LISTED) this.#skipped.push({ rowId, reason });
  }

  report(): ImportReport {
    return {
      imported: this.#imported,
      alreadyThere: this.#alreadyThere,
      withoutPhone: this.#withoutPhone,
      skipped: this.#skipped.toSorted((one, two) => one.rowId - two.rowId),
      skippedCount: this.#skippedCount,
    };
  }
}
