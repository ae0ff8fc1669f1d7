/**
 * Accounts: who may log in, under which name, with which password hash.
 *
 * In: what a handler of the user module asks for. Out: accounts, never a password. It never hashes or compares
 * passwords, and it never ends logins: that is for the caller.
 */

/** One account as it is stored. */
export interface Account {
  /** The user's id: a lower-case UUID, never reused. */
  readonly id: string;
  /** The name as its owner wrote it; shown to others. */
  readonly name: string;
  /** What names are compared by, see {@link accountNameKey}. Unique. */
  readonly nameKey: string;
  /**
   * The password's hash, with its scheme in front: `$argon2id$…` as Argon2 libraries write it, or
   * `md5-legacy$…` for an account imported from the Go server (see legacy-password.ts).
   */
  readonly passwordHash: string;
  /** The phone number that codes for this account are sent to, or undefined. Unique. */
  readonly phone: string | undefined;
  /** The id that a platform (WeChat and the like) knows the player by, as Register got it, or undefined. Not unique. */
  readonly openId: string | undefined;
  /** When it was made, in ms since 1970. */
  readonly createdAtMs: number;
  /** True when it may not log in: the wire's state `frozen`. */
  readonly frozen: boolean;
}

/** What a new account is made of. */
export interface NewAccount {
  /** A fresh lower-case UUID. */
  readonly id: string;
  /** Must satisfy {@link isAccountName}. */
  readonly name: string;
  /** At most {@link MAX_PASSWORD_HASH_LENGTH} characters. */
  readonly passwordHash: string;
  readonly createdAtMs: number;
  /** At most {@link MAX_PHONE_LENGTH} characters. @default undefined */
  readonly phone?: string | undefined;
  /** At most {@link MAX_OPEN_ID_LENGTH} characters. @default undefined */
  readonly openId?: string | undefined;
}

/** Longest hash text; an Argon2id one has about 100 characters. */
export const MAX_PASSWORD_HASH_LENGTH = 255;

/** Longest phone number; E.164 has 15 digits, the rest is for a plus sign and separators. */
export const MAX_PHONE_LENGTH = 32;

/** Longest platform id; those of the large platforms stay below 64. */
export const MAX_OPEN_ID_LENGTH = 128;

/**
 * Where accounts live. One SQL statement for each method, so each is atomic by itself and costs one round trip.
 *
 * Every method may reject with MqplayError `serverIsDown` (the database is away or does not answer in time) or
 * `storageError` (it answered with an error). After such a rejection a write may or may not have happened.
 */
export interface AccountStore {
  /**
   * Finds an account by its name in any spelling that has the same key; the key itself serves too.
   * A text that can be no name finds nothing.
   */
  findByName(name: string): Promise<Account | undefined>;
  /** Finds an account by its user id. */
  findById(id: string): Promise<Account | undefined>;
  /** Finds the account that a phone number belongs to, compared exactly. */
  findByPhone(phone: string): Promise<Account | undefined>;
  /**
   * Makes an account, unless its name's key or its phone number is taken. Of creators that race for one name, in
   * this process or in others on the same database, exactly one gets "created".
   * When it resolves with "created" the account survives a crash of this process and, as far as the disk keeps its
   * promises, a loss of power.
   * @throws MqplayError `invalidArgument` with `path` when a field breaks its rule; callers check before
   */
  create(account: NewAccount): Promise<"created" | "taken">;
  /**
   * Replaces a password hash. With `ifHash`, only when the stored hash is still that one, so that an upgrade of an
   * old hash at login never undoes a password change that came between.
   * Returns false when there is no such account or its hash is another one.
   */
  setPassword(id: string, passwordHash: string, options?: { readonly ifHash?: string }): Promise<boolean>;
  /** Freezes or thaws an account. Returns false when there is no such account. The caller ends its logins. */
  setFrozen(id: string, frozen: boolean): Promise<boolean>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  /** Ends the connections to the database. Final; may be called twice. */
  close(): Promise<void>;
}
