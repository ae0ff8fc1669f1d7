/**
 * How many calls of one function run at once, and how many wait for their turn.
 */

/** A bounded number of places, and a bounded line before them. First come, first served. */
export class Slots {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(maxRunning: number, maxWaiting: number) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  /** Takes a place when one is free. Who gets true calls {@link leave} once. */
  tryEnter(): boolean {
    if (this.#running >= this.#maxRunning) return false;
    this.#running += 1;
    return true;
  }

  /**
   * Joins the line. `onTurn` runs once a place has been taken for it, in the turn of the one who left.
   * Returns false when the line is full.
   */
  wait(onTurn: () => void): boolean {
    if (this.#waiting.size >= this.#maxWaiting) return false;
    this.#waiting.add(onTurn);
    return true;
  }

  /** Leaves the line; does nothing when the turn has come. */
  giveUp(onTurn: () => void): void {
    this.#waiting.delete(onTurn);
  }

  /** Gives the place back, to the next in line if there is one. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }

  /** Places that are taken. */
  get running(): number {
    return this.#running;
  }

  /** How long the line is. */
  get waiting(): number {
    return this.#waiting.size;
  }
}
