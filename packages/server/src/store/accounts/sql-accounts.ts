/**
 * Accounts in SQL: one query code for the embedded database and for MySQL.
 */
import { MqplayError } from "@mqplay/shared";
import { sql } from "kysely";
import type { AccountsTable, SqlDatabase } from "../sql/schema.ts";
import { toStoreError } from "../storage-errors.ts";
import {
  MAX_OPEN_ID_LENGTH,
  MAX_PASSWORD_HASH_LENGTH,
  MAX_PHONE_LENGTH,
  type Account,
  type AccountStore,
  type NewAccount,
} from "./accounts.ts";
import { accountNameKey, isAccountName } from "./name-key.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ASCII = /^[\x20-\x7e]+$/;
const PRINTABLE = /^[^\p{Cc}\p{Cs}]+$/u;

const columns = ["id", "name", "password_hash", "phone", "open_id", "created_at_ms", "frozen"] as const;
type AccountRow = Pick<AccountsTable, Exclude<(typeof columns)[number], "frozen">> & { frozen: number };

/** {@link AccountStore} on a database that has been migrated. */
export class SqlAccountStore implements AccountStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async findByName(name: string): Promise<Account | undefined> {
    return isAccountName(name) ? this.#findBy("name_key", accountNameKey(name)) : undefined;
  }

  async findById(id: string): Promise<Account | undefined> {
    return UUID.test(id) ? this.#findBy("id", id) : undefined;
  }

  async findByPhone(phone: string): Promise<Account | undefined> {
    return isText(phone, MAX_PHONE_LENGTH) ? this.#findBy("phone", phone) : undefined;
  }

  async create(account: NewAccount): Promise<"created" | "taken"> {
    assertNewAccount(account);
    return this.#run(async () => {
      try {
        await this.#database.db
          .insertInto("mqplay_accounts")
          .values({
            id: account.id,
            name: account.name,
            name_key: accountNameKey(account.name),
            password_hash: account.passwordHash,
            phone: account.phone ?? null,
            open_id: account.openId ?? null,
            created_at_ms: account.createdAtMs,
          })
          .execute();
      } catch (error) {
        // The unique index decides every race, between servers too; a look before the insert would not.
        if (this.#database.isDuplicate(error)) return "taken";
        throw error;
      }
      await this.#database.durable();
      return "created";
    });
  }

  async setPassword(
    id: string,
    passwordHash: string,
    options: { readonly ifHash?: string } = {},
  ): Promise<boolean> {
    assertPasswordHash(passwordHash);
    if (!UUID.test(id)) return false;
    return this.#update(() => {
      const update = this.#database.db
        .updateTable("mqplay_accounts")
        .set({ password_hash: passwordHash })
        .where("id", "=", id);
      return options.ifHash === undefined ? update : update.where("password_hash", "=", options.ifHash);
    });
  }

  async setFrozen(id: string, frozen: boolean): Promise<boolean> {
    if (!UUID.test(id)) return false;
    return this.#update(() =>
      this.#database.db
        .updateTable("mqplay_accounts")
        .set({ frozen: frozen ? 1 : 0 })
        .where("id", "=", id),
    );
  }

  async ping(): Promise<void> {
    await this.#run(() => sql`select 1`.execute(this.#database.db));
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  #findBy(column: "id" | "name_key" | "phone", value: string): Promise<Account | undefined> {
    return this.#run(async () => {
      const row = await this.#database.db
        .selectFrom("mqplay_accounts")
        .select(columns)
        .where(column, "=", value)
        .executeTakeFirst();
      return row === undefined ? undefined : toAccount(row);
    });
  }

  #update(
    build: () => { executeTakeFirst(): Promise<{ readonly numUpdatedRows: bigint }> },
  ): Promise<boolean> {
    return this.#run(async () => {
      // MySQL counts rows that were found, changed or not (mysql2 asks it to), as SQLite does.
      const { numUpdatedRows } = await build().executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      await this.#database.durable();
      return true;
    });
  }

  async #run<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } catch (error) {
      throw toStoreError(this.#database.label, error, this.#database.isAway);
    }
  }
}

function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    name: row.name,
    nameKey: accountNameKey(row.name),
    passwordHash: row.password_hash,
    phone: row.phone ?? undefined,
    openId: row.open_id ?? undefined,
    createdAtMs: row.created_at_ms,
    frozen: row.frozen !== 0,
  };
}

function isText(text: string, maxLength: number): boolean {
  return text.length > 0 && text.length <= maxLength && PRINTABLE.test(text);
}

function assertPasswordHash(passwordHash: string): void {
  // Its value stays out of the message: messages reach logs.
  if (passwordHash.length > MAX_PASSWORD_HASH_LENGTH || !ASCII.test(passwordHash)) {
    throw invalid("passwordHash", `1 to ${MAX_PASSWORD_HASH_LENGTH} ASCII characters`);
  }
}

function assertNewAccount(account: NewAccount): void {
  if (!UUID.test(account.id)) throw invalid("id", "a lower-case UUID");
  if (!isAccountName(account.name)) throw invalid("name", "a text that isAccountName accepts");
  assertPasswordHash(account.passwordHash);
  if (!Number.isSafeInteger(account.createdAtMs)) throw invalid("createdAtMs", "a whole number of ms");
  if (account.phone !== undefined && !isText(account.phone, MAX_PHONE_LENGTH)) {
    throw invalid("phone", `1 to ${MAX_PHONE_LENGTH} printable characters`);
  }
  if (account.openId !== undefined && !isText(account.openId, MAX_OPEN_ID_LENGTH)) {
    throw invalid("openId", `1 to ${MAX_OPEN_ID_LENGTH} printable characters`);
  }
}

function invalid(path: string, expected: string): MqplayError {
  return new MqplayError("invalidArgument", `"${path}" expected ${expected}`, { path });
}
