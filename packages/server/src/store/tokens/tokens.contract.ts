/**
 * What every TokenStore must do.
 */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import {
  ACCESS_GRACE_MS,
  hashToken,
  MAX_LOGINS_PER_USER,
  MAX_USED_REFRESH_TOKENS,
  type NewLogin,
  type TokenPair,
  type TokenStore,
} from "./tokens.ts";

/** A store under test; disposing of it cleans up. */
export interface TokenFixture extends AsyncDisposable {
  readonly tokens: TokenStore;
}

const DAY = 24 * 60 * 60_000;

/** Makes a pair of fresh tokens, 7 and 14 days long. [user-3] */
export function newPair(): TokenPair {
  return {
    accessHash: hashToken(randomUUID()),
    accessTtlMs: 7 * DAY,
    refreshHash: hashToken(randomUUID()),
    refreshTtlMs: 14 * DAY,
  };
}

/** Makes a login to issue, of a fresh user unless told. */
export function newLogin(changes: Partial<NewLogin> = {}): NewLogin {
  return { userId: randomUUID(), loginId: randomUUID(), ...newPair(), ...changes };
}

/** Runs the suite against the stores that a factory makes. */
export function describeTokenStore(name: string, open: (now: () => number) => Promise<TokenFixture>): void {
  describe(`${name} as a token store`, () => {
    const clock = new FakeClock();

    it("finds a login by its access token until the token ends [user-3]", async () => {
      await using fixture = await open(clock.now);
      const login = newLogin();
      const expiresAtMs = clock.now() + login.accessTtlMs;
      expect(await fixture.tokens.issue(login)).toEqual({ endedLoginIds: [] });
      const grant = { userId: login.userId, loginId: login.loginId, expiresAtMs };
      expect(await fixture.tokens.findAccess(login.accessHash)).toEqual(grant);
      clock.advance(login.accessTtlMs - 1);
      expect(await fixture.tokens.findAccess(login.accessHash)).toEqual(grant);
      clock.advance(1);
      expect(await fixture.tokens.findAccess(login.accessHash)).toBeUndefined();
    });

    it("knows no token that was not issued, and no refresh token as an access token or the other way round", async () => {
      await using fixture = await open(clock.now);
      const login = newLogin();
      await fixture.tokens.issue(login);
      expect(await fixture.tokens.findAccess(hashToken("guess"))).toBeUndefined();
      expect(await fixture.tokens.findAccess(login.refreshHash)).toBeUndefined();
      expect(await fixture.tokens.rotate(hashToken("guess"), newPair())).toEqual({ kind: "unknown" });
      expect(await fixture.tokens.rotate(login.accessHash, newPair())).toEqual({ kind: "unknown" });
    });

    it("exchanges a refresh token for the next pair of the same login [user-3]", async () => {
      await using fixture = await open(clock.now);
      const login = newLogin();
      const { userId, loginId } = login;
      await fixture.tokens.issue(login);
      clock.advance(8 * DAY);
      const next = newPair();
      expect(await fixture.tokens.rotate(login.refreshHash, next)).toEqual({
        kind: "rotated",
        userId,
        loginId,
      });
      expect(await fixture.tokens.findAccess(next.accessHash)).toEqual({
        userId,
        loginId,
        expiresAtMs: clock.now() + next.accessTtlMs,
      });
      clock.advance(8 * DAY);
      expect((await fixture.tokens.rotate(next.refreshHash, newPair())).kind).toBe("rotated");
    });

    it("lets the earlier access token live for its grace after a refresh, and never beyond its own end", async () => {
      await using fixture = await open(clock.now);
      const login = newLogin();
      await fixture.tokens.issue(login);
      await fixture.tokens.rotate(login.refreshHash, newPair());
      clock.advance(ACCESS_GRACE_MS - 1);
      expect(await fixture.tokens.findAccess(login.accessHash)).toBeDefined();
      clock.advance(1);
      expect(await fixture.tokens.findAccess(login.accessHash)).toBeUndefined();

      const short = newLogin({ accessTtlMs: 1_000 });
      await fixture.tokens.issue(short);
      await fixture.tokens.rotate(short.refreshHash, newPair());
      clock.advance(1_000);
      expect(await fixture.tokens.findAccess(short.accessHash)).toBeUndefined();
    });

    it("ends the whole login when a refresh token is used again, the newest tokens included", async () => {
      await using fixture = await open(clock.now);
      const login = newLogin();
      const { userId, loginId } = login;
      await fixture.tokens.issue(login);
      const [second, third] = [newPair(), newPair()];
      await fixture.tokens.rotate(login.refreshHash, second);
      await fixture.tokens.rotate(second.refreshHash, third);
      expect(await fixture.tokens.rotate(login.refreshHash, newPair())).toEqual({
        kind: "reused",
        userId,
        loginId,
      });
      expect(await fixture.tokens.findAccess(third.accessHash)).toBeUndefined();
      expect(await fixture.tokens.rotate(third.refreshHash, newPair())).toEqual({ kind: "unknown" });
    });

    it("lets one of two who race with a refresh token have the next pair, and ends the login by the other", async () => {
      await using fixture = await open(clock.now);
      const login = newLogin();
      await fixture.tokens.issue(login);
      const pairs = [newPair(), newPair()];
      const results = await Promise.all(pairs.map((pair) => fixture.tokens.rotate(login.refreshHash, pair)));
      expect(results.map(({ kind }) => kind).toSorted()).toEqual(["reused", "rotated"]);
      for (const pair of pairs) expect(await fixture.tokens.findAccess(pair.accessHash)).toBeUndefined();
    });

    it("remembers a bounded number of used refresh tokens; older ones are unknown and end nothing", async () => {
      await using fixture = await open(clock.now);
      const login = newLogin();
      await fixture.tokens.issue(login);
      let current: TokenPair = login;
      for (let turn = 0; turn <= MAX_USED_REFRESH_TOKENS; turn++) {
        const next = newPair();
        expect((await fixture.tokens.rotate(current.refreshHash, next)).kind).toBe("rotated");
        current = next;
      }
      expect(await fixture.tokens.rotate(login.refreshHash, newPair())).toEqual({ kind: "unknown" });
      expect(await fixture.tokens.findAccess(current.accessHash)).toBeDefined();
    });

    it("ends a login with its refresh token", async () => {
      await using fixture = await open(clock.now);
      const login = newLogin();
      await fixture.tokens.issue(login);
      clock.advance(login.refreshTtlMs);
      expect(await fixture.tokens.rotate(login.refreshHash, newPair())).toEqual({ kind: "unknown" });
      expect(await fixture.tokens.endLogin(login.userId, login.loginId)).toBe(false);
    });

    it("ends every earlier login of the user, and nobody else's, when a new one asks for it [push-3]", async () => {
      await using fixture = await open(clock.now);
      const [first, second, stranger] = [newLogin(), newLogin(), newLogin()];
      await fixture.tokens.issue(first);
      await fixture.tokens.issue({ ...second, userId: first.userId });
      await fixture.tokens.issue(stranger);
      const third = newLogin({ userId: first.userId, endOthers: true });
      expect(await fixture.tokens.issue(third)).toEqual({ endedLoginIds: [first.loginId, second.loginId] });
      expect(await fixture.tokens.findAccess(first.accessHash)).toBeUndefined();
      expect(await fixture.tokens.rotate(second.refreshHash, newPair())).toEqual({ kind: "unknown" });
      expect(await fixture.tokens.findAccess(third.accessHash)).toBeDefined();
      expect(await fixture.tokens.findAccess(stranger.accessHash)).toBeDefined();
    });

    it("leaves one login alive when many race to be the only one", async () => {
      await using fixture = await open(clock.now);
      const userId = randomUUID();
      const logins = Array.from({ length: 10 }, () => newLogin({ userId, endOthers: true }));
      const results = await Promise.all(logins.map((login) => fixture.tokens.issue(login)));
      const grants = await Promise.all(logins.map((login) => fixture.tokens.findAccess(login.accessHash)));
      expect(grants.filter((grant) => grant !== undefined)).toHaveLength(1);
      expect(results.flatMap(({ endedLoginIds }) => endedLoginIds)).toHaveLength(9);
    });

    it("bounds the logins of one user by ending the oldest", async () => {
      await using fixture = await open(clock.now);
      const userId = randomUUID();
      const logins = Array.from({ length: MAX_LOGINS_PER_USER + 1 }, () => newLogin({ userId }));
      const ended: string[] = [];
      for (const login of logins) ended.push(...(await fixture.tokens.issue(login)).endedLoginIds);
      expect(ended).toEqual([logins[0]?.loginId]);
    });

    it("ends one login, once", async () => {
      await using fixture = await open(clock.now);
      const [login, other] = [newLogin(), newLogin()];
      await fixture.tokens.issue(login);
      await fixture.tokens.issue({ ...other, userId: login.userId });
      expect(await fixture.tokens.endLogin(login.userId, login.loginId)).toBe(true);
      expect(await fixture.tokens.endLogin(login.userId, login.loginId)).toBe(false);
      expect(await fixture.tokens.findAccess(login.accessHash)).toBeUndefined();
      expect(await fixture.tokens.findAccess(other.accessHash)).toBeDefined();
    });

    it("ends all logins of a user, or all but one", async () => {
      await using fixture = await open(clock.now);
      const userId = randomUUID();
      const logins = [newLogin({ userId }), newLogin({ userId }), newLogin({ userId })];
      for (const login of logins) await fixture.tokens.issue(login);
      const [first, second, third] = logins.map(({ loginId }) => loginId);
      expect(await fixture.tokens.endUser(userId, second)).toEqual([first, third]);
      expect(await fixture.tokens.endUser(userId)).toEqual([second]);
      expect(await fixture.tokens.endUser(userId)).toEqual([]);
    });
  });
}
