import { describe, expect, it } from "vitest";
import { deferred, settle } from "../../runtime/testing/deferred.ts";
import { MemoryTokenStore } from "../../store/tokens/memory-tokens.ts";
import type { NewLogin } from "../../store/tokens/tokens.ts";
import { openRoom } from "./testing/user-room.ts";

const anna = { username: "anna", password: "secret1" };

/** A token store that answers `issue` only when the test says so; what it did has happened by then. */
class SlowTokens extends MemoryTokenStore {
  readonly gates: (() => void)[] = [];
  slow = false;

  override async issue(login: NewLogin): Promise<{ readonly endedLoginIds: readonly string[] }> {
    const issued = await super.issue(login);
    if (this.slow) {
      const { promise, resolve } = deferred<undefined>();
      this.gates.push(() => resolve(undefined));
      await promise;
    }
    return issued;
  }

  /** Resolves when this many logins wait. */
  async waiting(count: number): Promise<void> {
    while (this.gates.length < count) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function openSlow() {
  const tokens = new SlowTokens({ now: () => 1_800_000_000_000 });
  const room = await openRoom({ deps: { tokens } });
  room.connect("first");
  await room.register("first", "anna");
  room.sessions.logout("first");
  tokens.slow = true;
  return { ...room, tokens };
}

describe("two logins of one account at once", () => {
  it.each([
    [0, 1],
    [1, 0],
  ])(
    "end with exactly one connection logged in, whose tokens are valid (answers %i, %i)",
    async (...order) => {
      const { tokens, call, connect, sessions, user } = await openSlow();
      const links = ["a", "b"].map((id) => connect(id).link);
      const calls = ["a", "b"].map(async (id) => await call(id, "Login", anna));
      await tokens.waiting(2);
      for (const index of order) {
        tokens.gates[index]?.();
        await settle();
      }
      const replies = await Promise.all(calls);
      const loggedIn = ["a", "b"].filter((id) => sessions.get(id)?.identity !== undefined);
      expect(loggedIn).toHaveLength(1);
      expect(tokens.size).toBe(1);
      const winner = replies[loggedIn[0] === "a" ? 0 : 1];
      expect(winner?.state).toBe(0);
      const token: unknown = Reflect.get(Object(winner?.data), "token");
      expect(await user.resolveToken(String(token))).toMatchObject({
        loginId: sessions.get(loggedIn[0] ?? "")?.identity?.loginId,
      });
      // Whoever lost was either kicked after its login, or told that it is not the one that counts.
      const loser = loggedIn[0] === "a" ? 1 : 0;
      expect(replies[loser]?.state === 0xf4 || links[loser]?.closed === "kicked").toBe(true);
    },
  );
});

describe("a connection that ends during its login", () => {
  it("leaves neither a login nor tokens behind", async () => {
    const { tokens, call, connect, sessions } = await openSlow();
    const { session } = connect("a");
    const login = call("a", "Login", anna);
    await tokens.waiting(1);
    session.ended.abort();
    sessions.remove(session);
    tokens.gates[0]?.();
    expect(await login).toMatchObject({ state: 0xf4 });
    expect(tokens.size).toBe(0);
    expect(session.identity).toBeUndefined();
  });

  it("begins no login at all once it is gone", async () => {
    const { tokens, accounts, call, connect, sessions, log } = await openSlow();
    const { session } = connect("a");
    const query = deferred<undefined>();
    accounts.before = () => query.promise;
    const login = call("a", "Login", anna);
    session.ended.abort();
    sessions.remove(session);
    query.resolve(undefined);
    expect(await login).toMatchObject({ data: null });
    expect(tokens.gates).toEqual([]);
    expect(session.identity).toBeUndefined();
    expect(log.lines).toEqual([]);
  });
});

describe("a connection that ends while it registers", () => {
  it("leaves the account, which can log in, and no tokens", async () => {
    const { call, connect, sessions, accounts, tokens } = await openRoom();
    const { session } = connect("a");
    const query = deferred<undefined>();
    accounts.before = (method) => (method === "create" ? query.promise : Promise.resolve());
    const registering = call("a", "Register", anna);
    while (accounts.queries < 2) await new Promise((resolve) => setImmediate(resolve));
    session.ended.abort();
    sessions.remove(session);
    query.resolve(undefined);
    expect(await registering).toMatchObject({ data: null });
    expect(tokens.size).toBe(0);
    connect("b");
    expect(await call("b", "Login", anna)).toMatchObject({ state: 0 });
  });
});

describe("a token that is ended while its owner resumes", () => {
  it("logs nobody in [connect-5]", async () => {
    const { call, connect, register, accounts, user, sessions, clock } = await openRoom();
    connect("a");
    const { token } = await register("a", "anna");
    // The name is no longer remembered, so that resuming waits for the accounts.
    clock.advance(60_000);
    const query = deferred<undefined>();
    accounts.before = () => query.promise;
    const resuming = user.resolveToken(token);
    await settle();
    accounts.before = async () => {};
    expect(await call("a", "Logout")).toMatchObject({ state: 0 });
    query.resolve(undefined);
    const identity = await resuming;
    if (identity === undefined) throw new Error("the lookup had found the login before it ended");
    const { session } = connect("b");
    expect(sessions.login("b", identity)).toEqual({ outcome: "stale" });
    expect(session.identity).toBeUndefined();
  });
});
