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

/**
 * Waits for a step, but not for ever.
 * @param late makes the error that it rejects with after `limitMs`; what the step comes to then is dropped
 */
export function within<T>(clock: Clock, limitMs: number, step: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, limitMs), () => reject(late()));
    step.then(resolve, reject).finally(cancel);
  });
}
