/**
 * Attempts to log in: who has failed how often, and how long they have to wait.
 *
 * Strangers to an account share one count, so that guessing from a thousand addresses is no faster than from one. Its
 * owner must not have to compete with them for the one try a minute that is left: an address from which somebody has
 * logged in to the account before (of the last {@link MAX_KNOWN_ADDRESSES}, for {@link KNOWN_ADDRESS_MS}) has a count
 * of its own, by the same rule, and does not wait for the strangers'. What guessing gains by it is bounded: whoever sits
 * behind such an address has that one count, no more. An owner at a new address waits like a stranger; a token, which
 * needs no password, lets a device in wherever it is.
 *
 * An attempt on an account counts as failed from its beginning until it is told otherwise, so that a thousand guesses
 * at once are no way around the delay. An address as such, for whatever accounts, is counted when an attempt has
 * failed, because many honest players may share one and log in at the same moment; once its free failures are used up,
 * from the beginning as well. Addresses are those of {@link addressKey}.
 */

/** Whose attempt it is. */
export interface AttemptKeys {
  /** The account that is tried, by its name's key, whether or not it exists. */
  readonly account: string;
  /** The peer's address without the port. */
  readonly address: string;
}

/** An attempt that was let in. */
export interface BegunAttempt extends AttemptKeys {
  /** What `begin` said. @default false */
  readonly addressCounted?: boolean;
}

/** How delays grow: `freeFailures` cost nothing, the next one `baseDelayMs`, each further one twice as much. */
export interface DelayRule {
  /** Failures that cost no delay. */
  readonly freeFailures: number;
  /** The first delay, in ms. */
  readonly baseDelayMs: number;
  /** The longest delay, in ms: what the right owner waits at most. */
  readonly maxDelayMs: number;
  /** After how long without a failure it is all forgotten, in ms; longer than `maxDelayMs`. */
  readonly forgetAfterMs: number;
}

/** The rules for accounts and for addresses. */
export interface AttemptLimits {
  /** For all strangers to an account together, and for each of its known addresses. */
  readonly account: DelayRule;
  /** For an address, whatever accounts are tried from it. */
  readonly address: DelayRule;
}

/** Addresses that an account is remembered to have been logged in to from, the latest ones: home, phone, work, school. */
export const MAX_KNOWN_ADDRESSES = 4;

/** How long after the last login an address is known, in ms: 30 days. */
export const KNOWN_ADDRESS_MS = 30 * 24 * 60 * 60_000;

/**
 * The defaults of {@link AttemptLimits}. An account under attack sees some 12 guesses in the first minutes and one a
 * minute from then on, 1,500 a day; an address 20 and one in five minutes.
 */
export const defaultAttemptLimits: AttemptLimits = {
  account: { freeFailures: 5, baseDelayMs: 1_000, maxDelayMs: 60_000, forgetAfterMs: 60 * 60_000 },
  address: { freeFailures: 20, baseDelayMs: 1_000, maxDelayMs: 300_000, forgetAfterMs: 60 * 60_000 },
};

/** Returns how long to wait after the n-th failure, in ms. */
export function delayAfter(failures: number, rule: DelayRule): number {
  const beyond = failures - rule.freeFailures;
  if (beyond <= 0) return 0;
  return Math.min(rule.maxDelayMs, rule.baseDelayMs * 2 ** Math.min(beyond - 1, 40));
}

/** Whether an attempt may go on; `retryAfterMs` says how long to wait otherwise. */
export type AttemptVerdict =
  | {
      readonly kind: "allowed";
      /** True when it counts as failed for the address already; to be handed back with the attempt. */
      readonly addressCounted: boolean;
    }
  | { readonly kind: "refused"; readonly retryAfterMs: number };

/**
 * Where attempts are counted. Every method is atomic and one round trip. Refused attempts do not lengthen the wait.
 * Rejections: MqplayError `serverIsDown` or `storageError`.
 */
export interface AttemptStore {
  /** Begins an attempt: if neither key has to wait, it counts as failed for the account, or for its known address, until `succeed` or `abandon`. */
  begin(keys: AttemptKeys): Promise<AttemptVerdict>;
  /** The password was wrong: counts it for the address as well. Returns how long the next attempt has to wait, in ms. */
  fail(attempt: BegunAttempt): Promise<{ readonly retryAfterMs: number }>;
  /**
   * The password was right: the failures that it was counted among are forgotten, those of strangers by a stranger's
   * login only, and the address is known from now on. The address as such keeps its failures, or one good account
   * would buy it new guesses.
   */
  succeed(attempt: BegunAttempt): Promise<void>;
  /** The attempt came to nothing through no fault of the caller's (a store away, a time limit): takes its count back. */
  abandon(attempt: BegunAttempt): Promise<void>;
}
