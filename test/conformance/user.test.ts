/**
 * docs/protocol.md, "The User module".
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { User } from "@mqplay/shared";
import { describe, expect } from "vitest";
import { RawClient, randomClientId } from "../support/raw-client.ts";
import { isRecord, protobufCall, readFields, textField } from "../support/raw-answer.ts";
import {
  PASSWORD,
  randomName,
  randomPhone,
  registration,
  sentCodes,
  serverUnderTest,
  startOwnServer,
  test,
  transports,
} from "./harness.ts";

const server = serverUnderTest();

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const WEEK_S = 604_800;

interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
  readonly expireAt?: number;
}

describe.each(transports)("over %s", (transport) => {
  const ready = (options = {}) => RawClient.ready(server.url(transport), options);

  async function loggedIn(): Promise<{ client: RawClient; username: string; tokens: Tokens }> {
    const client = await ready();
    const username = randomName();
    const { state, result } = await client.user("Register", registration(username));
    expect(state).toBe(0);
    return { client, username, tokens: (result as { tokenInfo: Tokens }).tokenInfo };
  }

  test("[user-1] has the ten functions under their names and numbers", async () => {
    const { client } = await loggedIn();
    await using _ = client;
    const names = Object.values(User.funcs).map(({ name }) => name);
    expect(names).toHaveLength(10);
    for (const [index, func] of names.entries()) {
      // Parameters that no function can do anything with: what counts is that somebody is there.
      if (func === "Logout") continue;
      expect((await client.user(func, {})).state, func).not.toBe(0xfc);
      expect((await client.callJson({ module: 2, func: index + 1 })).state, func).not.toBe(0xfc);
    }
    for (const func of [0, 12, 13, 255])
      expect((await client.callJson({ module: 2, func })).state).toBe(0xfc);
  });

  test("[user-1] answers Login with 1 to a wrong name and to a wrong password, in the same words", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    const expected = { result: "bnVsbA==", msg: "UserName or Password Error", state: 1 };
    expect((await client.user("Login", { username, password: "wrong-Pass1" })).body).toEqual(expected);
    expect((await client.user("Login", { username: randomName(), password: PASSWORD })).body).toEqual(
      expected,
    );
  });

  test("[user-1] answers Register with 1 to a short name or password, 2 to a name that is taken", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    const short = { result: "bnVsbA==", msg: "Name or Password is too short", state: 1 };
    expect((await client.user("Register", registration("abc"))).body).toEqual(short);
    expect((await client.user("Register", registration(""))).body).toEqual(short);
    expect((await client.user("Register", registration(randomName(), "abc"))).body).toEqual(short);
    expect((await client.user("Register", registration(randomName(), ""))).body).toEqual(short);
    const taken = { result: "bnVsbA==", msg: "Account has been taken", state: 2 };
    expect((await client.user("Register", registration(username))).body).toEqual(taken);
  });

  test("[user-1] lets exactly one of many register a name at once", async () => {
    const username = randomName();
    const clients = await Promise.all(Array.from({ length: 5 }, () => ready()));
    const states = await Promise.all(
      clients.map(async (client) => (await client.user("Register", registration(username))).state),
    );
    expect(states.toSorted((a, b) => a - b)).toEqual([0, 2, 2, 2, 2]);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  test("[user-1] answers RefreshToken with 1 to a token that is none", async () => {
    await using client = await ready();
    for (const token of ["bogus", "", randomClientId(43)]) {
      expect(await client.user("RefreshToken", { refresh_token: token }), token).toMatchObject({
        state: 1,
        result: null,
      });
    }
  });

  test("[user-2] answers Register with the user id, a lower-case UUID, and both tokens", async () => {
    await using client = await ready();
    const { result } = await client.user("Register", { ...registration(randomName()), openId: "" });
    expect(result).toEqual({
      result: expect.stringMatching(UUID),
      tokenInfo: expect.objectContaining({
        token: expect.stringMatching(/^[0-9A-Za-z_-]{32,64}$/),
        refreshToken: expect.any(String),
      }),
    });
  });

  test("[user-2] answers Login with token, refreshToken and expireAt in seconds", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    const { result } = await client.user("Login", { username, password: PASSWORD });
    expect(result).toEqual({ token: expect.any(String), refreshToken: expect.any(String), expireAt: WEEK_S });
  });

  test("[user-2] writes the fields of answers in protobuf under their numbers", async () => {
    await using client = await ready();
    const username = randomName();
    const registered = await client.callProtobuf(protobufCall(2, 2, username, PASSWORD, "9966"));
    const userId = textField(registered.result, 1);
    expect(userId).toMatch(UUID);
    const tokenInfo = readFields(registered.result ?? new Uint8Array()).get(2);
    expect(tokenInfo instanceof Uint8Array && textField(tokenInfo, 1)).toMatch(/^.{32,64}$/);
    const login = await client.callProtobuf(protobufCall(2, 1, username, PASSWORD));
    const fields = readFields(login.result ?? new Uint8Array());
    expect([...fields.keys()]).toEqual([1, 2, 3]);
    expect(fields.get(3)).toBe(WEEK_S);
    const refreshed = await client.callProtobuf(protobufCall(2, 6, textField(login.result, 2)));
    const tokenData = readFields(refreshed.result ?? new Uint8Array()).get(1);
    expect(tokenData instanceof Uint8Array && readFields(tokenData).get(3)).toBe(WEEK_S);
    const info = await client.callProtobuf(protobufCall(2, 4));
    const userData = readFields(info.result ?? new Uint8Array()).get(1);
    if (!(userData instanceof Uint8Array)) throw new Error("no userData");
    expect([textField(userData, 1), textField(userData, 2)]).toEqual([username, userId]);
  });

  for (const key of ["refresh_token", "refreshToken", "Refresh_Token"]) {
    test(`[user-2] takes ${key} as the parameter of RefreshToken in JSON`, async () => {
      const { client, tokens } = await loggedIn();
      await using _ = client;
      const { result } = await client.user("RefreshToken", { [key]: tokens.refreshToken });
      expect(result).toEqual({
        tokenData: { token: expect.any(String), refreshToken: expect.any(String), expireAt: WEEK_S },
      });
    });
  }

  test("[user-3] [answer-5] lets a refresh token work once, and answers the second try too", async () => {
    const { client, tokens } = await loggedIn();
    await using _ = client;
    expect((await client.user("RefreshToken", { refresh_token: tokens.refreshToken })).state).toBe(0);
    expect((await client.user("RefreshToken", { refresh_token: tokens.refreshToken })).state).toBe(1);
  });

  test("[user-3] gives access tokens that are valid for 7 days", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    const { result } = await client.user("Login", { username, password: PASSWORD });
    expect((result as Tokens).expireAt).toBe(7 * 24 * 60 * 60);
  });

  test("[user-4] logs the connection in by registering, and out by Logout", async () => {
    await using client = await ready();
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    const username = randomName();
    expect((await client.user("Register", registration(username))).state).toBe(0);
    expect((await client.user("GetSelfInfo")).result).toMatchObject({ userData: { UserName: username } });
    expect((await client.user("Logout")).state).toBe(0);
    expect((await client.user("GetSelfInfo")).body).toEqual({ msg: "Need Login first", state: 0xf9 });
    expect((await client.user("Login", { username, password: PASSWORD })).state).toBe(0);
    expect((await client.user("GetSelfInfo")).state).toBe(0);
    await client.quiet();
  });

  test("[user-4] ends the tokens of a login that logs out", async () => {
    const { client, tokens } = await loggedIn();
    await using _ = client;
    expect((await client.user("Logout")).state).toBe(0);
    expect((await client.user("RefreshToken", { refresh_token: tokens.refreshToken })).state).toBe(1);
    await using resumed = await ready({ clientId: tokens.token });
    expect((await resumed.user("GetSelfInfo")).state).toBe(0xf9);
  });

  test.ours("[user-5] sends one code a minute and number, and a code works once", async () => {
    await using own = await startOwnServer({ user: { verification: "code" } });
    await using client = await RawClient.ready(own.url(transport));
    const phoneNumber = randomPhone();
    expect((await client.user("GetVerifyCode", { phoneNumber })).state).toBe(0);
    expect(await client.user("GetVerifyCode", { phoneNumber })).toMatchObject({
      state: 1,
      msg: "Verify Send too busy",
      result: null,
    });
    expect((await client.user("GetVerifyCode", { phoneNumber: randomPhone() })).state).toBe(0);
    const code = sentCodes.get(phoneNumber);
    expect(code).toMatch(/^\d{6}$/);
    const wrong = code === "000000" ? "000001" : "000000";
    const register = (verifyCode: string | undefined) =>
      client.user("Register", { username: phoneNumber, password: PASSWORD, verifyCode });
    expect((await register(wrong)).state).toBe(3);
    expect((await register(undefined)).state).toBe(3);
    expect((await client.user("CheckVerifyCodeAvailable", { phoneNumber, verifyCode: wrong })).state).toBe(1);
    const check = await client.user("CheckVerifyCodeAvailable", { phoneNumber, verifyCode: code });
    expect(check).toMatchObject({ state: 0, result: { isAvalible: true } });
    expect((await register(code)).state).toBe(0);
    expect((await client.user("CheckVerifyCodeAvailable", { phoneNumber, verifyCode: code })).state).toBe(1);
  });

  test.ours(
    "[user-1] [user-5] changes a forgotten password by the code that was sent, and answers before it ends logins",
    async () => {
      await using own = await startOwnServer({ user: { verification: "code" }, codes: { intervalMs: 0 } });
      await using client = await RawClient.ready(own.url(transport));
      const phoneNumber = randomPhone();
      expect((await client.user("GetVerifyCode", { phoneNumber })).state).toBe(0);
      const registration = {
        username: phoneNumber,
        password: PASSWORD,
        verifyCode: sentCodes.get(phoneNumber),
      };
      expect((await client.user("Register", registration)).state).toBe(0);
      await using forgetful = await RawClient.ready(own.url(transport));
      expect((await forgetful.user("SendForgotPasswordVrifyCode", { phoneNumber })).body).toEqual({
        result: "e30=",
      });
      const change = { phoneNumber, verifyCode: sentCodes.get(phoneNumber), password: "another-Pass2" };
      expect((await forgetful.user("ChangePasswordByVerifyCode", change)).result).toEqual({
        isSuccess: true,
      });
      await client.whenClosed();
      expect((await forgetful.user("Login", { username: phoneNumber, password: PASSWORD })).state).toBe(1);
      expect(
        (await forgetful.user("Login", { username: phoneNumber, password: "another-Pass2" })).state,
      ).toBe(0);
    },
  );

  test("[user-1] [answer-5] changes the password of who is logged in, and answers", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    const change = (oldPassword: string, newPassword: string) =>
      client.user("ChangePasswordByPassword", { oldPassword, newPassword });
    expect(await change("wrong-Pass1", "another-Pass2")).toMatchObject({ state: 1, result: null });
    expect(await change(PASSWORD, "abc")).toMatchObject({ state: 2, result: null });
    expect((await change(PASSWORD, "another-Pass2")).result).toEqual({ isSuccess: true });
    await using other = await ready();
    expect((await other.user("Login", { username, password: PASSWORD })).state).toBe(1);
    expect((await other.user("Login", { username, password: "another-Pass2" })).state).toBe(0);
  });

  for (const func of ["GetVerifyCode", "SendForgotPasswordVrifyCode"]) {
    test(`[user-5] refuses a phone number of less than 11 digits in ${func} with ParamNotAllow`, async () => {
      await using client = await ready();
      for (const phoneNumber of ["1", "", "1391234567", "1391234567x"]) {
        expect(await client.user(func, { phoneNumber }), phoneNumber).toMatchObject({
          state: 0xfd,
          msg: "Param Not Allow",
        });
      }
    });
  }
});

test("[user-1] has the same functions on the page as in the contract", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/protocol.md"), "utf8");
  const rows = [...page.matchAll(/^\| (\w+) \| (\d+) \| [^|]*=[^|]*\|.*$|^\| (\w+) \| (\d+) \| – \|.*$/gm)];
  const onPage = rows.map((row) => [row[1] ?? row[3], Number(row[2] ?? row[4])]);
  const inCode = Object.values(User.funcs).map(({ name, number }) => [name, number]);
  expect(onPage).toEqual(inCode);
  expect(isRecord(User.pushes)).toBe(true);
});
