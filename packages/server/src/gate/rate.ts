/**
 * How fast one connection may send: a token bucket that is refilled by the time that passed, no timer each.
 */

/** One connection's budget of packets. */
export class PacketBudget {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  /** @param perS packets a second over time @param burst packets at once @param nowMs the clock */
  constructor(perS: number, burst: number, nowMs: number) {
    this.#perMs = perS / 1_000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Spends packets; returns 0, or for how many ms the socket should not be read. */
  spend(count: number, nowMs: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs) - count;
    this.#atMs = nowMs;
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perMs);
  }
}

/** Counts events in windows of a minute; tells when there are too many. */
export class MinuteCount {
  readonly #max: number;
  #count = 0;
  #sinceMs: number;

  constructor(max: number, nowMs: number) {
    this.#max = max;
    this.#sinceMs = nowMs;
  }

  /** Notes one; true when this minute has had more than its share. */
  tooMany(nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= 60_000) {
      this.#sinceMs = nowMs;
      this.#count = 0;
    }
    return ++this.#count > this.#max;
  }
}
