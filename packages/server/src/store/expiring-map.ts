/**
 * A map whose entries live equally long and whose size is bounded: what the stores in memory are made of.
 *
 * All entries have one life span, so the order of setting is the order of expiry, and sweeping from the front is
 * exact: no timer, no scan, memory holds nothing that has expired for longer than the next write.
 */

/** See the top of the file. */
export class ExpiringMap<TValue> {
  readonly #now: () => number;
  readonly #ttlMs: number;
  readonly #maxEntries: number;
  readonly #entries: Map<string, { readonly value: TValue; readonly endsAtMs: number }> = new Map();

  constructor(
    deps: { readonly now: () => number },
    options: { readonly ttlMs: number; readonly maxEntries: number },
  ) {
    this.#now = deps.now;
    this.#ttlMs = options.ttlMs;
    this.#maxEntries = options.maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Tells whether one more key would displace another; expired entries do not count. */
  get isFull(): boolean {
    this.#sweep();
    return this.#entries.size >= this.#maxEntries;
  }

  get(key: string): TValue | undefined {
    return this.#live(key)?.value;
  }

  /** How long an entry still lives, in ms; 0 when there is none. */
  remainingMs(key: string): number {
    const entry = this.#live(key);
    return entry === undefined ? 0 : entry.endsAtMs - this.#now();
  }

  /** Sets an entry, with a whole life before it. When full, the entry set longest ago goes. */
  set(key: string, value: TValue): void {
    this.#entries.delete(key);
    this.#sweep();
    if (this.#entries.size >= this.#maxEntries) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(key, { value, endsAtMs: this.#now() + this.#ttlMs });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #live(key: string) {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.endsAtMs > this.#now() ? entry : undefined;
  }

  #sweep(): void {
    const now = this.#now();
    for (const [key, entry] of this.#entries) {
      if (entry.endsAtMs > now) return;
      this.#entries.delete(key);
    }
  }
}
