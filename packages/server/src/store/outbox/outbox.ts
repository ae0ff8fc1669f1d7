/**
 * Kept pushes: what a module wanted a user to get who was away, until the next login or the end of its time.
 */
import { MqplayError, type Encoding, type Push } from "@mqplay/shared";

/** A push that waits, and the encoding that it is to be sent in. */
export interface KeptPush {
  readonly push: Push;
  readonly encoding: Encoding;
}

/** What bounds kept pushes. */
export interface OutboxLimits {
  /** Pushes kept for one user; one more drops the oldest. */
  readonly maxPerUser: number;
  /** Bytes of content kept for one user; more drops the oldest. A larger single push is not kept. */
  readonly maxBytesPerUser: number;
  /** Longest time that a push is kept, in ms, whatever it asks for. */
  readonly maxTtlMs: number;
  /** Bytes of content kept in memory for all users; more drops the oldest. A Redis store is bounded by Redis' own `maxmemory`. */
  readonly maxBytesInMemory: number;
}

/** The defaults of {@link OutboxLimits}. */
export const defaultOutboxLimits: OutboxLimits = {
  maxPerUser: 100,
  maxBytesPerUser: 262_144,
  maxTtlMs: 7 * 24 * 60 * 60_000,
  maxBytesInMemory: 67_108_864,
};

/** Where kept pushes wait. Every method is atomic. Rejections: MqplayError `serverIsDown` or `storageError`. */
export interface OutboxStore {
  /**
   * Keeps a push for a user. Returns how many older ones had to go for it.
   * @param ttlMs how long to keep it, in ms; at most {@link OutboxLimits.maxTtlMs}
   * @throws MqplayError `payloadTooLarge` when its content exceeds {@link OutboxLimits.maxBytesPerUser}
   */
  keep(userId: string, kept: KeptPush, ttlMs: number): Promise<{ readonly dropped: number }>;
  /**
   * Takes everything that waits for a user, in the order in which it was kept. Each push is given out once; one that
   * is lost between here and the client is lost.
   */
  take(userId: string): Promise<readonly KeptPush[]>;
}

/** The error for a push that is too large to keep. */
export function contentTooLarge(bytes: number, maxBytes: number): MqplayError {
  return new MqplayError(
    "payloadTooLarge",
    `a push of ${bytes} bytes is not kept for a user who is away, at most ${maxBytes}`,
  );
}
