import { describe, expect, it } from "vitest";
import type { MessageType } from "./contract.ts";
import { User } from "./generated/user.ts";
import * as messages from "./generated/user.ts";
import { decodeMessage, encodeMessage } from "./protobuf-form.ts";

/** Recorded from the Go server: type, value, what it puts on the wire (zero scalars written out), what we write. */
const recorded: readonly [name: string, value: object, goHex: string, hex: string][] = [
  [
    "User_Login_Request",
    { username: "zhanglin", password: "woaini1232" },
    "0a087a68616e676c696e120a776f61696e6931323332",
    "0a087a68616e676c696e120a776f61696e6931323332",
  ],
  [
    "User_Login_Response",
    {
      token: "174VtUEOth0ZqHfqXA619W5qCpdNQ8Af",
      refreshToken: "wn77DI9kn3aQKy6UZYGtqzD46QsLQuHt",
      expireAt: 604_800,
    },
    "0a20313734567455454f7468305a7148667158413631395735714370644e513841661220776e37374449396b6e3361514b7936555a594774717a44343651734c517548741880f524",
    "0a20313734567455454f7468305a7148667158413631395735714370644e513841661220776e37374449396b6e3361514b7936555a594774717a44343651734c517548741880f524",
  ],
  [
    "User_Register_Response",
    {
      result: "c175a98f-bd9d-4bff-9932-cef270503d5e",
      tokenInfo: {
        token: "174VtUEOth0ZqHfqXA619W5qCpdNQ8Af",
        refreshToken: "wn77DI9kn3aQKy6UZYGtqzD46QsLQuHt",
        expireAt: 0,
      },
    },
    "0a2463313735613938662d626439642d346266662d393933322d63656632373035303364356512460a20313734567455454f7468305a7148667158413631395735714370644e513841661220776e37374449396b6e3361514b7936555a594774717a44343651734c517548741800",
    "0a2463313735613938662d626439642d346266662d393933322d63656632373035303364356512440a20313734567455454f7468305a7148667158413631395735714370644e513841661220776e37374449396b6e3361514b7936555a594774717a44343651734c51754874",
  ],
  ["User_GetVerifyCode_Response", {}, "", ""],
  [
    "User_GetSelfInfo_Response",
    { userData: { UserName: "zhanglin", UserID: "c175a98f-bd9d-4bff-9932-cef270503d5e" } },
    "0a300a087a68616e676c696e122463313735613938662d626439642d346266662d393933322d636566323730353033643565",
    "0a300a087a68616e676c696e122463313735613938662d626439642d346266662d393933322d636566323730353033643565",
  ],
  [
    "User_RefreshToken_Request",
    { refresh_token: "wn77DI9kn3aQKy6UZYGtqzD46QsLQuHt" },
    "0a20776e37374449396b6e3361514b7936555a594774717a44343651734c51754874",
    "0a20776e37374449396b6e3361514b7936555a594774717a44343651734c51754874",
  ],
  [
    "User_SendForgotPasswordVrifyCode_Request",
    { phoneNumber: "13912345678" },
    "0a0b3133393132333435363738",
    "0a0b3133393132333435363738",
  ],
  ["User_ChangePassWordByVerifyCode_Response", { isSuccess: true }, "0801", "0801"],
  ["User_ChangePassWordByPassword_Response", { isSuccess: true }, "0801", "0801"],
  ["User_CheckVerifyCodeAvailable_Response", { isAvalible: true, isAccountTaken: false }, "08011000", "0801"],
  [
    "User_OnLoginSuccessNotify_Response",
    { msg: "Login Success Push\t" },
    "0a134c6f67696e2053756363657373205075736809",
    "0a134c6f67696e2053756363657373205075736809",
  ],
];

/** A message of the contract by its name, with its types forgotten: the table above has all kinds. */
function messageNamed(name: string): MessageType<object> {
  const found = Object.entries(messages).find(([key]) => key === name)?.[1];
  if (found === undefined || !("layout" in found)) throw new Error(`there is no message ${name}`);
  return found;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

describe("the contract User", () => {
  it.each(recorded)("reads and writes %s as recorded [user-2]", (name, value, goHex, hex) => {
    const message = messageNamed(name);
    expect(hexOf(encodeMessage(message, value))).toBe(hex);
    expect(decodeMessage(message, Buffer.from(goHex, "hex"))).toEqual(value);
    expect(decodeMessage(message, Buffer.from(hex, "hex"))).toEqual(value);
  });

  it("has the ten functions with their numbers [user-1]", () => {
    expect(User.number).toBe(2);
    expect(Object.values(User.funcs).map(({ number, name }) => [number, name])).toEqual([
      [1, "Login"],
      [2, "Register"],
      [3, "GetVerifyCode"],
      [4, "GetSelfInfo"],
      [5, "Logout"],
      [6, "RefreshToken"],
      [7, "ChangePasswordByVerifyCode"],
      [8, "ChangePasswordByPassword"],
      [9, "CheckVerifyCodeAvailable"],
      [10, "SendForgotPasswordVrifyCode"],
    ]);
  });

  it("has the errors' texts as recorded, spaces and Chinese included [user-1]", () => {
    const texts = Object.values(User.funcs).map((func) =>
      func.errors.map(({ state, msg }) => `${state} ${msg}`),
    );
    expect(texts).toEqual([
      ["1 UserName or Password Error"],
      ["1 Name or Password is too short", "2 Account has been taken", "3 Verify Code Error "],
      ["1 Verify Send too busy"],
      [],
      [],
      ["1 刷新token失败"],
      ["1 验证码错误", "2 用户不存在"],
      ["1 旧密码错误", "2 新密码格式错误"],
      ["1 验证码校验错误"],
      ["1 Verify Send too busy"],
    ]);
  });

  it("has every error of its functions by name", () => {
    for (const func of Object.values(User.funcs)) {
      for (const error of func.errors) expect(User.errors[error.name]).toEqual(error);
    }
  });

  it("returns nothing from Logout and an empty message from the functions that send codes [answer-3]", () => {
    expect(User.funcs.logout.response).toBeNull();
    expect(User.funcs.sendForgotPasswordVrifyCode.response.toJson({})).toEqual({});
    expect(User.funcs.getVerifyCode.response.toJson({})).toEqual({});
  });

  it("lets nobody but who is logged in call what needs a user", () => {
    const needLogin = Object.values(User.funcs).filter((func) => func.access === "user");
    expect(needLogin.map((func) => func.name)).toEqual(["GetSelfInfo", "Logout", "ChangePasswordByPassword"]);
  });

  it.each([{ refresh_token: "x" }, { refreshToken: "x" }, { Refresh_Token: "x" }, { REFRESHTOKEN: "x" }])(
    "takes the refresh token from %j [user-2]",
    (json) => {
      expect(User.funcs.refreshToken.request.fromJson(json)).toEqual({ refresh_token: "x" });
    },
  );

  it("has the notice of a second login as push 11 [push-3]", () => {
    expect(User.pushes.onLoginSuccessNotify.number).toBe(11);
    expect(User.pushes.onLoginSuccessNotify.name).toBe("User_OnLoginSuccessNotify_Response");
  });

  it("leaves short names and passwords to the module, whose answer they get", () => {
    const { request } = User.funcs.register;
    expect(() => request.check({ username: "", password: "" })).not.toThrow();
    expect(() => request.check({ username: "a".repeat(129), password: "" })).toThrow(
      "username: expected at most 128 characters",
    );
  });
});
