/**
 * Counts latencies in buckets of 1 % width, so that a million of them take no memory.
 */

/** What a run's latencies come to. */
export interface LatencySummary {
  readonly count: number;
  /** In ms, as are the rest. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const SMALLEST_MS = 0.001;
const GROWTH = 1.01;

/** A book of latencies. */
export class LatencyBook {
  readonly #buckets: number[] = [];
  #count = 0;
  #max = 0;

  add(ms: number): void {
    const bucket = ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log(ms / SMALLEST_MS) / Math.log(GROWTH));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count++;
    if (ms > this.#max) this.#max = ms;
  }

  summary(): LatencySummary {
    return { count: this.#count, p50: this.#quantile(0.5), p99: this.#quantile(0.99), max: round(this.#max) };
  }

  #quantile(share: number): number {
    let left = this.#count * share;
    for (const [bucket, count] of this.#buckets.entries()) {
      left -= count ?? 0;
      if (left <= 0) return round(SMALLEST_MS * GROWTH ** bucket);
    }
    return 0;
  }
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
