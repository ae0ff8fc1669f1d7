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

/** Starts MariaDB and Redis before the first test; ends them after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const mariadb = await startMariadb();
  try {
    const redis = await startRedis();
    project.provide("runStores", { mysql: mariadb.root, redis: redis.url });
    return async () => {
      await redis[Symbol.asyncDispose]();
      await mariadb[Symbol.asyncDispose]();
    };
  } catch (error) {
    await mariadb[Symbol.asyncDispose]();
    throw error;
  }
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
