/**
 * MySQL and MariaDB: a pool of connections that never waits without a limit and never reuses a connection whose
 * server has gone quiet.
 */
import { MqplayError } from "@mqplay/shared";
import {
  Kysely,
  MysqlDialect,
  type MysqlPool,
  type MysqlPoolConnection,
  type MysqlQueryResult,
} from "kysely";
import { createPool, type Pool, type PoolConnection, type PoolOptions } from "mysql2";
import { readAuthority } from "../read-authority.ts";
import { errorCode } from "../storage-errors.ts";
import type { SqlDatabase, Tables } from "./schema.ts";

/** How long a statement may take, in ms. They touch one row by an index. */
export const STATEMENT_TIMEOUT_MS = 3_000;

/** How long a statement of a migration may take, in ms. It may rebuild a table. */
export const MIGRATION_TIMEOUT_MS = 600_000;

/** How long to wait for a connection of the pool, in ms, to be made or to be free. */
const ACQUIRE_TIMEOUT_MS = 3_000;

/** Connections of one server. Lookups take about a millisecond, so ten serve thousands a second. */
const DEFAULT_CONNECTIONS = 10;

/** Callers that may wait for a connection; beyond it they are told at once that the database is away. */
const MAX_WAITING = 2_000;

/**
 * Opens a pool on `mysql://user:password@host:port/database`; it connects when first used. Parameters:
 * `?connections=10` · `?tls=true` (verified by the system's authorities) · `?ca=/path/ca.pem` (by this one).
 * @throws MqplayError `configInvalid` when the address is none; it may hold a password and is not repeated
 */
export function openMysqlDatabase(
  address: string,
  options: {
    readonly statementTimeoutMs?: number;
    readonly connections?: number;
    /** Where the address stands, for messages. @default "store.accounts" */
    readonly path?: string;
  } = {},
): SqlDatabase {
  const settings = parseMysqlAddress(address, options.path ?? "store.accounts");
  const pool = createPool({
    ...settings,
    connectionLimit: options.connections ?? settings.connectionLimit ?? DEFAULT_CONNECTIONS,
    queueLimit: MAX_WAITING,
    connectTimeout: ACQUIRE_TIMEOUT_MS,
    enableKeepAlive: true,
    charset: "utf8mb4",
    // A server must not be able to ask this process for its files.
    flags: ["-LOCAL_FILES"],
  });
  // Strict: what does not fit is an error, not cut off. Without NO_BACKSLASH_ESCAPES, which the driver's quoting of
  // values could not live with.
  pool.on("connection", (connection) => {
    connection.query("set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'", (error) => {
      if (error) connection.destroy();
    });
  });
  const bounded = new BoundedPool(pool, options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS);
  const db = new Kysely<Tables>({ dialect: new MysqlDialect({ pool: bounded }) });
  let closing: Promise<void> | undefined;
  return {
    kind: "mysql",
    label: `MySQL ${settings.host}:${settings.port}`,
    db,
    // InnoDB flushes its log at each commit, unless its operator has decided otherwise.
    durable: async () => {},
    isAway,
    isDuplicate: (error) => errorNumber(error) === 1_062,
    close: () => (closing ??= closePool(db, pool)),
  };
}

/** Tells whether an error means that the configuration is wrong, so that waiting does not help: user, password or database name. */
export function isRefusedLogin(error: unknown): boolean {
  const number = errorNumber(error);
  return number === 1_044 || number === 1_045 || number === 1_049;
}

// Too many connections, shutdowns, killed connections, read-only during a failover.
const AWAY_NUMBERS: ReadonlySet<number> = new Set([
  1_040, 1_053, 1_077, 1_152, 1_203, 1_290, 1_317, 1_792, 1_836, 1_927, 3_169,
]);

/** What the server answered has a number; what has none came from the way to it. */
function isAway(error: unknown): boolean {
  const number = errorNumber(error);
  return number === undefined || AWAY_NUMBERS.has(number);
}

