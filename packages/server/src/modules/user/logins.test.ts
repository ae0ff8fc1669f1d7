import { describe, expect, it } from "vitest";
import { openRoom, textAt } from "./testing/user-room.ts";

const TOKEN = /^[0-9A-Za-z]{43}$/;
const anna = { username: "anna", password: "secret1" };

describe("GetSelfInfo", () => {
  it("costs no query while the name is remembered, and follows a rename within its time", async () => {
    const { call, connect, register, accounts, clock } = await openRoom();
    connect("a");
    const { userId } = await register("a", "anna");
    const before = accounts.queries;
    for (let turn = 0; turn < 3; turn += 1) await call("a", "GetSelfInfo");
    expect(accounts.queries).toBe(before);
    const account = accounts.byId.get(userId);
    if (account === undefined) throw new Error("no account");
    accounts.byId.set(userId, { ...account, name: "Anna B" });
    clock.advance(60_000);
    expect(await call("a", "GetSelfInfo")).toMatchObject({ data: { userData: { UserName: "Anna B" } } });
    expect(accounts.queries).toBe(before + 1);
  });

  it("answers Frozen or NeedLogin once another process has frozen or removed the account", async () => {
    const { call, connect, register, accounts, clock } = await openRoom();
    connect("a");
    const { userId } = await register("a", "anna");
    await accounts.setFrozen(userId, true);
    clock.advance(60_000);
    expect(await call("a", "GetSelfInfo")).toMatchObject({ state: 0xf6 });
    accounts.byId.delete(userId);
    clock.advance(60_000);
    expect(await call("a", "GetSelfInfo")).toMatchObject({ state: 0xf9 });
  });

  it("answers LoginTimeOut after twelve hours, until the next login [user-3]", async () => {
    const { call, connect, register, clock } = await openRoom();
    connect("a");
    await register("a", "anna");
    clock.advance(12 * 3_600_000);
    expect(await call("a", "GetSelfInfo")).toMatchObject({ state: 0xf8, data: undefined });
    expect(await call("a", "GetSelfInfo")).toMatchObject({ state: 0xf8 });
    expect(await call("a", "Login", anna)).toMatchObject({ state: 0 });
    expect(await call("a", "GetSelfInfo")).toMatchObject({ state: 0 });
  });
});

describe("Logout", () => {
  it("ends the login and its tokens; the connection lives on and needs a login [user-4]", async () => {
    const { call, connect, register, user } = await openRoom();
    const { link } = connect("a");
    const { token, refreshToken } = await register("a", "anna");
    expect(await call("a", "Logout")).toEqual({ state: 0, msg: "", data: null });
    expect(link.events).toEqual([]);
    expect(await call("a", "GetSelfInfo")).toMatchObject({ state: 0xf9 });
    expect(await call("a", "Logout")).toMatchObject({ state: 0xf9 });
    expect(await user.resolveToken(token)).toBeUndefined();
    expect(await call("a", "RefreshToken", { refresh_token: refreshToken })).toMatchObject({ state: 1 });
  });

  it("by HTTP ends the login wherever it is connected", async () => {
    const { call, connect, register, user } = await openRoom();
    const { link } = connect("a");
    const { token } = await register("a", "anna");
    const identity = await user.resolveToken(token);
    expect(await call("no session", "Logout", {}, { via: "http", identity })).toMatchObject({ state: 0 });
    expect(link.closed).toBe("loggedOut");
    expect(await user.resolveToken(token)).toBeUndefined();
  });
});

describe("RefreshToken", () => {
  it("gives new tokens once, and begins the session's time anew [user-3]", async () => {
    const { call, connect, register, user, clock } = await openRoom();
    connect("a");
    const { refreshToken } = await register("a", "anna");
    clock.advance(11 * 3_600_000);
    const { data, state } = await call("a", "RefreshToken", { refreshToken });
    expect(state).toBe(0);
    expect(data).toEqual({
      tokenData: {
        token: expect.stringMatching(TOKEN),
        refreshToken: expect.stringMatching(TOKEN),
        expireAt: 604_800,
      },
    });
    clock.advance(11 * 3_600_000);
    expect(await call("a", "GetSelfInfo")).toMatchObject({ state: 0 });
    expect(await user.resolveToken(textAt(data, "tokenData", "token"))).toBeDefined();
  });

  it("ends the whole login when a used token comes again, and says so in the log without the token", async () => {
    const { call, connect, register, user, log, sessions } = await openRoom({ singleLogin: "allow" });
    const { link } = connect("a");
    const other = connect("b");
    const { refreshToken, token } = await register("a", "anna");
    const identity = await user.resolveToken(token);
    if (identity === undefined) throw new Error("the token must be valid");
    sessions.login("b", identity);
    connect("thief");
    const { data } = await call("thief", "RefreshToken", { refresh_token: refreshToken });
    expect(await call("a", "RefreshToken", { refresh_token: refreshToken })).toEqual({
      state: 1,
      msg: "刷新token失败",
      data: null,
    });
    expect(other.link.closed).toBe("loggedOut");
    // Its own connection loses its login as well, and lives on: the answer was due.
    expect(link.closed).toBeUndefined();
    expect(await call("a", "GetSelfInfo")).toMatchObject({ state: 0xf9 });
    expect(await user.resolveToken(textAt(data, "tokenData", "token"))).toBeUndefined();
    expect(log.lines).toMatchObject([{ level: "warn" }]);
    expect(JSON.stringify(log.lines)).not.toContain(refreshToken);
  });

  it("takes neither rubbish nor an access token nor an expired one", async () => {
    const { call, connect, register, clock } = await openRoom();
    connect("a");
    const { token, refreshToken } = await register("a", "anna");
    for (const refresh_token of ["bogus", "", token]) {
      expect(await call("a", "RefreshToken", { refresh_token })).toMatchObject({ state: 1, data: null });
    }
    clock.advance(14 * 24 * 3_600_000);
    expect(await call("a", "RefreshToken", { refresh_token: refreshToken })).toMatchObject({ state: 1 });
  });

  it("gives a frozen account nothing", async () => {
    const { call, connect, register, accounts, clock } = await openRoom();
    connect("a");
    const { userId, refreshToken } = await register("a", "anna");
    await accounts.setFrozen(userId, true);
    clock.advance(60_000);
    expect(await call("a", "RefreshToken", { refresh_token: refreshToken })).toMatchObject({ state: 0xf6 });
  });
});

describe("an access token", () => {
  it("is nobody once another process has frozen or removed its account", async () => {
    const { connect, register, user, accounts, clock } = await openRoom();
    connect("a");
    const { token, userId } = await register("a", "anna");
    await accounts.setFrozen(userId, true);
    clock.advance(60_000);
    expect(await user.resolveToken(token)).toBeUndefined();
    accounts.byId.delete(userId);
    clock.advance(60_000);
    expect(await user.resolveToken(token)).toBeUndefined();
  });

  it("is its user until it expires, for at most twelve hours a session [user-3] [connect-5]", async () => {
    const { connect, register, user, clock } = await openRoom();
    connect("a");
    const { token, userId, refreshToken } = await register("a", "anna");
    const identity = await user.resolveToken(token);
    expect(identity).toMatchObject({ userId, expiresAtMs: clock.nowMs() + 12 * 3_600_000 });
    expect(await user.resolveToken(refreshToken)).toBeUndefined();
    clock.advance(7 * 24 * 3_600_000 - 60_000);
    expect(await user.resolveToken(token)).toMatchObject({ expiresAtMs: clock.nowMs() + 60_000 });
    clock.advance(60_000);
    expect(await user.resolveToken(token)).toBeUndefined();
  });
});
