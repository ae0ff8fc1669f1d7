/**
 * Guessing passwords is slow: each failure makes the next attempt on that account, and from that address, wait longer.
 */
import type { CallContext } from "../../runtime/context.ts";
import { fail } from "../../runtime/fail.ts";
import { accountNameKey } from "../../store/accounts/name-key.ts";
import type { AttemptKeys, AttemptStore } from "../../store/attempts/attempts.ts";

/** One attempt that was let in. */
export interface Attempt {
  /** The password was right. */
  succeed(): Promise<void>;
  /** The password was wrong. */
  fail(): Promise<void>;
  /** It came to nothing through no fault of the caller's. Never rejects. */
  abandon(): Promise<void>;
}

const UNCOUNTED: Attempt = { succeed: async () => {}, fail: async () => {}, abandon: async () => {} };

/**
 * Begins an attempt on an account, whether or not there is one of this name.
 * @throws MqplayError `tooManyRequests` with how long to wait
 */
export async function beginAttempt(
  attempts: AttemptStore | undefined,
  call: CallContext,
  name: string,
): Promise<Attempt> {
  if (attempts === undefined) return UNCOUNTED;
  const keys: AttemptKeys = { account: accountNameKey(name), address: call.remoteAddress };
  const verdict = await attempts.begin(keys);
  if (verdict.kind === "refused") throw fail("tooManyRequests", { retryAfterMs: verdict.retryAfterMs });
  const begun = { ...keys, addressCounted: verdict.addressCounted };
  return {
    succeed: () => attempts.succeed(begun),
    async fail() {
      await attempts.fail(begun);
    },
    async abandon() {
      try {
        await attempts.abandon(begun);
      } catch (error) {
        call.log.warn({ err: error }, "An attempt stays counted as failed because its store is away");
      }
    },
  };
}

/** Makes the caller's address one that the account is known at, as a login does: whoever registers it owns it. */
export async function knowAddress(
  attempts: AttemptStore | undefined,
  call: CallContext,
  name: string,
): Promise<void> {
  await attempts?.succeed({ account: accountNameKey(name), address: call.remoteAddress });
}
