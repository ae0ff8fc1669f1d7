/**
 * Load for tests of faults: the same thing over and over, in several lanes, until the test has seen enough.
 */
import { isMqplayError } from "@mqplay/client-sdk";

/** Longest that a test waits for a count to grow, in ms. */
const LIMIT_MS = 30_000;

/** What has come of a load so far. */
export interface Load extends AsyncDisposable {
  readonly succeeded: number;
  /** Codes of what failed, in order. */
  readonly failures: readonly string[];
  /** The longest turn so far, in ms. */
  readonly slowestMs: number;
  /** Waits until this many more turns have succeeded. */
  moreSucceed(count: number): Promise<void>;
  /** Waits until this many more turns have failed. */
  moreFail(count: number): Promise<void>;
}

/** Begins a load: every lane takes one turn after another. Disposing it lets the last turns end. */
export function startLoad(lanes: readonly (() => Promise<unknown>)[]): Load {
  const failures: string[] = [];
  let succeeded = 0;
  let slowestMs = 0;
  const over = new AbortController();
  const waiting = new Set<() => void>();
  const work = async (turn: () => Promise<unknown>): Promise<void> => {
    while (!over.signal.aborted) {
      const beganAt = performance.now();
      try {
        await turn();
        succeeded += 1;
      } catch (error) {
        failures.push(isMqplayError(error) ? error.code : String(error));
      }
      slowestMs = Math.max(slowestMs, performance.now() - beganAt);
      for (const look of waiting) look();
      // The server under test may be in this process: it must get its turn.
      await new Promise(setImmediate);
    }
  };
  const running = Promise.all(lanes.map(work));
  const reach = async (count: () => number, goal: number, what: string): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    let look = (): void => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        look = () => count() >= goal && resolve();
        timer = setTimeout(() => {
          reject(
            new Error(`${what} came to ${count()}, not ${goal}; failures: ${failures.slice(-5).join(", ")}`),
          );
        }, LIMIT_MS);
        waiting.add(look);
        look();
      });
    } finally {
      clearTimeout(timer);
      waiting.delete(look);
    }
  };
  return {
    get succeeded() {
      return succeeded;
    },
    failures,
    get slowestMs() {
      return slowestMs;
    },
    moreSucceed: (more) => reach(() => succeeded, succeeded + more, "successes"),
    moreFail: (more) => reach(() => failures.length, failures.length + more, "failures"),
    async [Symbol.asyncDispose]() {
      over.abort();
      await running;
    },
  };
}
