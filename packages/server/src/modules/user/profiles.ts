/**
 * Names of users who are here, so that asking who one is costs no query: a bounded number, for a bounded time.
 *
 * A rename or a freeze in this process is seen at once (`forget`); one by another process after `ttlMs` at the latest.
 */
import type { Clock } from "../../runtime/clock.ts";
import type { Account, AccountStore } from "../../store/accounts/accounts.ts";

/** What is remembered of an account. */
export interface Profile {
  readonly userId: string;
  readonly name: string;
  readonly frozen: boolean;
  /** GetSelfInfo's answer, made once. */
  readonly selfInfo: { readonly userData: { readonly UserName: string; readonly UserID: string } };
}

/** How many are remembered, and how long. */
export interface ProfileOptions {
  /** How long a profile is believed, in ms. */
  readonly profileTtlMs: number;
  /** How many are remembered; the one loaded longest ago goes first. */
  readonly maxProfiles: number;
}

/** How long the accounts are not asked for a profile again after they could not give it, in ms. */
const AWAY_PAUSE_MS = 1_000;

interface Entry {
  readonly profile: Profile;
  readonly staleAtMs: number;
}

/** Profiles by user id. */
export class Profiles {
  readonly #accounts: Pick<AccountStore, "findById">;
  readonly #clock: Clock;
  readonly #options: ProfileOptions;
  readonly #entries = new Map<string, Entry>();
  /** Loads under way, so that many calls of one user make one query. */
  readonly #loading = new Map<string, Promise<Profile | undefined>>();
  /** How often something was forgotten. */
  #forgotten = 0;

  constructor(accounts: Pick<AccountStore, "findById">, clock: Clock, options: ProfileOptions) {
    this.#accounts = accounts;
    this.#clock = clock;
    this.#options = options;
  }

  /** Returns a profile that is remembered and fresh. */
  peek(userId: string): Profile | undefined {
    const entry = this.#entries.get(userId);
    return entry !== undefined && entry.staleAtMs > this.#clock.monotonicMs() ? entry.profile : undefined;
  }

  /**
   * Returns a profile, from the accounts where it is not remembered; undefined when there is no such account. While
   * the accounts are away an old one is better than none: whoever is here may go on.
   */
  async get(userId: string): Promise<Profile | undefined> {
    const known = this.peek(userId);
    if (known !== undefined) return known;
    try {
      return await (this.#loading.get(userId) ?? this.#load(userId));
    } catch (error) {
      const old = this.#entries.get(userId);
      if (old === undefined) throw error;
      const staleAtMs = this.#clock.monotonicMs() + AWAY_PAUSE_MS;
      this.#entries.set(userId, { profile: old.profile, staleAtMs: Math.max(old.staleAtMs, staleAtMs) });
      return old.profile;
    }
  }

  /** Remembers an account that has just been read. */
  put(account: Pick<Account, "id" | "name" | "frozen">): Profile {
    const { id } = account;
    const profile = createProfile(account);
    this.#entries.delete(id);
    this.#entries.set(id, { profile, staleAtMs: this.#clock.monotonicMs() + this.#options.profileTtlMs });
    if (this.#entries.size > this.#options.maxProfiles) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return profile;
  }

  /** Forgets a profile: the account has changed. */
  forget(userId: string): void {
    this.#forgotten += 1;
    this.#entries.delete(userId);
    this.#loading.delete(userId);
  }

  get size(): number {
    return this.#entries.size;
  }

  #load(userId: string): Promise<Profile | undefined> {
    const loading = this.#read(userId, this.#forgotten).finally(() => {
      if (this.#loading.get(userId) === loading) this.#loading.delete(userId);
    });
    this.#loading.set(userId, loading);
    return loading;
  }

  async #read(userId: string, forgotten: number): Promise<Profile | undefined> {
    const account = await this.#accounts.findById(userId);
    if (account === undefined) return undefined;
    // Something was forgotten meanwhile: what was read may be what the account was before.
    return this.#forgotten === forgotten ? this.put(account) : createProfile(account);
  }
}

function createProfile({ id, name, frozen }: Pick<Account, "id" | "name" | "frozen">): Profile {
  const selfInfo = Object.freeze({ userData: Object.freeze({ UserName: name, UserID: id }) });
  return { userId: id, name, frozen, selfInfo };
}
