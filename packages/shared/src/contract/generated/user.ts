// Generated from user.proto. Do not edit: change the .proto and generate again.
import { type Message, defineMessage } from "../message.ts";
import type { ModuleContract } from "../contract.ts";

export interface User_Login_Request {
  readonly username: string;
  readonly password: string;
}
export const User_Login_Request: Message<User_Login_Request> =
  /* @__PURE__ */ defineMessage("User_Login_Request", [
    { number: 1, name: "username", type: "string", maxLen: 128 },
    { number: 2, name: "password", type: "string", maxLen: 256 },
  ]);

export interface User_Login_Response {
  /** The access token. */
  readonly token: string;
  /** Works once. */
  readonly refreshToken: string;
  /** How long the access token lives, in seconds. */
  readonly expireAt: number;
}
export const User_Login_Response: Message<User_Login_Response> =
  /* @__PURE__ */ defineMessage("User_Login_Response", [
    { number: 1, name: "token", type: "string" },
    { number: 2, name: "refreshToken", type: "string" },
    { number: 3, name: "expireAt", type: "int32" },
  ]);

export interface User_Register_Request {
  readonly username: string;
  readonly password: string;
  /** Needed where the server verifies phone numbers. */
  readonly verifyCode?: string | undefined;
  /** The user's id at another platform. */
  readonly openId?: string | undefined;
}
export const User_Register_Request: Message<User_Register_Request> =
  /* @__PURE__ */ defineMessage("User_Register_Request", [
    { number: 1, name: "username", type: "string", maxLen: 128 },
    { number: 2, name: "password", type: "string", maxLen: 256 },
    { number: 3, name: "verifyCode", type: "string", optional: true, maxLen: 64 },
    { number: 4, name: "openId", type: "string", optional: true, maxLen: 256 },
  ]);

export interface User_Register_Response {
  /** The user's id: a lower-case UUID. */
  readonly result: string;
  readonly tokenInfo: User_TokenInfo;
}
export const User_Register_Response: Message<User_Register_Response> =
  /* @__PURE__ */ defineMessage("User_Register_Response", [
    { number: 1, name: "result", type: "string" },
    { number: 2, name: "tokenInfo", type: "message", message: () => User_TokenInfo, required: true },
  ]);

/** The tokens of a login. */
export interface User_TokenInfo {
  /** The access token. */
  readonly token: string;
  /** Works once. */
  readonly refreshToken: string;
  /** How long the access token lives, in seconds. */
  readonly expireAt: number;
}
export const User_TokenInfo: Message<User_TokenInfo> = /* @__PURE__ */ defineMessage("User_TokenInfo", [
  { number: 1, name: "token", type: "string" },
  { number: 2, name: "refreshToken", type: "string" },
  { number: 3, name: "expireAt", type: "int32" },
]);

export interface User_GetVerifyCode_Request {
  readonly phoneNumber: string;
}
export const User_GetVerifyCode_Request: Message<User_GetVerifyCode_Request> =
  /* @__PURE__ */ defineMessage("User_GetVerifyCode_Request", [
    { number: 1, name: "phoneNumber", type: "string", maxLen: 64 },
  ]);

export type User_GetVerifyCode_Response = { readonly [field: string]: never };
export const User_GetVerifyCode_Response: Message<User_GetVerifyCode_Response> =
  /* @__PURE__ */ defineMessage("User_GetVerifyCode_Response", []);

export interface User_GetSelfInfo_Response {
  readonly userData: User_UserData;
}
export const User_GetSelfInfo_Response: Message<User_GetSelfInfo_Response> =
  /* @__PURE__ */ defineMessage("User_GetSelfInfo_Response", [
    { number: 1, name: "userData", type: "message", message: () => User_UserData, required: true },
  ]);

/** Who somebody is. */
export interface User_UserData {
  readonly UserName: string;
  /** A lower-case UUID. */
  readonly UserID: string;
}
export const User_UserData: Message<User_UserData> = /* @__PURE__ */ defineMessage("User_UserData", [
  { number: 1, name: "UserName", type: "string" },
  { number: 2, name: "UserID", type: "string" },
]);

export interface User_RefreshToken_Request {
  readonly refresh_token: string;
}
export const User_RefreshToken_Request: Message<User_RefreshToken_Request> =
  /* @__PURE__ */ defineMessage("User_RefreshToken_Request", [
    { number: 1, name: "refresh_token", type: "string", maxLen: 256 },
  ]);

export interface User_RefreshToken_Response {
  readonly tokenData: User_TokenInfo;
}
export const User_RefreshToken_Response: Message<User_RefreshToken_Response> =
  /* @__PURE__ */ defineMessage("User_RefreshToken_Response", [
    { number: 1, name: "tokenData", type: "message", message: () => User_TokenInfo, required: true },
  ]);

