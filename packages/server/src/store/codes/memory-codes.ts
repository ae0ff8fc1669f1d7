/**
 * Verification codes in this process: gone with it, and bounded however many numbers are asked for.
 */
import { addressKey } from "../address-key.ts";
import { ExpiringMap } from "../expiring-map.ts";
import {
  DAY_MS,
  defaultCodeLimits,
  hashCode,
  type CodeGuess,
  type CodeLimits,
  type CodeStore,
  type CodeVerdict,
  type SendingVerdict,
} from "./codes.ts";

/** Numbers, addresses and codes held at once, each. When numbers or addresses are full, sending is refused: forgetting them would lift the limits. */
export const MAX_ENTRIES_IN_MEMORY = 100_000;

interface Sendings {
  count: number;
  lastAtMs: number;
}

/** {@link CodeStore} in memory. */
export class MemoryCodeStore implements CodeStore {
  readonly #now: () => number;
  readonly #limits: CodeLimits;
  readonly #codes: ExpiringMap<{ readonly hash: string; wrongTries: number }>;
  readonly #byNumber: ExpiringMap<Sendings>;
  readonly #byAddress: ExpiringMap<Sendings>;

  constructor(
    deps: { readonly now: () => number },
    limits: CodeLimits = defaultCodeLimits,
    maxEntries: number = MAX_ENTRIES_IN_MEMORY,
  ) {
    this.#now = deps.now;
    this.#limits = limits;
    this.#codes = new ExpiringMap(deps, { ttlMs: limits.ttlMs, maxEntries });
    this.#byNumber = new ExpiringMap(deps, { ttlMs: DAY_MS, maxEntries });
    this.#byAddress = new ExpiringMap(deps, { ttlMs: DAY_MS, maxEntries });
  }

  async reserveSending(number: string, from: string): Promise<SendingVerdict> {
    const address = addressKey(from);
    const now = this.#now();
    const toNumber = this.#byNumber.get(number);
    const fromAddress = this.#byAddress.get(address);
    if (toNumber !== undefined && toNumber.count >= this.#limits.maxPerNumberPerDay) {
      return { kind: "refused", limit: "numberPerDay", retryAfterMs: this.#byNumber.remainingMs(number) };
    }
    const waitMs = toNumber === undefined ? 0 : toNumber.lastAtMs + this.#limits.intervalMs - now;
    if (waitMs > 0) return { kind: "refused", limit: "interval", retryAfterMs: waitMs };
    if (fromAddress !== undefined && fromAddress.count >= this.#limits.maxPerAddressPerDay) {
      return { kind: "refused", limit: "addressPerDay", retryAfterMs: this.#byAddress.remainingMs(address) };
    }
    if (
      (toNumber === undefined && this.#byNumber.isFull) ||
      (fromAddress === undefined && this.#byAddress.isFull)
    ) {
      return { kind: "refused", limit: "capacity", retryAfterMs: this.#limits.intervalMs };
    }
    count(this.#byNumber, number, now);
    count(this.#byAddress, address, now);
    return { kind: "reserved" };
  }

  async put(code: CodeGuess): Promise<void> {
    this.#codes.set(keyOf(code), { hash: hashCode(code), wrongTries: 0 });
  }

  async check(guess: CodeGuess): Promise<CodeVerdict> {
    const key = keyOf(guess);
    const stored = this.#codes.get(key);
    if (stored === undefined) return "none";
    if (stored.hash === hashCode(guess)) return "match";
    stored.wrongTries += 1;
    if (stored.wrongTries >= this.#limits.maxWrongTries) this.#codes.delete(key);
    return "wrong";
  }

  async consume(guess: CodeGuess): Promise<CodeVerdict> {
    // No await between the look and the deletion: this method is one step.
    const verdict = this.check(guess);
    if (this.#codes.get(keyOf(guess))?.hash === hashCode(guess)) this.#codes.delete(keyOf(guess));
    return verdict;
  }
}

function keyOf({ number, purpose }: CodeGuess): string {
  return `${purpose} ${number}`;
}

function count(sendings: ExpiringMap<Sendings>, key: string, now: number): void {
  const known = sendings.get(key);
  // The day begins with the first sending, so a known entry keeps its end.
  if (known === undefined) sendings.set(key, { count: 1, lastAtMs: now });
  else {
    known.count += 1;
    known.lastAtMs = now;
  }
}
