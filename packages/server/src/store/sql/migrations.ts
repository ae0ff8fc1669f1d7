/**
 * How the tables come to be: numbered steps, forward only, applied at start under a lock, each recorded when done.
 *
 * MySQL commits every DDL statement by itself, so a crash can leave a step half done. Therefore each step is a list
 * of statements that may run twice (`if not exists`), and a step that was not recorded simply runs again.
 */
import { setTimeout as delay } from "node:timers/promises";
import { MqplayError } from "@mqplay/shared";
import { sql, type Kysely } from "kysely";
import type { SqlDatabase, SqlKind, Tables } from "./schema.ts";
import { BUSY_TIMEOUT_MS, isBusy } from "./sqlite.ts";

/** One step: the statements that lead from the version before to this one, for each kind of SQL. */
export interface Migration {
  /** 1, 2, 3 … without a gap. */
  readonly version: number;
  /** Statements that may run twice. */
  readonly statements: Readonly<Record<SqlKind, readonly string[]>>;
}

/** Every step so far. A step that has been released is never changed; a new one is added behind it. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    statements: {
      sqlite: [
        `create table if not exists mqplay_accounts (
          id text not null primary key,
          name text not null,
          name_key text not null unique,
          password_hash text not null,
          phone text unique,
          open_id text,
          created_at_ms integer not null,
          frozen integer not null default 0
        ) strict`,
      ],
      // name_key is binary: every text collation of MySQL or MariaDB ignores something, case or trailing spaces.
      mysql: [
        `create table if not exists mqplay_accounts (
          id char(36) character set ascii collate ascii_bin not null primary key,
          name varchar(128) character set utf8mb4 collate utf8mb4_bin not null,
          name_key varbinary(512) not null,
          password_hash varchar(255) character set ascii collate ascii_bin not null,
          phone varchar(32) character set utf8mb4 collate utf8mb4_bin null,
          open_id varchar(128) character set utf8mb4 collate utf8mb4_bin null,
          created_at_ms bigint not null,
          frozen tinyint not null default 0,
          unique index mqplay_accounts_name_key (name_key),
          unique index mqplay_accounts_phone (phone)
        ) engine=InnoDB`,
      ],
    },
  },
];

/** How long to wait for another server that is migrating the same database, in s. */
const LOCK_WAIT_S = 60;
const LOCK_PAUSE_MS = 50;
const LOCK_NAME = "mqplay.schema";

function lockHeld(label: string): MqplayError {
  return new MqplayError("serverIsDown", `another server has been migrating ${label} for ${LOCK_WAIT_S} s`);
}

/**
 * Brings a database to the newest version. Returns the versions that were applied now.
 * @param steps the migrations to know; tests pass their own
 * @throws MqplayError `configInvalid` when the database is newer than these steps: an older server must not touch it
 */
export async function migrate(
  database: SqlDatabase,
  now: () => number,
  steps: readonly Migration[] = migrations,
): Promise<readonly number[]> {
  const applied = await (database.kind === "sqlite"
    ? migrateSqlite(database, now, steps)
    : migrateMysql(database, now, steps));
  await database.durable();
  return applied;
}

async function migrateSqlite(database: SqlDatabase, now: () => number, steps: readonly Migration[]) {
  return database.db.connection().execute(async (db) => {
    await beginAlone(db, database.label);
    try {
      const applied = await applySteps(db, database, now, steps);
      await sql`commit`.execute(db);
      return applied;
    } catch (error) {
      await sql`rollback`.execute(db);
      throw error;
    }
  });
}

/**
 * Takes the write lock, so that of two servers that start at once one waits here for the other. SQLite's own waiting
 * would block this process, so for once it does not wait by itself.
 */
async function beginAlone(db: Kysely<Tables>, label: string): Promise<void> {
  await sql`pragma busy_timeout=0`.execute(db);
  try {
    for (let waitedMs = 0; ; waitedMs += LOCK_PAUSE_MS) {
      try {
        await sql`begin immediate`.execute(db);
        return;
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (waitedMs >= LOCK_WAIT_S * 1_000) throw lockHeld(label);
      }
      await delay(LOCK_PAUSE_MS);
    }
  } finally {
    await sql`pragma busy_timeout=${sql.lit(BUSY_TIMEOUT_MS)}`.execute(db);
  }
}

async function migrateMysql(database: SqlDatabase, now: () => number, steps: readonly Migration[]) {
  // The lock belongs to the connection, so a server that dies while it migrates leaves none behind.
  return database.db.connection().execute(async (db) => {
    const got = await sql<{
      got: number | null;
    }>`select get_lock(${LOCK_NAME}, ${LOCK_WAIT_S}) as got`.execute(db);
    if (got.rows[0]?.got !== 1) throw lockHeld(database.label);
    try {
      return await applySteps(db, database, now, steps);
    } finally {
      await sql`select release_lock(${LOCK_NAME})`.execute(db);
    }
  });
}

async function applySteps(
  db: Kysely<Tables>,
  { kind, label }: SqlDatabase,
  now: () => number,
  steps: readonly Migration[],
): Promise<readonly number[]> {
  await sql`create table if not exists mqplay_schema (version integer not null primary key, applied_at_ms bigint not null)`.execute(
    db,
  );
  const rows = await db.selectFrom("mqplay_schema").select("version").execute();
  const present = Math.max(0, ...rows.map((row) => row.version));
  const newest = steps.at(-1)?.version ?? 0;
  if (present > newest) {
    throw new MqplayError(
      "configInvalid",
      `${label} has schema version ${present}, this server knows only ${newest}; run the newer server, or restore a backup from before it`,
      { path: "store.accounts" },
    );
  }
  const applied: number[] = [];
  for (const step of steps) {
    if (step.version <= present) continue;
    for (const statement of step.statements[kind]) await sql.raw(statement).execute(db);
    await db.insertInto("mqplay_schema").values({ version: step.version, applied_at_ms: now() }).execute();
    applied.push(step.version);
  }
  return applied;
}