export interface User_ChangePassWordByVerifyCode_Request {
  readonly phoneNumber: string;
  readonly verifyCode: string;
  /** The new one. */
  readonly password: string;
}
export const User_ChangePassWordByVerifyCode_Request: Message<User_ChangePassWordByVerifyCode_Request> =
  /* @__PURE__ */ defineMessage("User_ChangePassWordByVerifyCode_Request", [
    { number: 1, name: "phoneNumber", type: "string", maxLen: 64 },
    { number: 2, name: "verifyCode", type: "string", maxLen: 64 },
    { number: 3, name: "password", type: "string", maxLen: 256 },
  ]);

export interface User_ChangePassWordByVerifyCode_Response {
  readonly isSuccess: boolean;
}
export const User_ChangePassWordByVerifyCode_Response: Message<User_ChangePassWordByVerifyCode_Response> =
  /* @__PURE__ */ defineMessage("User_ChangePassWordByVerifyCode_Response", [
    { number: 1, name: "isSuccess", type: "bool" },
  ]);

export interface User_ChangePassWordByPassword_Request {
  readonly oldPassword: string;
  readonly newPassword: string;
}
export const User_ChangePassWordByPassword_Request: Message<User_ChangePassWordByPassword_Request> =
  /* @__PURE__ */ defineMessage("User_ChangePassWordByPassword_Request", [
    { number: 1, name: "oldPassword", type: "string", maxLen: 256 },
    { number: 2, name: "newPassword", type: "string", maxLen: 256 },
  ]);

export interface User_ChangePassWordByPassword_Response {
  readonly isSuccess: boolean;
}
export const User_ChangePassWordByPassword_Response: Message<User_ChangePassWordByPassword_Response> =
  /* @__PURE__ */ defineMessage("User_ChangePassWordByPassword_Response", [
    { number: 1, name: "isSuccess", type: "bool" },
  ]);

export interface User_CheckVerifyCodeAvailable_Request {
  readonly phoneNumber: string;
  readonly verifyCode: string;
}
export const User_CheckVerifyCodeAvailable_Request: Message<User_CheckVerifyCodeAvailable_Request> =
  /* @__PURE__ */ defineMessage("User_CheckVerifyCodeAvailable_Request", [
    { number: 1, name: "phoneNumber", type: "string", maxLen: 64 },
    { number: 2, name: "verifyCode", type: "string", maxLen: 64 },
  ]);

export interface User_CheckVerifyCodeAvailable_Response {
  readonly isAvalible: boolean;
  readonly isAccountTaken: boolean;
}
export const User_CheckVerifyCodeAvailable_Response: Message<User_CheckVerifyCodeAvailable_Response> =
  /* @__PURE__ */ defineMessage("User_CheckVerifyCodeAvailable_Response", [
    { number: 1, name: "isAvalible", type: "bool" },
    { number: 2, name: "isAccountTaken", type: "bool" },
  ]);

export interface User_SendForgotPasswordVrifyCode_Request {
  readonly phoneNumber: string;
}
export const User_SendForgotPasswordVrifyCode_Request: Message<User_SendForgotPasswordVrifyCode_Request> =
  /* @__PURE__ */ defineMessage("User_SendForgotPasswordVrifyCode_Request", [
    { number: 1, name: "phoneNumber", type: "string", maxLen: 64 },
  ]);

export type User_SendForgotPasswordVrifyCode_Response = { readonly [field: string]: never };
export const User_SendForgotPasswordVrifyCode_Response: Message<User_SendForgotPasswordVrifyCode_Response> =
  /* @__PURE__ */ defineMessage("User_SendForgotPasswordVrifyCode_Response", []);

/** Tells an earlier connection that its user has logged in elsewhere. [push-3] */
export interface User_OnLoginSuccessNotify_Response {
  readonly msg: string;
}
export const User_OnLoginSuccessNotify_Response: Message<User_OnLoginSuccessNotify_Response> =
  /* @__PURE__ */ defineMessage("User_OnLoginSuccessNotify_Response", [
    { number: 1, name: "msg", type: "string" },
  ]);

