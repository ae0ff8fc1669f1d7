/**
 * Tokens in this process: gone with it. What has expired is swept as calls come, so no timer runs and memory follows
 * the logins that are alive.
 */
import {
  ACCESS_GRACE_MS,
  MAX_LOGINS_PER_USER,
  MAX_USED_REFRESH_TOKENS,
  type AccessGrant,
  type NewLogin,
  type Rotation,
  type TokenPair,
  type TokenStore,
} from "./tokens.ts";

interface Login {
  readonly userId: string;
  readonly loginId: string;
  accessHash: string;
  accessEndsAtMs: number;
  /** The access token before the last refresh, for its grace. */
  previous: { readonly hash: string; readonly endsAtMs: number } | undefined;
  refreshHash: string;
  refreshEndsAtMs: number;
  /** Used refresh tokens, oldest first. */
  used: string[];
}

/** How many logins one write looks at for expiry: two, so that sweeping keeps ahead of issuing. */
const SWEEP_PER_WRITE = 2;

/** {@link TokenStore} in memory. */
export class MemoryTokenStore implements TokenStore {
  readonly #now: () => number;
  /** Logins of a user in the order of their issue. */
  readonly #users: Map<string, Map<string, Login>> = new Map();
  readonly #byAccess: Map<string, Login> = new Map();
  readonly #byRefresh: Map<string, Login> = new Map();
  /** All logins in the order in which the sweep looks at them. */
  readonly #sweepOrder: Set<Login> = new Set();

  constructor(deps: { readonly now: () => number }) {
    this.#now = deps.now;
  }

  /** How many logins are held, expired ones that were not swept yet included. */
  get size(): number {
    return this.#sweepOrder.size;
  }

  async issue(login: NewLogin): Promise<{ readonly endedLoginIds: readonly string[] }> {
    this.#sweep();
    const now = this.#now();
    const ended = this.#makeRoom(login.userId, login.endOthers === true, now);
    const entry: Login = {
      userId: login.userId,
      loginId: login.loginId,
      accessHash: login.accessHash,
      accessEndsAtMs: now + login.accessTtlMs,
      previous: undefined,
      refreshHash: login.refreshHash,
      refreshEndsAtMs: now + login.refreshTtlMs,
      used: [],
    };
    const logins = this.#users.get(login.userId) ?? new Map<string, Login>();
    this.#users.set(login.userId, logins);
    logins.set(login.loginId, entry);
    this.#sweepOrder.add(entry);
    this.#byAccess.set(entry.accessHash, entry);
    this.#byRefresh.set(entry.refreshHash, entry);
    return { endedLoginIds: ended };
  }

  async findAccess(accessHash: string): Promise<AccessGrant | undefined> {
    const login = this.#byAccess.get(accessHash);
    if (login === undefined) return undefined;
    const { userId, loginId } = login;
    const expiresAtMs =
      login.accessHash === accessHash
        ? login.accessEndsAtMs
        : (login.previous?.endsAtMs ?? Number.NEGATIVE_INFINITY);
    return expiresAtMs > this.#now() ? { userId, loginId, expiresAtMs } : undefined;
  }

  async rotate(refreshHash: string, next: TokenPair): Promise<Rotation> {
    this.#sweep();
    const now = this.#now();
    const login = this.#byRefresh.get(refreshHash);
    if (login === undefined || login.refreshEndsAtMs <= now) return { kind: "unknown" };
    const { userId, loginId } = login;
    if (login.refreshHash !== refreshHash) {
      this.#remove(login);
      return { kind: "reused", userId, loginId };
    }
    if (login.previous !== undefined) this.#byAccess.delete(login.previous.hash);
    login.previous = {
      hash: login.accessHash,
      endsAtMs: Math.min(login.accessEndsAtMs, now + ACCESS_GRACE_MS),
    };
    login.accessHash = next.accessHash;
    login.accessEndsAtMs = now + next.accessTtlMs;
    login.used.push(refreshHash);
    if (login.used.length > MAX_USED_REFRESH_TOKENS) this.#byRefresh.delete(login.used.shift() ?? "");
    login.refreshHash = next.refreshHash;
    login.refreshEndsAtMs = now + next.refreshTtlMs;
    this.#byAccess.set(next.accessHash, login);
    this.#byRefresh.set(next.refreshHash, login);
    return { kind: "rotated", userId, loginId };
  }

  async endLogin(userId: string, loginId: string): Promise<boolean> {
    const login = this.#users.get(userId)?.get(loginId);
    if (login === undefined) return false;
    this.#remove(login);
    return login.refreshEndsAtMs > this.#now();
  }

  async endUser(userId: string, exceptLoginId?: string): Promise<readonly string[]> {
    const now = this.#now();
    const ended: string[] = [];
    for (const login of this.#users.get(userId)?.values() ?? []) {
      if (login.loginId === exceptLoginId) continue;
      this.#remove(login);
      if (login.refreshEndsAtMs > now) ended.push(login.loginId);
    }
    return ended;
  }

  /** Ends what a new login displaces; says which of it was still alive. */
  #makeRoom(userId: string, endOthers: boolean, now: number): string[] {
    const logins = [...(this.#users.get(userId)?.values() ?? [])];
    const alive = logins.filter((login) => login.refreshEndsAtMs > now);
    const displaced = endOthers ? alive : alive.slice(0, Math.max(0, alive.length - MAX_LOGINS_PER_USER + 1));
    for (const login of logins) {
      if (login.refreshEndsAtMs <= now || displaced.includes(login)) this.#remove(login);
    }
    return displaced.map((login) => login.loginId);
  }

  #remove(login: Login): void {
    this.#sweepOrder.delete(login);
    this.#byAccess.delete(login.accessHash);
    if (login.previous !== undefined) this.#byAccess.delete(login.previous.hash);
    this.#byRefresh.delete(login.refreshHash);
    for (const hash of login.used) this.#byRefresh.delete(hash);
    const logins = this.#users.get(login.userId);
    logins?.delete(login.loginId);
    if (logins?.size === 0) this.#users.delete(login.userId);
  }

  #sweep(): void {
    const now = this.#now();
    let looked = 0;
    for (const login of this.#sweepOrder) {
      if (looked++ >= SWEEP_PER_WRITE) return;
      this.#sweepOrder.delete(login);
      if (login.refreshEndsAtMs <= now) this.#remove(login);
      else this.#sweepOrder.add(login);
    }
  }
}
