/**
 * Time, as the rooms that measure it take it: a dependency, so that tests move it by hand.
 */

/** The time and one timer. */
export interface Clock {
  /** Now, in ms since 1970. */
  nowMs(): number;
  /** Ms since some moment; never goes back when the machine's clock is set. */
  monotonicMs(): number;
  /** Runs `callback` once after at least `delayMs`; returns what cancels it. Keeps no process alive. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
