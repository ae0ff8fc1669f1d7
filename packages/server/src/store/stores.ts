/**
 * The one door to storage: accounts in SQL, everything that expires in memory or Redis. Which, the configuration says.
 * Nobody outside this folder names an implementation.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isMqplayError, MqplayError } from "@mqplay/shared";
import type { AccountStore } from "./accounts/accounts.ts";
import { SqlAccountStore } from "./accounts/sql-accounts.ts";
import { defaultAttemptLimits, type AttemptLimits, type AttemptStore } from "./attempts/attempts.ts";
import { MemoryAttemptStore } from "./attempts/memory-attempts.ts";
import { RedisAttemptStore } from "./attempts/redis-attempts.ts";
import { defaultCodeLimits, type CodeLimits, type CodeStore } from "./codes/codes.ts";
import { MemoryCodeStore } from "./codes/memory-codes.ts";
import { RedisCodeStore } from "./codes/redis-codes.ts";
import { defaultOutboxLimits, type OutboxLimits, type OutboxStore } from "./outbox/outbox.ts";
import { MemoryOutboxStore } from "./outbox/memory-outbox.ts";
import { RedisOutboxStore } from "./outbox/redis-outbox.ts";
import { parseRedisAddress } from "./redis/address.ts";
import { RedisLink } from "./redis/redis-link.ts";
import { migrate } from "./sql/migrations.ts";
import { isRefusedLogin, MIGRATION_TIMEOUT_MS, openMysqlDatabase } from "./sql/mysql.ts";
import type { SqlDatabase } from "./sql/schema.ts";
import { openEmbeddedDatabase } from "./sql/sqlite.ts";
import { toStoreError } from "./storage-errors.ts";
import { MemoryTokenStore } from "./tokens/memory-tokens.ts";
import { RedisTokenStore } from "./tokens/redis-tokens.ts";
import type { TokenStore } from "./tokens/tokens.ts";

/** Where things are stored, and what bounds them. */
export interface StoreOptions {
  /** `embedded` (a file in `dataDir`), or `mysql://user:password@host:port/database`, see sql/mysql.ts. */
  readonly accounts: string;
  /** `memory`, or `redis://…`, `rediss://…`, `redis-sentinel://…`, `redis-cluster://…`, see redis/address.ts. */
  readonly sessions: string;
  /** Folder of the embedded database; `:memory:` for one that is gone with the process. */
  readonly dataDir: string;
  /** @default defaultCodeLimits */
  readonly codes?: CodeLimits;
  /** @default defaultAttemptLimits */
  readonly attempts?: AttemptLimits;
  /** @default defaultOutboxLimits */
  readonly outbox?: OutboxLimits;
}

/** The part of the log that stores use. */
export interface StoreLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What stores need from outside. */
export interface StoreDeps {
  /** The time in ms since 1970. Servers that share a Redis must agree on it to within seconds. */
  readonly now: () => number;
  readonly log: StoreLog;
}

