import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openRoom, textAt } from "./testing/user-room.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TOKEN = /^[0-9A-Za-z]{43}$/;
const anna = { username: "anna", password: "secret1" };

describe("Register", () => {
  it("makes an account, logs the connection in and gives tokens [user-1] [user-4]", async () => {
    const { call, connect, accounts } = await openRoom();
    connect("a");
    const reply = await call("a", "Register", { ...anna, openId: "wx-1" });
    expect(reply).toMatchObject({
      state: 0,
      data: {
        result: expect.stringMatching(UUID),
        tokenInfo: {
          token: expect.stringMatching(TOKEN),
          refreshToken: expect.stringMatching(TOKEN),
          expireAt: 604_800,
        },
      },
    });
    const userId = textAt(reply.data, "result");
    expect(await call("a", "GetSelfInfo")).toEqual({
      state: 0,
      msg: "",
      data: { userData: { UserName: "anna", UserID: userId } },
    });
    expect(accounts.byId.get(userId)).toMatchObject({ name: "anna", openId: "wx-1", phone: undefined });
    expect(accounts.byId.get(userId)?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it("answers as recorded: abc is too short, a taken name is taken [user-1]", async () => {
    const { call, connect } = await openRoom();
    connect("a");
    expect(await call("a", "Register", { username: "abc", password: "secret1", verifyCode: "9966" })).toEqual(
      {
        state: 1,
        msg: "Name or Password is too short",
        data: null,
      },
    );
    const phone = { username: "13912345678", password: "secret1", verifyCode: "9966" };
    expect(await call("a", "Register", phone)).toMatchObject({ state: 0 });
    expect(await call("a", "Register", phone)).toEqual({
      state: 2,
      msg: "Account has been taken",
      data: null,
    });
  });

  it("refuses names and passwords that are too short, too long or cannot be typed, with error 1", async () => {
    const { call, connect } = await openRoom();
    connect("a");
    const bad = [
      { username: "anna", password: "12345" },
      { username: "anna", password: "x".repeat(129) },
      { username: "anna", password: "secret\u00001" },
      { username: "x".repeat(65), password: "secret1" },
      { username: "an\u0000na", password: "secret1" },
      { username: " anna", password: "secret1" },
      { username: "\u200b\u200b\u200b\u200b", password: "secret1" },
      { username: "", password: "" },
    ];
    for (const params of bad)
      expect(await call("a", "Register", params)).toMatchObject({ state: 1, data: null });
  });

  it("takes a Chinese name of two characters, and one name in any spelling once", async () => {
    const { call, connect } = await openRoom();
    connect("a");
    expect(await call("a", "Register", { username: "小明", password: "secret1" })).toMatchObject({
      state: 0,
    });
    expect(await call("a", "Register", anna)).toMatchObject({ state: 0 });
    expect(await call("a", "Register", { ...anna, username: "ＡNNA" })).toMatchObject({ state: 2 });
  });

  it("lets one of two that race for a name win", async () => {
    const { call, connect, accounts } = await openRoom();
    connect("a");
    connect("b");
    const replies = await Promise.all(["a", "b"].map(async (id) => await call(id, "Register", anna)));
    const states = replies.map(({ state }) => state).toSorted((one, other) => one - other);
    expect(states).toEqual([0, 2]);
    expect(accounts.byId.size).toBe(1);
  });

  it("needs the code that was sent to the number that is the name, under verification code [user-5]", async () => {
    const { call, connect, sent, accounts } = await openRoom({ options: { verification: "code" } });
    connect("a");
    const number = "13912345678";
    const params = (verifyCode?: string) => ({ username: number, password: "secret1", verifyCode });
    expect(await call("a", "Register", anna)).toMatchObject({ state: 0xfd });
    expect(await call("a", "Register", params())).toEqual({
      state: 3,
      msg: "Verify Code Error ",
      data: null,
    });
    expect(await call("a", "GetVerifyCode", { phoneNumber: number })).toEqual({
      state: 0,
      msg: "",
      data: {},
    });
    const code = sent[0]?.code;
    expect(code).toMatch(/^[0-9]{6}$/);
    expect(await call("a", "Register", params(code === "000000" ? "000001" : "000000"))).toMatchObject({
      state: 3,
    });
    expect(await call("a", "Register", params(code))).toMatchObject({ state: 0 });
    expect([...accounts.byId.values()]).toMatchObject([{ name: number, phone: number }]);
    expect(await call("a", "Register", params(code))).toMatchObject({ state: 3 });
  });
});

describe("Login", () => {
  it("logs the connection in by name and password, in any spelling of the name [user-1]", async () => {
    const { call, connect, register } = await openRoom();
    connect("a");
    await register("a", "Anna");
    connect("b");
    expect(await call("b", "GetSelfInfo")).toMatchObject({ state: 0xf9, data: undefined });
    expect(await call("b", "Login", anna)).toEqual({
      state: 0,
      msg: "",
      data: {
        token: expect.stringMatching(TOKEN),
        refreshToken: expect.stringMatching(TOKEN),
        expireAt: 604_800,
      },
    });
    expect(await call("b", "GetSelfInfo")).toMatchObject({ data: { userData: { UserName: "Anna" } } });
  });

  it("answers an unknown name and a wrong password alike", async () => {
    const { call, connect, register } = await openRoom();
    connect("a");
    await register("a", "anna");
    const wrong = { state: 1, msg: "UserName or Password Error", data: null };
    expect(await call("a", "Login", { username: "anna", password: "wrong" })).toEqual(wrong);
    expect(await call("a", "Login", { username: "nobody", password: "secret1" })).toEqual(wrong);
    expect(await call("a", "Login", {})).toEqual(wrong);
    expect(await call("a", "Login", { username: "__proto__", password: "constructor" })).toEqual(wrong);
  });

  it("kicks the account's earlier connection and ends its tokens [push-3]", async () => {
    const { call, connect, register, user } = await openRoom();
    const first = connect("a");
    const { token } = await register("a", "anna");
    connect("b");
    await call("b", "Login", anna);
    expect(first.link.texts).toEqual(["Other client Login", "\n\u0013Login Success Push\t"]);
    expect(first.link.closed).toBe("kicked");
    expect(await call("a", "GetSelfInfo")).toMatchObject({ state: 0xf9 });
    expect(await user.resolveToken(token)).toBeUndefined();
  });

  it("again on the same connection pushes nothing to itself", async () => {
    const { call, connect, register, user } = await openRoom();
    const { link } = connect("a");
    const { token } = await register("a", "anna");
    const { data } = await call("a", "Login", anna);
    expect(link.events).toEqual([]);
    expect(await user.resolveToken(token)).toBeUndefined();
    expect(await user.resolveToken(textAt(data, "token"))).toBeDefined();
  });

  it("as another user on the same connection ends the first login", async () => {
    const { call, connect, register, user } = await openRoom({ singleLogin: "allow" });
    connect("a");
    const { token } = await register("a", "anna");
    await register("a", "bert");
    expect(await call("a", "GetSelfInfo")).toMatchObject({ data: { userData: { UserName: "bert" } } });
    expect(await user.resolveToken(token)).toBeUndefined();
  });

  it("is NotAcceptable under refuse while the account is connected elsewhere, and leaves no token", async () => {
    const { call, connect, register, sessions, tokens } = await openRoom({ singleLogin: "refuse" });
    const first = connect("a");
    await register("a", "anna");
    connect("b");
    expect(await call("b", "Login", anna)).toMatchObject({ state: 0xf4, data: null });
    expect(first.link.events).toEqual([]);
    expect(tokens.size).toBe(1);
    sessions.remove(first.session);
    expect(await call("b", "Login", anna)).toMatchObject({ state: 0 });
  });

  it("stands beside the first under allow", async () => {
    const { call, connect, register, user } = await openRoom({ singleLogin: "allow" });
    const first = connect("a");
    const { token } = await register("a", "anna");
    connect("b");
    expect(await call("b", "Login", anna)).toMatchObject({ state: 0 });
    expect(first.link.events).toEqual([]);
    expect(await user.resolveToken(token)).toBeDefined();
  });

  it("answers Frozen for a frozen account with the right password, and nothing else with a wrong one", async () => {
    const { call, connect, register, user } = await openRoom();
    const { link } = connect("a");
    const { userId, token } = await register("a", "anna");
    expect(await user.setFrozen(userId, true)).toBe(true);
    expect(link.closed).toBe("loggedOut");
    expect(await user.resolveToken(token)).toBeUndefined();
    connect("b");
    expect(await call("b", "Login", anna)).toMatchObject({ state: 0xf6 });
    expect(await call("b", "Login", { ...anna, password: "wrong" })).toMatchObject({ state: 1 });
    await user.setFrozen(userId, false);
    expect(await call("b", "Login", anna)).toMatchObject({ state: 0 });
  });

  it("lets an imported account in by its old hash, once, and replaces the hash", async () => {
    const { call, connect, accounts } = await openRoom({ deps: { legacyPrivateKey: "key" } });
    connect("a");
    const md5 = createHash("md5").update("secret1key").digest("hex");
    const passwordHash = `md5-legacy$${md5}`;
    await accounts.create({ id: "u-1", name: "anna", passwordHash, createdAtMs: 0 });
    expect(await call("a", "Login", { ...anna, password: "wrong" })).toMatchObject({ state: 1 });
    expect(await call("a", "Login", anna)).toMatchObject({ state: 0 });
    expect(accounts.byId.get("u-1")?.passwordHash).toMatch(/^\$argon2id\$/);
    expect(await call("a", "Login", anna)).toMatchObject({ state: 0 });
  });

  it("lets no imported account in where the old key is not known", async () => {
    const { call, connect, accounts, log } = await openRoom();
    connect("a");
    const passwordHash = `md5-legacy$${createHash("md5").update("secret1").digest("hex")}`;
    await accounts.create({ id: "u-1", name: "anna", passwordHash, createdAtMs: 0 });
    expect(await call("a", "Login", anna)).toMatchObject({ state: 1 });
    expect(log.lines).toEqual([]);
  });

  it("by HTTP gives tokens without a connection, and displaces the connection all the same", async () => {
    const { call, connect, register, user } = await openRoom();
    const { link } = connect("a");
    await register("a", "anna");
    const { data } = await call("no session", "Login", anna, { via: "http" });
    expect(link.closed).toBe("kicked");
    expect(await user.resolveToken(textAt(data, "token"))).toMatchObject({
      userId: expect.stringMatching(UUID),
    });
  });
});
