/**
 * A clock that stands still until a test moves it.
 */
import type { Clock } from "../clock.ts";

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

/** The clock. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #nowMs = 1_000_000;

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + delayMs, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers run: none may be left when everything has ended. */
  get running(): number {
    return this.#timers.size;
  }

  /** Moves time on; timers that come due run in their order, and what they promise is waited for in between. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await settle();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.task();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs);
    return due.toSorted((a, b) => a.atMs - b.atMs)[0];
  }
}

// Deeper than any chain of promises in the SDK.
const TICKS = 50;

/** Lets everything run that waits for no time and no network. */
export async function settle(): Promise<void> {
  for (let tick = 0; tick < TICKS; tick++) await Promise.resolve();
}
