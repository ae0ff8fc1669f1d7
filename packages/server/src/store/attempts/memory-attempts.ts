/**
 * Login attempts in this process: gone with it, and bounded however many accounts and addresses are tried.
 */
import { addressKey } from "../address-key.ts";
import { ExpiringMap } from "../expiring-map.ts";
import {
  defaultAttemptLimits,
  delayAfter,
  KNOWN_ADDRESS_MS,
  MAX_KNOWN_ADDRESSES,
  type AttemptKeys,
  type AttemptLimits,
  type AttemptStore,
  type AttemptVerdict,
  type BegunAttempt,
  type DelayRule,
} from "./attempts.ts";

/** Keys held at once, of each kind and weight. */
export const MAX_KEYS_IN_MEMORY = 100_000;

/** {@link AttemptStore} in memory. */
export class MemoryAttemptStore implements AttemptStore {
  readonly #accounts: FailureCounts;
  readonly #addresses: FailureCounts;
  /** Failures of an account's known addresses, each by itself. */
  readonly #pairs: FailureCounts;
  /** The known addresses of an account, the latest first. */
  readonly #known: ExpiringMap<readonly string[]>;

  constructor(
    deps: { readonly now: () => number },
    limits: AttemptLimits = defaultAttemptLimits,
    maxKeys: number = MAX_KEYS_IN_MEMORY,
  ) {
    this.#accounts = new FailureCounts(deps, limits.account, maxKeys);
    this.#addresses = new FailureCounts(deps, limits.address, maxKeys);
    this.#pairs = new FailureCounts(deps, limits.account, maxKeys);
    this.#known = new ExpiringMap(deps, { ttlMs: KNOWN_ADDRESS_MS, maxEntries: maxKeys });
  }

  /** How many keys are held. */
  get size(): number {
    return this.#accounts.size + this.#addresses.size + this.#pairs.size + this.#known.size;
  }

  async begin(keys: AttemptKeys): Promise<AttemptVerdict> {
    const retryAfterMs = this.#waitMs(keys);
    if (retryAfterMs > 0) return { kind: "refused", retryAfterMs };
    const { counts, key } = this.#countOf(keys);
    counts.add(key);
    const address = addressKey(keys.address);
    const addressCounted = this.#addresses.isDelayed(address);
    if (addressCounted) this.#addresses.add(address);
    return { kind: "allowed", addressCounted };
  }

  async fail(attempt: BegunAttempt): Promise<{ readonly retryAfterMs: number }> {
    if (attempt.addressCounted !== true) this.#addresses.add(addressKey(attempt.address));
    return { retryAfterMs: this.#waitMs(attempt) };
  }

  async succeed(attempt: BegunAttempt): Promise<void> {
    const { counts, key } = this.#countOf(attempt);
    counts.clear(key);
    const address = addressKey(attempt.address);
    if (attempt.addressCounted === true) this.#addresses.undo(address);
    const others = (this.#known.get(attempt.account) ?? []).filter((other) => other !== address);
    this.#known.set(attempt.account, [address, ...others].slice(0, MAX_KNOWN_ADDRESSES));
  }

  async abandon(attempt: BegunAttempt): Promise<void> {
    const { counts, key } = this.#countOf(attempt);
    counts.takeBack(key);
    if (attempt.addressCounted === true) this.#addresses.undo(addressKey(attempt.address));
  }

  #waitMs(keys: AttemptKeys): number {
    const { counts, key } = this.#countOf(keys);
    return Math.max(counts.waitMs(key), this.#addresses.waitMs(addressKey(keys.address)));
  }

  /** Where attempts on the account from this address are counted: among strangers', or by themselves. */
  #countOf({ account, address }: AttemptKeys): { readonly counts: FailureCounts; readonly key: string } {
    const isKnown = this.#known.get(account)?.includes(addressKey(address)) ?? false;
    return isKnown
      ? { counts: this.#pairs, key: JSON.stringify([account, addressKey(address)]) }
      : { counts: this.#accounts, key: account };
  }
}

interface Failures {
  readonly count: number;
  readonly lastAtMs: number;
}

/**
 * Failures by key, in two maps: keys that are still free of delay, and keys that have one. A flood of new keys
 * displaces only the first kind, so nobody shakes a delay off by trying many other names.
 */
class FailureCounts {
  readonly #now: () => number;
  readonly #rule: DelayRule;
  readonly #free: ExpiringMap<Failures>;
  readonly #delayed: ExpiringMap<Failures>;

  constructor(deps: { readonly now: () => number }, rule: DelayRule, maxEntries: number) {
    this.#now = deps.now;
    this.#rule = rule;
    this.#free = new ExpiringMap(deps, { ttlMs: rule.forgetAfterMs, maxEntries });
    this.#delayed = new ExpiringMap(deps, { ttlMs: rule.forgetAfterMs, maxEntries });
  }

  get size(): number {
    return this.#free.size + this.#delayed.size;
  }

  waitMs(key: string): number {
    const failures = this.#delayed.get(key);
    if (failures === undefined) return 0;
    return Math.max(0, failures.lastAtMs + delayAfter(failures.count, this.#rule) - this.#now());
  }

  /** Tells whether the free failures are used up. */
  isDelayed(key: string): boolean {
    return this.#delayed.get(key) !== undefined;
  }

  add(key: string): void {
    this.#set(key, { count: this.#count(key) + 1, lastAtMs: this.#now() });
  }

  takeBack(key: string): void {
    const failures = this.#delayed.get(key) ?? this.#free.get(key);
    if (failures === undefined) return;
    const count = failures.count - 1;
    if (count <= 0) this.clear(key);
    else this.#set(key, { count, lastAtMs: failures.lastAtMs });
  }

  /** Takes a failure back, and the wait that it caused: there was none when it began. */
  undo(key: string): void {
    const failures = this.#delayed.get(key);
    if (failures === undefined) return;
    const count = failures.count - 1;
    this.#set(key, { count, lastAtMs: this.#now() - delayAfter(count, this.#rule) });
  }

  clear(key: string): void {
    this.#free.delete(key);
    this.#delayed.delete(key);
  }

  #count(key: string): number {
    return (this.#delayed.get(key) ?? this.#free.get(key))?.count ?? 0;
  }

  #set(key: string, failures: Failures): void {
    this.clear(key);
    const isDelayed = failures.count > this.#rule.freeFailures;
    (isDelayed ? this.#delayed : this.#free).set(key, failures);
  }
}
