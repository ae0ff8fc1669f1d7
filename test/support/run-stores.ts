/**
 * The stores of a whole run: with them as `globalSetup` of a vitest project, every server that its tests start keeps
 * accounts in a database of its own in one MariaDB, and sessions under a prefix of its own in one Redis. Both are real:
 * Debian's on free ports, or those that MQPLAY_TEST_MYSQL_URL and MQPLAY_TEST_REDIS_URL name.
 */
import { randomUUID } from "node:crypto";
import { inject } from "vitest";
import type { TestProject } from "vitest/node";
import { createDatabase, dropDatabase, startMariadb } from "./mariadb.ts";
import { startRedis } from "./redis.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Addresses of MariaDB, of a user who may create databases, and of Redis. */
    readonly runStores: { readonly mysql: string; readonly redis: string };
  }
}

const running: AsyncDisposable[] = [];

/** Starts MariaDB and Redis before the first test. */
export async function setup(project: TestProject): Promise<void> {
  const mariadb = await startMariadb();
  running.push(mariadb);
  const redis = await startRedis();
  running.push(redis);
  project.provide("runStores", { mysql: mariadb.root, redis: redis.url });
}

/** Ends them after the last. */
export async function teardown(): Promise<void> {
  for (const server of running.splice(0)) await server[Symbol.asyncDispose]();
}

/** The stores of one server. */
export interface ServerStores {
  /** For `store.accounts`. */
  readonly accounts: string;
  /** For `store.sessions`. */
  readonly sessions: string;
  /** Removes what can be removed. */
  remove(): Promise<void>;
}

/** Makes the stores for one server; undefined where the run has none, and servers keep everything in memory. */
export async function createServerStores(): Promise<ServerStores | undefined> {
  const stores = inject("runStores");
  if (stores === undefined) return undefined;
  const accounts = await createDatabase(stores.mysql);
  return {
    accounts,
    sessions: `${stores.redis}${randomUUID()}:`,
    remove: () => dropDatabase(accounts),
  };
}
