/**
 * Kept pushes in this process: gone with it, bounded for each user and in all.
 */
import {
  contentTooLarge,
  defaultOutboxLimits,
  type KeptPush,
  type OutboxLimits,
  type OutboxStore,
} from "./outbox.ts";

interface Waiting {
  readonly kept: KeptPush;
  readonly endsAtMs: number;
}

interface Box {
  /** Oldest first. */
  waiting: Waiting[];
  bytes: number;
}

/** How many boxes one write looks at for expiry. */
const SWEEP_PER_WRITE = 2;

/** What an entry costs beside its content, in bytes, roughly; so that empty pushes are bounded too. */
const ENTRY_BYTES = 200;

/** {@link OutboxStore} in memory. */
export class MemoryOutboxStore implements OutboxStore {
  readonly #now: () => number;
  readonly #limits: OutboxLimits;
  /** Boxes in the order in which something was last kept or swept. */
  readonly #boxes: Map<string, Box> = new Map();
  #bytes = 0;

  constructor(deps: { readonly now: () => number }, limits: OutboxLimits = defaultOutboxLimits) {
    this.#now = deps.now;
    this.#limits = limits;
  }

  /** Bytes held, an allowance for each push included. */
  get bytes(): number {
    return this.#bytes;
  }

  async keep(userId: string, kept: KeptPush, ttlMs: number): Promise<{ readonly dropped: number }> {
    const limits = this.#limits;
    const { length } = kept.push.content;
    if (length > limits.maxBytesPerUser) throw contentTooLarge(length, limits.maxBytesPerUser);
    this.#sweep();
    const box = this.#boxes.get(userId) ?? { waiting: [], bytes: 0 };
    this.#boxes.delete(userId);
    this.#boxes.set(userId, box);
    this.#dropExpired(box);
    let dropped = 0;
    while (box.waiting.length >= limits.maxPerUser || box.bytes + length > limits.maxBytesPerUser) {
      this.#dropOldest(box);
      dropped += 1;
    }
    box.waiting.push({ kept, endsAtMs: this.#now() + Math.min(ttlMs, limits.maxTtlMs) });
    box.bytes += length;
    this.#bytes += length + ENTRY_BYTES;
    return { dropped: dropped + this.#makeRoom() };
  }

  async take(userId: string): Promise<readonly KeptPush[]> {
    const box = this.#boxes.get(userId);
    if (box === undefined) return [];
    this.#dropExpired(box);
    const taken = box.waiting.map(({ kept }) => kept);
    while (box.waiting.length > 0) this.#dropOldest(box);
    this.#boxes.delete(userId);
    return taken;
  }

  /** Drops pushes of the users that have been quiet longest until the whole is within its bound. */
  #makeRoom(): number {
    let dropped = 0;
    for (const [userId, box] of this.#boxes) {
      while (this.#bytes > this.#limits.maxBytesInMemory && box.waiting.length > 0) {
        this.#dropOldest(box);
        dropped += 1;
      }
      if (this.#bytes <= this.#limits.maxBytesInMemory) break;
      this.#boxes.delete(userId);
    }
    return dropped;
  }

  #dropOldest(box: Box): void {
    const oldest = box.waiting.shift();
    if (oldest !== undefined) this.#forget(box, oldest);
  }

  #dropExpired(box: Box): void {
    const now = this.#now();
    const expired = box.waiting.filter(({ endsAtMs }) => endsAtMs <= now);
    if (expired.length === 0) return;
    box.waiting = box.waiting.filter(({ endsAtMs }) => endsAtMs > now);
    for (const entry of expired) this.#forget(box, entry);
  }

  #forget(box: Box, { kept }: Waiting): void {
    box.bytes -= kept.push.content.length;
    this.#bytes -= kept.push.content.length + ENTRY_BYTES;
  }

  #sweep(): void {
    let looked = 0;
    for (const [userId, box] of this.#boxes) {
      if (looked++ >= SWEEP_PER_WRITE) return;
      this.#dropExpired(box);
      this.#boxes.delete(userId);
      if (box.waiting.length > 0) this.#boxes.set(userId, box);
    }
  }
}
