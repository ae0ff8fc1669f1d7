/**
 * What the tests of stores share: stores whose log can be read, and waiting for something to become true.
 */
import { createStores, type StoreOptions, type Stores } from "../../packages/server/src/store/stores.ts";

/** Stores, and what they have logged so far. */
export type LoggedStores = Stores & { readonly lines: readonly LogLine[] };

/** One line of the log. */
export interface LogLine {
  readonly fields: object;
  readonly message: string;
}

/** Opens stores; embedded in memory unless told otherwise. */
export async function openStores(options: Partial<StoreOptions>): Promise<LoggedStores> {
  const lines: LogLine[] = [];
  const write = (fields: object, message: string): void => void lines.push({ fields, message });
  const log = { info: write, warn: write };
  const all = { accounts: "embedded", sessions: "memory", dataDir: ":memory:", ...options };
  return { ...(await createStores(all, { now: Date.now, log })), lines };
}

/** Resolves when `attempt` does, trying again on every turn of the event loop; rejects with its last error after 20 s. */
export async function untilReady(attempt: () => Promise<unknown>): Promise<void> {
  const endsAt = performance.now() + 20_000;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > endsAt) throw error;
      await new Promise(setImmediate);
    }
  }
}

/** Resolves when a line with this message has been logged. */
export function waitForLine(lines: readonly LogLine[], message: string): Promise<void> {
  return untilReady(async () => {
    if (!lines.some((line) => line.message === message)) throw new Error(`not logged so far: ${message}`);
  });
}
