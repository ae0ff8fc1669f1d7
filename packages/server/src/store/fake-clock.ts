/**
 * A clock that tests move by hand.
 */

/** Time that passes only when told to. */
export class FakeClock {
  #nowMs = 1_800_000_000_000;

  /** The time in ms since 1970; a bound function, so that it can be passed on. */
  readonly now = (): number => this.#nowMs;

  /** Lets time pass. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
