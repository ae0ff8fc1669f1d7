/**
 * What a single call may be given besides its parameters.
 */
import type { Encoding } from "@mqplay/shared";

/** Anything shaped like an AbortSignal: mini-game hosts may lack the class. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The options of one call. */
export interface CallOptions {
  /** How long it may take in all, waiting for a connection included, in ms. @default the game's `timeoutMs` */
  readonly timeoutMs?: number;
  /** Gives the call up with `callAborted`. The server is not told: it may run the call nevertheless. */
  readonly signal?: AbortSignalLike;
  /** How this call is written. @default the game's `encoding` */
  readonly encoding?: Encoding;
}
