/**
 * The clock of a server in a test: it stands still until it is moved. Tokens, sessions, codes, time limits, lockouts,
 * kept pushes and the timers that modules take from it all go by it.
 */
import type { Clock } from "../runtime/clock.ts";
import { ManualClock } from "../runtime/testing/manual-clock.ts";

/** Time that passes only when told to. It begins on 2027-01-15 at 08:00 UTC. */
export class TestClock implements Clock {
  readonly #clock = new ManualClock();

  nowMs(): number {
    return this.#clock.nowMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#clock.after(delayMs, callback);
  }

  /**
   * Lets `ms` pass. Timers run in their order, each at its own time, also those that are set meanwhile; between two of
   * them, and at the end, whatever they brought about in the process has happened: answers and pushes have arrived.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#clock.nowMs() + ms;
    for (;;) {
      await settle();
      const nextMs = this.#clock.nextAtMs;
      if (nextMs === undefined || nextMs > endMs) break;
      this.#clock.advance(Math.max(0, nextMs - this.#clock.nowMs()));
    }
    this.#clock.advance(endMs - this.#clock.nowMs());
    await settle();
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#clock.timers;
  }
}

/** Two turns of the event loop: one in which the gate writes what it has gathered, one for what comes of that. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
