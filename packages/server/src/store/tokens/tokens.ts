/**
 * Tokens: who is logged in, until when. A login is a family of tokens: the access and refresh token that it began
 * with, and every pair that refreshing made of them.
 *
 * In and out go hashes of tokens only ({@link hashToken}); a copy of this store lets nobody in.
 */
import { createHash } from "node:crypto";

/** Returns what stands for a token in a store: its SHA-256 in base64url, 43 characters. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** An access token and a refresh token, as they are stored. Lives in ms from now. */
export interface TokenPair {
  /** {@link hashToken} of the access token. */
  readonly accessHash: string;
  readonly accessTtlMs: number;
  /** {@link hashToken} of the refresh token. */
  readonly refreshHash: string;
  /** At least `accessTtlMs`; the login ends with its refresh token. */
  readonly refreshTtlMs: number;
}

/** A login to begin. */
export interface NewLogin extends TokenPair {
  readonly userId: string;
  /** A fresh UUID. */
  readonly loginId: string;
  /** True ends every earlier login of the user in the same atomic step (single login, policy `kick`). @default false */
  readonly endOthers?: boolean;
}

/** What an access token stands for. */
export interface AccessGrant {
  readonly userId: string;
  readonly loginId: string;
  /** When the access token ends, in ms since 1970. */
  readonly expiresAtMs: number;
}

/** What refreshing came to. */
export type Rotation =
  | { readonly kind: "rotated"; readonly userId: string; readonly loginId: string }
  /** Never issued, expired, or its login has ended. */
  | { readonly kind: "unknown" }
  /** It was used before: somebody has a copy, so the whole login has been ended. */
  | { readonly kind: "reused"; readonly userId: string; readonly loginId: string };

/** Logins that one user may have at once; one more ends the one issued longest ago. Bounds memory where many are allowed. */
export const MAX_LOGINS_PER_USER = 32;

/**
 * How long the access token before the last refresh stays valid, in ms: calls that were on their way, and other
 * connections of the same login, must not fail because one of them refreshed.
 */
export const ACCESS_GRACE_MS = 60_000;

/** How many used refresh tokens of a login are remembered to recognise reuse; older ones are merely unknown. Bounds memory. */
export const MAX_USED_REFRESH_TOKENS = 16;

/**
 * Where tokens live. Every method is atomic: of two that race, one sees the whole of the other.
 *
 * Every method may reject with MqplayError `serverIsDown` (the store is away or does not answer in time) or
 * `storageError`. After such a rejection a write may or may not have happened; tokens that the caller then keeps to
 * itself are known to nobody and expire.
 */
export interface TokenStore {
  /**
   * Begins a login. Returns the ids of the logins that it ended: all others with `endOthers`, else those beyond
   * {@link MAX_LOGINS_PER_USER}. Expired logins are not listed.
   */
  issue(login: NewLogin): Promise<{ readonly endedLoginIds: readonly string[] }>;
  /** Returns what a valid access token stands for, or undefined when it is unknown, expired or ended. */
  findAccess(accessHash: string): Promise<AccessGrant | undefined>;
  /**
   * Exchanges a refresh token for the next pair. It works once: the second use ends the login, whoever comes second.
   * The earlier access token stays valid for {@link ACCESS_GRACE_MS}, not beyond its own end.
   */
  rotate(refreshHash: string, next: TokenPair): Promise<Rotation>;
  /** Ends one login and all its tokens. Returns false when it had ended before. */
  endLogin(userId: string, loginId: string): Promise<boolean>;
  /** Ends every login of a user, except one if named. Returns the ids of those that it ended. */
  endUser(userId: string, exceptLoginId?: string): Promise<readonly string[]>;
}
