/**
 * Listeners by event name. A listener that throws harms neither the next one nor the connection: its error surfaces
 * as an uncaught one of the host, as it would from any event.
 */

/** Removes the listener that it was returned for. Calling it twice does no harm. */
export type Unsubscribe = () => void;

/** Holds the listeners of one object, by event. */
export class Emitter<TEvents> {
  readonly #listeners: { [E in keyof TEvents]?: Set<(value: TEvents[E]) => void> } = {};
  readonly #rethrow: (error: unknown) => void;

  /** @param rethrow makes a listener's error surface in the host, in a task of its own */
  constructor(rethrow: (error: unknown) => void) {
    this.#rethrow = rethrow;
  }

  /** Adds a listener; it is called with every later event until the returned function is called. */
  on<E extends keyof TEvents>(event: E, listener: (value: TEvents[E]) => void): Unsubscribe {
    const set = (this.#listeners[event] ??= new Set<(value: TEvents[E]) => void>());
    // A wrapper of its own for each call: the same function added twice is called twice and removed once.
    const entry = (value: TEvents[E]): void => listener(value);
    set.add(entry);
    return () => set.delete(entry);
  }

  /** Calls the listeners of an event in the order in which they were added. Returns how many there were. */
  emit<E extends keyof TEvents>(event: E, value: TEvents[E]): number {
    const set = this.#listeners[event];
    if (set === undefined) return 0;
    for (const listener of Array.from(set)) {
      try {
        listener(value);
      } catch (error) {
        this.#rethrow(error);
      }
    }
    return set.size;
  }
}
