/**
 * A server's part in the tests of accounts, as a process of its own: it registers names one after another and prints
 * a line when each is acknowledged. Arguments: accounts, data folder, prefix of the names, how many, how many at
 * once, and the number of the first; after the last it goes on with 0.
 * It begins on SIGUSR2, so that two of them can begin together.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createStores } from "../../packages/server/src/store/stores.ts";

/** Prints a line at once: writes to a pipe are synchronous, so what has been printed survives kill -9. */
function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const [accounts = "", dataDir = "", prefix = "", count = "0", concurrency = "1", first = "0"] =
  process.argv.slice(2);
const log = { info: () => {}, warn: () => {} };
const stores = await createStores({ accounts, sessions: "memory", dataDir }, { now: Date.now, log });
await stores.waitUntilReady();
const go = once(process, "SIGUSR2");
// A process that waits for a signal alone would end.
const alive = setInterval(() => {}, 60_000);
print("ready");
await go;
clearInterval(alive);

let next = 0;
async function register(): Promise<void> {
  while (next < Number(count)) {
    const name = `${prefix}${(Number(first) + next++) % Number(count)}`;
    const result = await stores.accounts.create({
      id: randomUUID(),
      name,
      passwordHash: `$argon2id$${name}`,
      createdAtMs: Date.now(),
    });
    print(`${result} ${name}`);
  }
}
await Promise.all(Array.from({ length: Number(concurrency) }, register));
print("done");
await stores.close();
