/**
 * Passwords into hashes and back to a yes or no: Argon2id, off the event loop, few at once.
 *
 * Each hash takes 19 MiB and some 10 ms of a core, so the number that run at once is bounded, and so is the line
 * before them: a flood of logins costs its callers, not the others' calls.
 */
import { hash, verify } from "@node-rs/argon2";
import { Slots } from "../../runtime/limits.ts";
import { fail } from "../../runtime/fail.ts";
import { isLegacyPasswordHash, verifyLegacyPassword } from "../../store/accounts/legacy-password.ts";

/** OWASP's first choice for Argon2id: 19 MiB, two passes, one lane. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** What every hash made with {@link ARGON2} begins with; one that does not is replaced at its next use. */
const CURRENT_PREFIX = "$argon2id$v=19$m=19456,t=2,p=1$";

/** The hash of a password that nobody has (random bytes, forgotten): what an unknown name is compared with, so that it takes as long. */
export const NOBODYS_HASH =
  "$argon2id$v=19$m=19456,t=2,p=1$526p6HmceCrcOiAa3k2SoQ$Wsn5qREWJbvwlVF61ZjMRvpM4LyflynoZ8pjhZN6dlI";

/** Time that one hash takes, in ms, for telling callers how long a full line lasts. */
const HASH_MS = 12;

/** What came of comparing a password with a hash. */
export interface PasswordVerdict {
  readonly matches: boolean;
  /** True when the stored hash should be replaced by a new one of this password. */
  readonly outdated: boolean;
}

/** How many hashes run and wait. */
export interface PasswordOptions {
  /** Hashes that run at once. */
  readonly maxRunningHashes: number;
  /** Hashes that wait; more are answered TooManyRequests. */
  readonly maxWaitingHashes: number;
}

/** Hashes passwords and compares them with hashes. */
export class Passwords {
  readonly #slots: Slots;
  readonly #options: PasswordOptions;
  readonly #legacyPrivateKey: string | undefined;

  /** @param legacyPrivateKey what the hashes of imported accounts were made with; without it those cannot log in */
  constructor(options: PasswordOptions, legacyPrivateKey: string | undefined) {
    this.#options = options;
    this.#slots = new Slots(options.maxRunningHashes, options.maxWaitingHashes);
    this.#legacyPrivateKey = legacyPrivateKey;
  }

  /**
   * Hashes a password with a salt of its own.
   * @throws MqplayError `tooManyRequests` when too many wait; the signal's reason when it is aborted while it waits
   */
  async hash(password: string, signal: AbortSignal): Promise<string> {
    return await this.#inTurn(signal, async () => await hash(canonical(password), ARGON2));
  }

  /**
   * Compares a password with a hash. Without a hash (there is no such account) it takes as long and does not match.
   * @throws as {@link Passwords.hash}
   */
  async verify(
    password: string,
    passwordHash: string | undefined,
    signal: AbortSignal,
  ): Promise<PasswordVerdict> {
    const legacy = passwordHash !== undefined && isLegacyPasswordHash(passwordHash);
    const comparable = passwordHash === undefined || legacy ? NOBODYS_HASH : passwordHash;
    // A legacy hash is compared in no time: the same work as for all others hides that the account has one.
    const matched = await this.#inTurn(signal, async () => await verify(comparable, canonical(password)));
    if (legacy) {
      const key = this.#legacyPrivateKey;
      return {
        matches: key !== undefined && verifyLegacyPassword(passwordHash, password, key),
        outdated: true,
      };
    }
    return {
      matches: matched && passwordHash !== undefined,
      outdated: !comparable.startsWith(CURRENT_PREFIX),
    };
  }

  async #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (!this.#slots.tryEnter()) await this.#turn(signal);
    try {
      // A caller who is gone, or whose time is up, gets nothing from a hash.
      signal.throwIfAborted();
      return await work();
    } finally {
      this.#slots.leave();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const onTurn = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#slots.giveUp(onTurn);
        reject(signal.reason);
      };
      signal.throwIfAborted();
      if (!this.#slots.wait(onTurn)) {
        const { maxWaitingHashes, maxRunningHashes } = this.#options;
        throw fail("tooManyRequests", {
          retryAfterMs: Math.max(1_000, (maxWaitingHashes * HASH_MS) / maxRunningHashes),
        });
      }
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}

/** The same password typed on another keyboard gives the same bytes. */
function canonical(password: string): string {
  return password.normalize("NFC");
}
