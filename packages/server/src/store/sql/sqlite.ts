/**
 * The embedded database: one SQLite file, written by this process.
 *
 * SQLite runs on the event loop, so what may be slow must not be in it. A query takes microseconds; waiting for the
 * disk does not. So commits do not wait (`synchronous=NORMAL`: the write-ahead log is written, not flushed), and
 * `durable()` flushes the log on a thread of Node's pool, one flush for all commits since the last one. Who has
 * awaited it survives a loss of power; a crash of the process alone loses nothing in either case.
 * Not chosen: `synchronous=FULL`, where every commit stops all calls for a flush (on a disk that takes 10 ms for one, 200
 * registrations a second became 72 and stopped the event loop for up to 4 s; this way all 200 were made, at 22 ms each);
 * a worker thread for all of SQLite, which costs a message both ways for every lookup.
 */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { MqplayError } from "@mqplay/shared";
import { Kysely, SqliteDialect } from "kysely";
import { LogFlush } from "./log-flush.ts";
import type { SqlDatabase, Tables } from "./schema.ts";
import { openSqlite, type SqliteDatabase, type SqliteStatement, type SqliteValue } from "./sqlite-binding.ts";

/** The file's name in the data folder. */
export const ACCOUNTS_FILE = "accounts.sqlite";

/** How long a write waits for another process that is writing, in ms. It blocks, and other processes write for less than a millisecond. */
export const BUSY_TIMEOUT_MS = 1_000;

/** Statements kept prepared; the queries of this house are far fewer. */
const MAX_PREPARED = 100;

/**
 * Opens the embedded database.
 * @param dataDir the folder it lives in, made when missing; `:memory:` for one that is gone with the process
 * @throws MqplayError `configInvalid` when the folder or file cannot be used
 */
export async function openEmbeddedDatabase(dataDir: string): Promise<SqlDatabase> {
  const inMemory = dataDir === ":memory:";
  const path = inMemory ? dataDir : join(dataDir, ACCOUNTS_FILE);
  const label = inMemory ? "the embedded database" : `the embedded database ${path}`;
  let database: SqliteDatabase;
  try {
    if (!inMemory) makePrivateFile(dataDir, path);
    database = await openSqlite(path);
    database.exec(`pragma busy_timeout=${BUSY_TIMEOUT_MS}`);
    if (!inMemory) database.exec("pragma journal_mode=wal");
    database.exec("pragma synchronous=normal");
  } catch (cause) {
    throw new MqplayError(
      "configInvalid",
      `${label} cannot be opened; check the folder and its permissions`,
      {
        cause,
        path: "store.data",
      },
    );
  }
  const flush = inMemory ? undefined : new LogFlush(label, () => open(`${path}-wal`, "r+"));
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: new KyselyDatabase(database) }) });
  return {
    kind: "sqlite",
    label,
    db,
    durable: async () => flush?.flush(),
    // Another process has been writing for longer than the time limit.
    isAway: (error) => isBusy(error),
    isDuplicate: (error) => {
      const code = extendedCode(error);
      return code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARY_KEY;
    },
    async close() {
      await flush?.close();
      await db.destroy();
    },
  };
}

const BUSY = 5;
const CONSTRAINT_PRIMARY_KEY = 1_555;
const CONSTRAINT_UNIQUE = 2_067;

/** Tells whether SQLite gave up waiting for another connection that is writing. The low byte of its codes is the kind. */
export function isBusy(error: unknown): boolean {
  return ((extendedCode(error) ?? 0) & 0xff) === BUSY;
}

function extendedCode(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}

/** Makes folder and file readable by their owner alone. SQLite gives its other files the permissions of this one. */
function makePrivateFile(dataDir: string, path: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
}

/** What Kysely's SQLite dialect expects, over `DatabaseSync`; keeps statements prepared. */
class KyselyDatabase {
  readonly #database: SqliteDatabase;
  readonly #prepared: Map<string, KyselyStatement> = new Map();
  #closed = false;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  prepare(text: string): KyselyStatement {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const statement = new KyselyStatement(this.#database.prepare(text));
    // Only queries are kept: after DDL a kept statement would have to be prepared again anyway.
    if (this.#prepared.size < MAX_PREPARED && /^(select|insert|update|delete)\b/.test(text)) {
      this.#prepared.set(text, statement);
    }
    return statement;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#prepared.clear();
    this.#database.close();
  }
}

class KyselyStatement {
  readonly #statement: SqliteStatement;
  /** True when it gives rows back. */
  readonly reader: boolean;

  constructor(statement: SqliteStatement) {
    this.#statement = statement;
    this.reader = statement.columns().length > 0;
  }

  all(parameters: readonly unknown[]): unknown[] {
    return this.#statement.all(...parameters.map(toValue));
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...parameters.map(toValue));
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#statement.iterate(...parameters.map(toValue));
  }
}

function toValue(value: unknown): SqliteValue {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`SQLite stores no value of type ${typeof value}`);
}