function errorNumber(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("sqlState" in error) || !("errno" in error))
    return undefined;
  return typeof error.errno === "number" ? error.errno : undefined;
}

async function closePool(db: Kysely<Tables>, pool: Pool): Promise<void> {
  await db.destroy();
  // Kysely ends only a pool that it has used.
  await new Promise<void>((resolve) => pool.end(() => resolve()));
}

function parseMysqlAddress(
  text: string,
  path: string,
): PoolOptions & { readonly host: string; readonly port: number } {
  const invalid = (expected: string): MqplayError =>
    new MqplayError("configInvalid", `"${path}" is no MySQL address: ${expected}`, { path });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid("it has the form mysql://user:password@host:port/database");
  }
  const database = decodeURIComponent(url.pathname.slice(1));
  if (url.protocol !== "mysql:" || url.hostname === "" || database === "") {
    throw invalid("it has the form mysql://user:password@host:port/database");
  }
  const parameters = url.searchParams;
  const connections = parameters.get("connections");
  if (connections !== null && !/^[1-9]\d{0,3}$/.test(connections))
    throw invalid("connections is a number from 1 to 9999");
  const ca = parameters.get("ca");
  const tls = ca !== null || parameters.get("tls") === "true";
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 3_306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database,
    ...(connections === null ? {} : { connectionLimit: Number(connections) }),
    ...(tls
      ? {
          ssl: {
            rejectUnauthorized: true,
            ...(ca === null ? {} : { ca: readAuthority(ca, path) }),
          },
        }
      : {}),
  };
}

/** Kysely's view of the pool, with a limit on waiting for a connection. */
class BoundedPool implements MysqlPool {
  readonly #pool: Pool;
  readonly #statementTimeoutMs: number;

  constructor(pool: Pool, statementTimeoutMs: number) {
    this.#pool = pool;
    this.#statementTimeoutMs = statementTimeoutMs;
  }

  getConnection(callback: (error: unknown, connection: MysqlPoolConnection) => void): void {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      callback(new Error(`no connection within ${ACQUIRE_TIMEOUT_MS} ms`), noConnection);
    }, ACQUIRE_TIMEOUT_MS);
    this.#pool.getConnection((error, connection) => {
      clearTimeout(timer);
      if (isLate) {
        if (!error) connection.release();
      } else if (error) callback(error, noConnection);
      else callback(null, new BoundedConnection(connection, this.#statementTimeoutMs));
    });
  }

  end(callback: (error: unknown) => void): void {
    this.#pool.end(callback);
  }
}

/** What stands where a connection would, when there is none: nobody looks at it. */
const noConnection: MysqlPoolConnection = {
  query() {
    throw new TypeError("there is no connection");
  },
  release() {},
};

/** One connection out of the pool, with a limit on each statement. */
class BoundedConnection implements MysqlPoolConnection {
  readonly #connection: PoolConnection;
  readonly #timeoutMs: number;
  #isUnusable = false;

  constructor(connection: PoolConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  query(text: string, parameters: unknown[]): never;
  query(
    text: string,
    parameters: unknown[],
    callback: (error: unknown, result: MysqlQueryResult) => void,
  ): void;
  query(
    text: string,
    values: unknown[],
    callback?: (error: unknown, result: MysqlQueryResult) => void,
  ): void {
    if (callback === undefined) throw new TypeError("streams have no time limit and are not used");
    this.#connection.query<never>({ sql: text, values, timeout: this.#timeoutMs }, (error, result) => {
      // After a time limit the answer may still come, and would be taken for the next statement's.
      if (errorCode(error) === "PROTOCOL_SEQUENCE_TIMEOUT") this.#isUnusable = true;
      callback(error, result);
    });
  }

  release(): void {
    if (this.#isUnusable) this.#connection.destroy();
    else this.#connection.release();
  }
}
