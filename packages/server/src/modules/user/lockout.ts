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
  return {
    succeed: () => attempts.succeed(keys),
    async fail() {
      await attempts.fail(keys);
    },
    async abandon() {
      try {
        await attempts.abandon(keys);
      } catch (error) {
        call.log.warn({ err: error }, "An attempt stays counted as failed because its store is away");
      }
    },
  };
}
