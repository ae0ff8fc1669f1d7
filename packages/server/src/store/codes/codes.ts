/**
 * Verification codes: sent to a phone number, for one purpose, used once. [user-5]
 *
 * Codes are stored as hashes bound to number and purpose. Six digits can be guessed from a hash by whoever holds the
 * store, so what protects them is their short life, the few tries and the limits on sending; the hash keeps them out
 * of dumps and out of sight.
 */
import { createHash } from "node:crypto";

/** What a code is good for; a code for one purpose is none for another. */
export type CodePurpose = "register" | "password";

/** A code to look at: its number, its purpose, the digits that somebody typed. */
export interface CodeGuess {
  readonly number: string;
  readonly purpose: CodePurpose;
  readonly code: string;
}

/** What a look at a code came to. After {@link CodeLimits.maxWrongTries} wrong ones the code is gone: "none". */
export type CodeVerdict = "match" | "wrong" | "none";

/** What a request to send came to: go ahead, or which limit forbids it and for how long, in ms. */
export type SendingVerdict =
  | { readonly kind: "reserved" }
  | {
      readonly kind: "refused";
      readonly limit: "interval" | "numberPerDay" | "addressPerDay" | "capacity";
      readonly retryAfterMs: number;
    };

/** The span that the daily limits count over, from the first sending in it. */
export const DAY_MS = 24 * 60 * 60_000;

/** What bounds codes. */
export interface CodeLimits {
  /** How long a code lives, in ms. [user-5] */
  readonly ttlMs: number;
  /** Wrong tries that a code survives; the next one finds none. */
  readonly maxWrongTries: number;
  /** Shortest time between two sendings to one number, in ms. [user-5] */
  readonly intervalMs: number;
  /** Sendings to one number in 24 hours. With the tries, it bounds guessing: 10 × 5 of 1,000,000 a day. */
  readonly maxPerNumberPerDay: number;
  /** Sendings that one address may cause in 24 hours; above what a family or a café needs. */
  readonly maxPerAddressPerDay: number;
}

/** The defaults of {@link CodeLimits}. */
export const defaultCodeLimits: CodeLimits = {
  ttlMs: 15 * 60_000,
  maxWrongTries: 5,
  intervalMs: 60_000,
  maxPerNumberPerDay: 10,
  maxPerAddressPerDay: 50,
};

/** Returns what stands for a code in a store: SHA-256 over purpose, number and digits, in base64url. */
export function hashCode({ number, purpose, code }: CodeGuess): string {
  return createHash("sha256")
    .update(JSON.stringify([purpose, number, code]))
    .digest("base64url");
}

/**
 * Where codes live. Every method is atomic. Rejections: MqplayError `serverIsDown` or `storageError`.
 *
 * The order of a sending: `reserveSending`, then `put`, then send. A sending that fails has used its place, so that a
 * broken provider is not hammered.
 */
export interface CodeStore {
  /** Counts a sending to a number on behalf of an address, by its {@link addressKey}, unless a limit forbids it; then nothing is counted. */
  reserveSending(number: string, address: string): Promise<SendingVerdict>;
  /** Stores a code in place of an earlier one for the same number and purpose, with all its tries before it. */
  put(code: CodeGuess): Promise<void>;
  /** Looks at a code without using it up. A wrong one costs a try. */
  check(guess: CodeGuess): Promise<CodeVerdict>;
  /** Uses a code up if it matches; of two that race with the right code, one gets "match". A wrong one costs a try. */
  consume(guess: CodeGuess): Promise<CodeVerdict>;
}
