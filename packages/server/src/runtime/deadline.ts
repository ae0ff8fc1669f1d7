/**
 * Time limits of calls that run: one timer per distinct limit, not one per call.
 *
 * All calls with the same limit run out in the order in which they began, so each limit has a line, and its one timer
 * looks at the head. A call that ends in time is unlinked; its timer is left to fire and look again.
 */
import type { Clock } from "./clock.ts";

/** One limit that has not struck yet. */
export class Deadline {
  readonly #onExpired: () => void;
  /** When it strikes, on the monotonic clock. */
  readonly atMs: number;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  line: DeadlineLine | undefined;

  constructor(line: DeadlineLine, atMs: number, onExpired: () => void) {
    this.line = line;
    this.atMs = atMs;
    this.#onExpired = onExpired;
  }

  /** Ends it before it strikes; does nothing once it has. */
  cancel(): void {
    this.line?.remove(this);
  }

  expire(): void {
    this.line?.remove(this);
    this.#onExpired();
  }
}

/** Those with the same limit, earliest first. */
class DeadlineLine {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #head: Deadline | undefined;
  #tail: Deadline | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  add(onExpired: () => void): Deadline {
    const deadline = new Deadline(this, this.#clock.monotonicMs() + this.#limitMs, onExpired);
    if (this.#tail === undefined) this.#head = deadline;
    else {
      this.#tail.next = deadline;
      deadline.previous = this.#tail;
    }
    this.#tail = deadline;
    if (this.#cancelTimer === undefined) this.#arm(this.#limitMs);
    return deadline;
  }

  remove(deadline: Deadline): void {
    const { previous, next } = deadline;
    if (previous === undefined) this.#head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    deadline.line = undefined;
    deadline.previous = undefined;
    deadline.next = undefined;
  }

  expireAll(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    while (this.#head !== undefined) this.#head.expire();
  }

  #arm(delayMs: number): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#look();
    });
  }

  #look(): void {
    const now = this.#clock.monotonicMs();
    while (this.#head !== undefined && this.#head.atMs <= now) this.#head.expire();
    if (this.#head !== undefined) this.#arm(this.#head.atMs - now);
  }
}

/** Every limit that has not struck yet. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #lines = new Map<number, DeadlineLine>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `onExpired` once `limitMs` have passed, unless it is cancelled before. */
  start(limitMs: number, onExpired: () => void): Deadline {
    let line = this.#lines.get(limitMs);
    if (line === undefined) this.#lines.set(limitMs, (line = new DeadlineLine(this.#clock, limitMs)));
    return line.add(onExpired);
  }

  /** Lets every limit strike now. */
  expireAll(): void {
    for (const line of this.#lines.values()) line.expireAll();
  }
}
