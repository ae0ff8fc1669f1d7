import { describe, expect, it } from "vitest";
import { openRoom, type TestRoom } from "./testing/user-room.ts";

const number = "13912345678";

async function openVerified(): Promise<TestRoom & { code: (purpose: string) => string }> {
  const room = await openRoom({ options: { verification: "code" }, singleLogin: "allow" });
  const code = (purpose: string): string =>
    room.sent.findLast((message) => message.purpose === purpose)?.code ?? "none";
  room.connect("a");
  await room.call("a", "GetVerifyCode", { phoneNumber: number });
  await room.call("a", "Register", { username: number, password: "secret1", verifyCode: code("register") });
  room.clock.advance(60_000);
  return { ...room, code };
}

describe("ChangePasswordByPassword", () => {
  it("answers as recorded, spares its own login and ends all others [user-1]", async () => {
    const { call, connect, register, user } = await openRoom({ singleLogin: "allow" });
    connect("a");
    const { token } = await register("a", "anna");
    const other = connect("b");
    await call("b", "Login", { username: "anna", password: "secret1" });
    expect(
      await call("a", "ChangePasswordByPassword", { oldPassword: "wrong", newPassword: "newpass2" }),
    ).toEqual({
      state: 1,
      msg: "旧密码错误",
      data: null,
    });
    expect(
      await call("a", "ChangePasswordByPassword", { oldPassword: "secret1", newPassword: "abc" }),
    ).toEqual({
      state: 2,
      msg: "新密码格式错误",
      data: null,
    });
    expect(other.link.closed).toBeUndefined();
    const params = { oldPassword: "secret1", newPassword: "newpass2" };
    expect(await call("a", "ChangePasswordByPassword", params)).toEqual({
      state: 0,
      msg: "",
      data: { isSuccess: true },
    });
    expect(other.link.closed).toBe("loggedOut");
    expect(await call("a", "GetSelfInfo")).toMatchObject({ state: 0 });
    expect(await user.resolveToken(token)).toBeDefined();
    expect(await call("b", "Login", { username: "anna", password: "secret1" })).toMatchObject({ state: 1 });
    expect(await call("b", "Login", { username: "anna", password: "newpass2" })).toMatchObject({ state: 0 });
  });

  it("needs a login", async () => {
    const { call, connect } = await openRoom();
    connect("a");
    const params = { oldPassword: "secret1", newPassword: "newpass2" };
    expect(await call("a", "ChangePasswordByPassword", params)).toMatchObject({ state: 0xf9 });
  });

  it("lets nobody guess the old password faster than at Login", async () => {
    const { call, connect, register } = await openRoom();
    connect("a");
    await register("a", "anna");
    const guess = async () =>
      await call("a", "ChangePasswordByPassword", { oldPassword: "wrong", newPassword: "newpass2" });
    for (let turn = 0; turn < 6; turn += 1) expect(await guess()).toMatchObject({ state: 1 });
    expect(await guess()).toMatchObject({ state: 0xed, retryAfterMs: 1_000 });
  });

  it("lets one of two changes that race win", async () => {
    const { call, connect, register } = await openRoom();
    connect("a");
    await register("a", "anna");
    const change = async (newPassword: string) =>
      await call("a", "ChangePasswordByPassword", { oldPassword: "secret1", newPassword });
    const states = (await Promise.all([change("newpass1"), change("newpass2")])).map(({ state }) => state);
    expect(states.toSorted((one, other) => one - other)).toEqual([0, 1]);
  });
});