/** Accounts, logins and tokens. */
export const User = {
  name: "User",
  number: 2,
  funcs: {
    /** Logs the connection in. */
    login: {
      name: "Login",
      number: 1,
      request: User_Login_Request,
      response: User_Login_Response,
      access: "public",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 1, name: "wrongCredentials", msg: "UserName or Password Error" },
      ],
    },
    /** Makes an account and logs the connection in. [user-4] */
    register: {
      name: "Register",
      number: 2,
      request: User_Register_Request,
      response: User_Register_Response,
      access: "public",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 1, name: "nameOrPasswordTooShort", msg: "Name or Password is too short" },
        { state: 2, name: "accountTaken", msg: "Account has been taken" },
        { state: 3, name: "wrongRegisterCode", msg: "Verify Code Error " },
      ],
    },
    /** Sends a code to a phone number that is about to be registered. [user-5] */
    getVerifyCode: {
      name: "GetVerifyCode",
      number: 3,
      request: User_GetVerifyCode_Request,
      response: User_GetVerifyCode_Response,
      access: "public",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 1, name: "verifySendTooBusy", msg: "Verify Send too busy" },
      ],
    },
    /** Tells who is logged in. */
    getSelfInfo: {
      name: "GetSelfInfo",
      number: 4,
      request: null,
      response: User_GetSelfInfo_Response,
      access: "user",
      idempotent: true,
      sticky: null,
      errors: [],
    },
    /** Ends the login and its tokens. Whoever is not logged in is told so (NeedLogin). */
    logout: {
      name: "Logout",
      number: 5,
      request: null,
      response: null,
      access: "user",
      idempotent: false,
      sticky: null,
      errors: [],
    },
    /**
     * Gives new tokens for a refresh token, which is used up by it. [user-3]
     * With a key the same answer is to be had again for a while: else a cut at the wrong moment would end the login,
     * for a refresh token that is used twice does. [call-5]
     */
    refreshToken: {
      name: "RefreshToken",
      number: 6,
      request: User_RefreshToken_Request,
      response: User_RefreshToken_Response,
      access: "public",
      idempotent: true,
      sticky: null,
      errors: [
        { state: 1, name: "refreshFailed", msg: "刷新token失败" },
      ],
    },
    /** Sets a new password for whoever has the code that was sent to the number. */
    changePasswordByVerifyCode: {
      name: "ChangePasswordByVerifyCode",
      number: 7,
      request: User_ChangePassWordByVerifyCode_Request,
      response: User_ChangePassWordByVerifyCode_Response,
      access: "public",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 1, name: "wrongVerifyCode", msg: "验证码错误" },
        { state: 2, name: "noSuchUser", msg: "用户不存在" },
      ],
    },
    /** Sets a new password for whoever knows the old one. */
    changePasswordByPassword: {
      name: "ChangePasswordByPassword",
      number: 8,
      request: User_ChangePassWordByPassword_Request,
      response: User_ChangePassWordByPassword_Response,
      access: "user",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 1, name: "wrongOldPassword", msg: "旧密码错误" },
        { state: 2, name: "badNewPassword", msg: "新密码格式错误" },
      ],
    },
    /** Tells whether a code is right, and whether the number has an account already. */
    checkVerifyCodeAvailable: {
      name: "CheckVerifyCodeAvailable",
      number: 9,
      request: User_CheckVerifyCodeAvailable_Request,
      response: User_CheckVerifyCodeAvailable_Response,
      access: "public",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 1, name: "verifyCodeCheckFailed", msg: "验证码校验错误" },
      ],
    },
    /** Sends a code to a number whose password was forgotten. [user-5] */
    sendForgotPasswordVrifyCode: {
      name: "SendForgotPasswordVrifyCode",
      number: 10,
      request: User_SendForgotPasswordVrifyCode_Request,
      response: User_SendForgotPasswordVrifyCode_Response,
      access: "public",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 1, name: "verifySendTooBusy", msg: "Verify Send too busy" },
      ],
    },
  },
  pushes: {
    /** Tells an earlier connection that its user has logged in elsewhere. [push-3] */
    onLoginSuccessNotify: { name: "User_OnLoginSuccessNotify_Response", number: 11, content: User_OnLoginSuccessNotify_Response },
  },
  errors: {
    wrongCredentials: { state: 1, name: "wrongCredentials", msg: "UserName or Password Error" },
    nameOrPasswordTooShort: { state: 1, name: "nameOrPasswordTooShort", msg: "Name or Password is too short" },
    accountTaken: { state: 2, name: "accountTaken", msg: "Account has been taken" },
    wrongRegisterCode: { state: 3, name: "wrongRegisterCode", msg: "Verify Code Error " },
    verifySendTooBusy: { state: 1, name: "verifySendTooBusy", msg: "Verify Send too busy" },
    refreshFailed: { state: 1, name: "refreshFailed", msg: "刷新token失败" },
    wrongVerifyCode: { state: 1, name: "wrongVerifyCode", msg: "验证码错误" },
    noSuchUser: { state: 2, name: "noSuchUser", msg: "用户不存在" },
    wrongOldPassword: { state: 1, name: "wrongOldPassword", msg: "旧密码错误" },
    badNewPassword: { state: 2, name: "badNewPassword", msg: "新密码格式错误" },
    verifyCodeCheckFailed: { state: 1, name: "verifyCodeCheckFailed", msg: "验证码校验错误" },
  },
} as const satisfies ModuleContract;
