/**
 * The SDK against the Go server, as it was recorded: every function of User by JSON and by protobuf, its errors, and
 * the push of a second login.
 */
import { describe, expect, test } from "vitest";
import { connect, isMqplayError, User, type Game } from "@mqplay/client-sdk";
import { startFakeGoServer } from "./fake-go-server.ts";
import { clientIdOf, readRecording } from "./recordings.ts";

/** What a call came to, in a form that can be compared. */
type Outcome = { readonly result: unknown } | { readonly state: number | undefined; readonly msg: string };

async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  try {
    return { result: (await call) ?? null };
  } catch (error) {
    if (!isMqplayError(error) || !error.fromPeer) throw error;
    return { state: error.state, msg: error.detail };
  }
}

const user = { username: "13912345678", password: "secret1", verifyCode: "9966" };
const phoneNumber = "13912345678";

/** The calls of both recordings, in order; codes and tokens are those of each. */
async function callEverything(game: Game, codes: { check: string; change: string }): Promise<Outcome[]> {
  const { user: api } = game;
  const outcomes: Outcome[] = [];
  const run = async (call: Promise<unknown>): Promise<void> => void outcomes.push(await outcomeOf(call));
  await run(api.getSelfInfo());
  await run(api.register({ ...user, username: "abc" }));
  await run(api.register({ ...user, verifyCode: "0000" }));
  await run(api.register(user));
  await run(api.register(user));
  await run(api.getSelfInfo());
  await run(api.login({ username: user.username, password: "wrong" }));
  const login = await api.login({ username: user.username, password: user.password });
  outcomes.push({ result: login });
  await run(api.refreshToken({ refresh_token: login.refreshToken }));
  await run(api.refreshToken({ refresh_token: "bogus" }));
  await run(api.getVerifyCode({ phoneNumber: "1" }));
  await run(api.getVerifyCode({ phoneNumber }));
  await run(api.checkVerifyCodeAvailable({ phoneNumber, verifyCode: codes.check }));
  await run(api.checkVerifyCodeAvailable({ phoneNumber, verifyCode: "x" }));
  await run(api.sendForgotPasswordVrifyCode({ phoneNumber: "1" }));
  await run(api.sendForgotPasswordVrifyCode({ phoneNumber }));
  return outcomes;
}

async function callPasswords(game: Game, code: string, wrongPhone: boolean): Promise<Outcome[]> {
  const { user: api } = game;
  const outcomes: Outcome[] = [];
  const run = async (call: Promise<unknown>): Promise<void> => void outcomes.push(await outcomeOf(call));
  await run(api.changePasswordByVerifyCode({ phoneNumber, verifyCode: "x", password: "newpass1" }));
  if (wrongPhone) {
    await run(
      api.changePasswordByVerifyCode({ phoneNumber: "13900000000", verifyCode: code, password: "newpass1" }),
    );
  }
  await run(api.changePasswordByVerifyCode({ phoneNumber, verifyCode: code, password: "newpass1" }));
  await run(api.changePasswordByPassword({ oldPassword: "wrong", newPassword: "newpass2" }));
  await run(api.changePasswordByPassword({ oldPassword: "secret1", newPassword: "abc" }));
  await run(api.changePasswordByPassword({ oldPassword: "secret1", newPassword: "newpass2" }));
  await run(api.logout());
  return outcomes;
}

/** What was recorded of a JSON conversation, in the same form. */
function recordedOutcomes(
  packets: readonly { plain?: string; dir: string; resultDecoded?: string }[],
): Outcome[] {
  return packets
    .filter(({ plain, dir }) => dir === "S>C" && plain !== undefined && !plain.startsWith('{"Module"'))
    .map(({ plain = "", resultDecoded }) => {
      const { state = 0, msg = "" }: { state?: number; msg?: string } = JSON.parse(plain);
      const result: unknown = JSON.parse(resultDecoded ?? "null");
      return state === 0 ? { result } : { state, msg };
    });
}

