/**
 * The admin token: by it trusted programs call, over HTTP, what is not for clients. It opens that and nothing else, and
 * without it those functions do not exist. [module-4]
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Log } from "../../ops/log.ts";
import { addressKey } from "../../store/address-key.ts";

/** What a token is worth. */
export type Verdict =
  | { readonly kind: "admin" | "nobody" }
  /** The address has shown too many wrong ones: none is looked at for a while. */
  | { readonly kind: "tooMany"; readonly retryAfterMs: number };

/** Says what tokens are worth. */
export interface AdminDoor {
  /** @param nowMs a clock that only goes forward */
  check(token: string, remoteAddress: string, nowMs: number): Verdict;
}

/** Wrong tokens that one address may show in a window. A program that is set up wrongly shows a few. */
const MAX_WRONG = 10;

/** How long a window of counting is, in ms. */
const WINDOW_MS = 60_000;

/** Addresses that are counted at once; the one counted longest goes first. With 32 characters to guess that harms nobody. */
const MAX_ADDRESSES = 10_000;

interface Window {
  readonly fromMs: number;
  wrong: number;
}

/** Makes the door; undefined when there is no admin token. */
export function createAdminDoor(adminToken: string, log: Log): AdminDoor | undefined {
  if (adminToken === "") return undefined;
  const expected = digest(adminToken);
  const windows = new Map<string, Window>();

  function windowOf(key: string, nowMs: number): Window {
    const current = windows.get(key);
    if (current !== undefined && nowMs - current.fromMs < WINDOW_MS) return current;
    windows.delete(key);
    const [oldest] = windows.keys();
    if (windows.size >= MAX_ADDRESSES && oldest !== undefined) windows.delete(oldest);
    const window = { fromMs: nowMs, wrong: 0 };
    windows.set(key, window);
    return window;
  }

  return {
    check(token, remoteAddress, nowMs) {
      const key = addressKey(remoteAddress);
      const current = windows.get(key);
      if (current !== undefined && current.wrong >= MAX_WRONG && nowMs - current.fromMs < WINDOW_MS)
        return { kind: "tooMany", retryAfterMs: WINDOW_MS - (nowMs - current.fromMs) };
      // Digests are of one length, which tells nothing of the token's.
      if (timingSafeEqual(digest(token), expected)) return { kind: "admin" };
      const window = windowOf(key, nowMs);
      window.wrong++;
      if (window.wrong === 1) log.warn({ address: remoteAddress }, "somebody showed a wrong admin token");
      return { kind: "nobody" };
    },
  };
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