describe("codes [user-5]", () => {
  it("change a forgotten password, once, and end every login of the account", async () => {
    const { call, connect, code, sessions } = await openVerified();
    connect("b");
    expect(await call("b", "SendForgotPasswordVrifyCode", { phoneNumber: number })).toEqual({
      state: 0,
      msg: "",
      data: {},
    });
    const change = async (verifyCode: string, password = "newpass1") =>
      await call("b", "ChangePasswordByVerifyCode", { phoneNumber: number, verifyCode, password });
    expect(await change("x")).toEqual({ state: 1, msg: "验证码错误", data: null });
    expect(await change(code("password"), "abc")).toMatchObject({ state: 0xfd });
    expect(await change(code("password"))).toEqual({ state: 0, msg: "", data: { isSuccess: true } });
    expect(sessions.get("a")?.identity).toBeUndefined();
    expect(await change(code("password"))).toMatchObject({ state: 1 });
    expect(await call("b", "Login", { username: number, password: "newpass1" })).toMatchObject({ state: 0 });
  });

  it("change the password on a connection that is logged in as this user, which lives on without its login", async () => {
    const { call, code, sessions } = await openVerified();
    await call("a", "SendForgotPasswordVrifyCode", { phoneNumber: number });
    const params = { phoneNumber: number, verifyCode: code("password"), password: "newpass1" };
    expect(await call("a", "ChangePasswordByVerifyCode", params)).toMatchObject({ state: 0 });
    expect(sessions.get("a")).toMatchObject({ identity: undefined, link: { closed: undefined } });
  });

  it("are none for another purpose or another number", async () => {
    const { call, connect, code } = await openVerified();
    connect("b");
    await call("b", "GetVerifyCode", { phoneNumber: number });
    const params = { phoneNumber: number, verifyCode: code("register"), password: "newpass1" };
    expect(await call("b", "ChangePasswordByVerifyCode", params)).toMatchObject({ state: 1 });
    const other = { ...params, phoneNumber: "13900000000" };
    expect(await call("b", "ChangePasswordByVerifyCode", other)).toMatchObject({ state: 1 });
  });

  it("answer a forgotten password alike for a number without an account, and send nothing there", async () => {
    const { call, sent } = await openVerified();
    const before = sent.length;
    expect(await call("a", "SendForgotPasswordVrifyCode", { phoneNumber: "13900000000" })).toEqual({
      state: 0,
      msg: "",
      data: {},
    });
    expect(sent).toHaveLength(before);
  });

  it("are sent once a minute to a number", async () => {
    const { call, sent, clock } = await openVerified();
    const ask = async () => await call("a", "GetVerifyCode", { phoneNumber: "13911111111" });
    expect(await ask()).toMatchObject({ state: 0 });
    expect(await ask()).toMatchObject({ state: 1, msg: "Verify Send too busy", data: null });
    clock.advance(60_000);
    expect(await ask()).toMatchObject({ state: 0 });
    expect(sent.filter(({ phoneNumber }) => phoneNumber === "13911111111")).toHaveLength(2);
  });

  it("need a number of 11 digits, else ParamNotAllow, as recorded", async () => {
    const { call } = await openVerified();
    const bad = ["1", "1391234567", "1391234567x", "", "1".repeat(21)];
    for (const phoneNumber of bad) {
      for (const func of ["GetVerifyCode", "SendForgotPasswordVrifyCode"]) {
        expect(await call("a", func, { phoneNumber })).toEqual({
          state: 0xfd,
          msg: "Param Not Allow",
          data: null,
        });
      }
      expect(await call("a", "CheckVerifyCodeAvailable", { phoneNumber, verifyCode: "1" })).toMatchObject({
        state: 0xfd,
      });
    }
  });

  it("can be looked at without being used up, for either purpose, and tell whether the number is taken", async () => {
    const { call, code } = await openVerified();
    const check = async (phoneNumber: string, verifyCode: string) =>
      await call("a", "CheckVerifyCodeAvailable", { phoneNumber, verifyCode });
    await call("a", "GetVerifyCode", { phoneNumber: "13911111111" });
    const free = { state: 0, msg: "", data: { isAvalible: true } };
    expect(await check("13911111111", code("register"))).toEqual(free);
    expect(await check("13911111111", code("register"))).toEqual(free);
    expect(await check("13911111111", "x")).toEqual({ state: 1, msg: "验证码校验错误", data: null });
    await call("a", "SendForgotPasswordVrifyCode", { phoneNumber: number });
    expect(await check(number, code("password"))).toMatchObject({
      data: { isAvalible: true, isAccountTaken: true },
    });
  });

  it("answer ServerIsDown where none can be sent, as recorded", async () => {
    const { call } = await openRoom({ deps: { codeSender: undefined } });
    expect(await call("a", "GetVerifyCode", { phoneNumber: number })).toEqual({
      state: 0xf1,
      msg: "Server Is Down",
      data: null,
    });
    const send = () => Promise.reject(new Error("no credit"));
    const broken = await openRoom({ deps: { codeSender: { send } } });
    expect(await broken.call("a", "GetVerifyCode", { phoneNumber: number })).toMatchObject({ state: 0xf1 });
    expect(broken.log.lines).toMatchObject([{ level: "warn" }]);
  });
});
