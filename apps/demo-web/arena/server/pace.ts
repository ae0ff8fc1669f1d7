/**
 * How fast one user may call: a burst, and then so many a second. Far above what fingers do.
 */
import type { Clock } from "@mqplay/server";

const PER_S = 30;
const BURST = 30;

/** Counts one user's calls. */
export class Pace {
  readonly #clock: Clock;
  #left = BURST;
  #atMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs();
  }

  /** Takes one call into account. Returns 0 when it may go ahead, else how long to wait before another try, in ms. */
  step(): number {
    const nowMs = this.#clock.monotonicMs();
    this.#left = Math.min(BURST, this.#left + ((nowMs - this.#atMs) / 1_000) * PER_S);
    this.#atMs = nowMs;
    if (this.#left < 1) return Math.ceil(((1 - this.#left) / PER_S) * 1_000);
    this.#left -= 1;
    return 0;
  }
}
