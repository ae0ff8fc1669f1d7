/**
 * Time, as the rooms see it: a dependency, so that tests move it and mini-game hosts supply it.
 */

/** Reads the time and starts timers. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `task` once after `delayMs`. Returns a function that cancels it; cancelling twice does no harm. */
  after(delayMs: number, task: () => void): () => void;
}