/** Every store. */
export interface Stores extends AsyncDisposable {
  readonly accounts: AccountStore;
  readonly tokens: TokenStore;
  readonly codes: CodeStore;
  readonly attempts: AttemptStore;
  readonly outbox: OutboxStore;
  /**
   * Resolves when every store has answered and the tables are up to date. A store that is away is waited for, with a
   * line in the log when the waiting begins, once a minute, and when it ends. Call it once, before the first query.
   * @throws MqplayError `configInvalid` when waiting cannot help (a newer schema, a refused password); the signal's reason
   */
  waitUntilReady(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Asks one kind of store each, named as its setting; rejects as `ping` does. */
  readonly checks: Readonly<Record<"accounts" | "sessions", () => Promise<void>>>;
  /** Resolves when every store answers; rejects with MqplayError `serverIsDown` or `storageError` naming one that does not. */
  ping(): Promise<void>;
  /** Ends every connection. Final; may be called twice. */
  close(): Promise<void>;
}

/** Pauses between two looks at a store that is away at start, in ms: short at first, because most are only just starting too. */
const FIRST_READY_PAUSE_MS = 20;
const LONGEST_READY_PAUSE_MS = 500;

/** How often the log says that a store is still away, in ms. */
const READY_LOG_INTERVAL_MS = 60_000;

/**
 * Opens the stores. Servers are connected to in the background; {@link Stores.waitUntilReady} waits for them.
 * @throws MqplayError `configInvalid` when an address is none or the data folder cannot be used
 */
export async function createStores(options: StoreOptions, deps: StoreDeps): Promise<Stores> {
  const redisAddress = options.sessions === "memory" ? undefined : parseRedisAddress(options.sessions);
  const database = await openDatabase(options);
  const redis = redisAddress === undefined ? undefined : new RedisLink(deps, redisAddress);
  const accounts = new SqlAccountStore(database);
  const ping = async (): Promise<void> => {
    await Promise.all([accounts.ping(), redis?.ping()]);
  };
  const close = async (): Promise<void> => {
    await Promise.all([accounts.close(), redis?.close()]);
  };
  return {
    accounts,
    ...openSessionStores(options, deps, redis),
    async waitUntilReady({ signal } = {}) {
      await Promise.all([
        keepTrying(deps, signal, database.label, () => prepare(database, options, deps)),
        redis === undefined ? undefined : keepTrying(deps, signal, redis.label, () => redis.ping()),
      ]);
    },
    checks: { accounts: () => accounts.ping(), sessions: async () => redis?.ping() },
    ping,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function openSessionStores(options: StoreOptions, deps: StoreDeps, redis: RedisLink | undefined) {
  const {
    codes = defaultCodeLimits,
    attempts = defaultAttemptLimits,
    outbox = defaultOutboxLimits,
  } = options;
  if (redis === undefined) {
    return {
      tokens: new MemoryTokenStore(deps),
      codes: new MemoryCodeStore(deps, codes),
      attempts: new MemoryAttemptStore(deps, attempts),
      outbox: new MemoryOutboxStore(deps, outbox),
    };
  }
  const redisDeps = { now: deps.now, redis };
  return {
    tokens: new RedisTokenStore(redisDeps),
    codes: new RedisCodeStore(redisDeps, codes),
    attempts: new RedisAttemptStore(redisDeps, attempts),
    outbox: new RedisOutboxStore(redisDeps, outbox),
  };
}

async function openDatabase({ accounts, dataDir }: StoreOptions): Promise<SqlDatabase> {
  return accounts === "embedded" ? openEmbeddedDatabase(dataDir) : openMysqlDatabase(accounts);
}

/** Brings the tables up to date; on MySQL by a connection of its own, because a migration may take its time. */
async function prepare(database: SqlDatabase, options: StoreOptions, { now, log }: StoreDeps): Promise<void> {
  const patient =
    database.kind === "sqlite"
      ? database
      : openMysqlDatabase(options.accounts, { statementTimeoutMs: MIGRATION_TIMEOUT_MS, connections: 1 });
  try {
    const versions = await migrate(patient, now);
    if (versions.length > 0) log.info({ store: database.label, versions }, "The tables are up to date");
  } catch (error) {
    if (isRefusedLogin(error)) {
      throw new MqplayError(
        "configInvalid",
        `${database.label} refuses the user, the password or the database's name`,
        {
          cause: error,
          path: "store.accounts",
        },
      );
    }
    throw toStoreError(database.label, error, database.isAway);
  } finally {
    if (patient !== database) await patient.close();
  }
}

async function keepTrying(
  { now, log }: StoreDeps,
  signal: AbortSignal | undefined,
  store: string,
  attempt: () => Promise<void>,
): Promise<void> {
  let loggedAtMs: number | undefined;
  for (let pauseMs = FIRST_READY_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_READY_PAUSE_MS)) {
    signal?.throwIfAborted();
    try {
      await attempt();
      if (loggedAtMs !== undefined) log.info({ store }, "The store is there");
      return;
    } catch (error) {
      // Only a store that is away is worth waiting for; what it refuses today it refuses tomorrow.
      if (!isMqplayError(error) || error.code !== "serverIsDown") throw error;
      if (loggedAtMs === undefined || now() - loggedAtMs >= READY_LOG_INTERVAL_MS) {
        loggedAtMs = now();
        log.warn({ store, err: error }, "Waiting for a store that is away");
      }
    }
    // An abort ends the pause; the next turn then throws the signal's own reason.
    await delay(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}
