/**
 * The one door to storage: accounts in SQL, everything that expires in memory or Redis. Which, the configuration says.
 *
 * Nobody outside this folder names an implementation.
 */
import type { AccountStore } from "./accounts/accounts.ts";
import { SqlAccountStore } from "./accounts/sql-accounts.ts";
import { openEmbeddedDatabase } from "./sql/sqlite.ts";
import { migrate } from "./sql/migrations.ts";
import type { TokenStore } from "./tokens/tokens.ts";
import { MemoryTokenStore } from "./tokens/memory-tokens.ts";

/** Where things are stored. */
export interface StoreOptions {
  /** `embedded` (a file in `dataDir`), or `mysql://user:password@host:port/database`. */
  readonly accounts: string;
  /** `memory`, or `redis://…`. */
  readonly sessions: string;
  /** Folder of the embedded database; `:memory:` for none. */
  readonly dataDir: string;
}

/** The part of the log that stores use. */
export interface StoreLog {
  info(bindings: object, message: string): void;
  warn(bindings: object, message: string): void;
}

/** What stores need from outside. */
export interface StoreDeps {
  /** The time in ms since 1970. */
  readonly now: () => number;
  readonly log: StoreLog;
}

/** Every store. */
export interface Stores {
  readonly accounts: AccountStore;
  readonly tokens: TokenStore;
  /**
   * Resolves when every store has answered and the tables are up to date; a store that is away is waited for, with a
   * line in the log. Call it once, before the first query.
   * @throws MqplayError `configInvalid` when waiting cannot help (a newer schema, a refused password); the signal's reason
   */
  waitUntilReady(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Resolves when every store answers; rejects with MqplayError `serverIsDown` or `storageError` naming the one that does not. */
  ping(): Promise<void>;
  /** Ends every connection. Final; may be called twice. */
  close(): Promise<void>;
}

/** Opens the stores. It connects to nothing yet. */
export async function createStores(options: StoreOptions, deps: StoreDeps): Promise<Stores> {
  const database = await openEmbeddedDatabase(options.dataDir);
  const accounts = new SqlAccountStore(database);
  return {
    accounts,
    tokens: new MemoryTokenStore(deps),
    async waitUntilReady() {
      await migrate(database, deps.now);
    },
    ping: () => accounts.ping(),
    close: () => accounts.close(),
  };
}