describe("against the recorded Go server", () => {
  test("every function of User is called by JSON, and answers and errors are read", async () => {
    const recording = await readRecording("json-user-functions");
    await using server = await startFakeGoServer(recording);
    await using game = await connect(server.url, { clientId: clientIdOf(recording, "A"), reconnect: false });
    const notices: string[] = [];
    let kicks = 0;
    game.user.on("onLoginSuccessNotify", ({ msg }) => notices.push(msg));
    game.on("kicked", () => kicks++);

    const outcomes = [
      ...(await callEverything(game, { check: "3599", change: "820834" })),
      ...(await callPasswords(game, "820834", true)),
    ];

    expect(server.mismatches).toEqual([]);
    expect(server.remaining).toBe(0);
    expect(stripZeros(outcomes)).toEqual(recordedOutcomes(recording.packets));
    expect(notices).toEqual(["Login Success Push\t"]);
    expect(kicks).toBe(1);
    expect(game.stats).toMatchObject({ pending: 0, strayAnswers: 0, lateAnswers: 0, unreadablePushes: 0 });
  });

  test("every function of User is called by protobuf, byte for byte", async () => {
    const recording = await readRecording("protobuf-user-functions");
    await using server = await startFakeGoServer(recording);
    const clientId = clientIdOf(recording, "A");
    await using game = await connect(server.url, { clientId, encoding: "protobuf", reconnect: false });
    const notices: string[] = [];
    game.user.on("onLoginSuccessNotify", ({ msg }) => notices.push(msg));

    const outcomes = [
      ...(await callEverything(game, { check: "9876", change: "039493" })),
      ...(await callPasswords(game, "039493", false)),
    ];

    expect(server.mismatches).toEqual([]);
    expect(server.remaining).toBe(0);
    const results = outcomes.map((outcome) => ("result" in outcome ? "ok" : outcome.state));
    expect(results).toEqual([
      249,
      1,
      3,
      "ok",
      2,
      "ok",
      1,
      "ok",
      "ok",
      1,
      253,
      241,
      "ok",
      1,
      253,
      "ok",
      1,
      "ok",
      1,
      2,
      "ok",
      "ok",
    ]);
    expect(outcomes[3]).toMatchObject({
      result: { result: "63d48427-8a20-40ca-b870-941dadc90995", tokenInfo: { expireAt: 0 } },
    });
    expect(outcomes[5]).toEqual({
      result: { userData: { UserName: phoneNumber, UserID: "63d48427-8a20-40ca-b870-941dadc90995" } },
    });
    expect(outcomes[7]).toMatchObject({ result: { expireAt: 604_800 } });
    expect(outcomes[12]).toEqual({ result: { isAvalible: true, isAccountTaken: false } });
    expect(notices).toEqual(["Login Success Push\t"]);
  });

  test("the push of a second login reaches the earlier connection, which may go on", async () => {
    const recording = await readRecording("push-on-second-login");
    await using server = await startFakeGoServer(recording);
    await using first = await connect(server.url, { clientId: clientIdOf(recording, "A"), reconnect: false });
    await using second = await connect(server.url, {
      clientId: clientIdOf(recording, "B"),
      reconnect: false,
    });
    const kicked = new Promise<string>((resolve) => first.on("kicked", ({ message }) => resolve(message)));
    const notice = new Promise<string>((resolve) =>
      first.user.on("onLoginSuccessNotify", ({ msg }) => resolve(msg)),
    );

    await first.user.register({ username: "pushuser", password: "secret1", verifyCode: "9966" });
    await second.user.login({ username: "pushuser", password: "secret1" });

    expect(await kicked).toBe("Other client Login");
    expect(await notice).toBe("Login Success Push\t");
    const { userData } = await first.user.getSelfInfo();
    expect(userData.UserName).toBe("pushuser");
    expect(server.mismatches).toEqual([]);
    expect(first.state.name).toBe("ready");
  });

  test("errors carry the contract's names", async () => {
    const recording = await readRecording("json-user-functions");
    await using server = await startFakeGoServer(recording);
    await using game = await connect(server.url, { clientId: clientIdOf(recording, "A"), reconnect: false });

    await expect(game.user.getSelfInfo()).rejects.toMatchObject({
      code: "needLogin",
      state: 0xf9,
      fromPeer: true,
    });
    await expect(game.user.register({ ...user, username: "abc" })).rejects.toMatchObject({
      code: "functionError",
      state: 1,
      errorName: User.errors.nameOrPasswordTooShort.name,
      detail: "Name or Password is too short",
    });
  });
});

/** JSON answers leave zero values out; the SDK fills them in. */
function stripZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripZeros);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, field]) => field !== 0 && field !== false && field !== "");
  return Object.fromEntries(kept.map(([key, field]) => [key, stripZeros(field)]));
}
