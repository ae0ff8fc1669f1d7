import { jsonCodec, User, utf8Encode, type Answer, type Call } from "@mqplay/shared";
import { describe, expect, test } from "vitest";
import { connectInMemory } from "../testing/memory-game.ts";
import { settle } from "../testing/manual-clock.ts";
import type { MemoryServerOptions } from "../testing/memory-server.ts";

const account = { username: "someone", password: "secret" };
const silent: MemoryServerOptions = { handler: () => undefined };

function selfInfo(name: string): Answer {
  return { state: 0, msg: "", result: JSON.stringify({ userData: { UserName: name, UserID: "id" } }) };
}

describe("a call", () => {
  test("goes out sealed, as the contract writes it, and gets its answer", async () => {
    const { game, server } = await connectInMemory({ handler: () => selfInfo("me") });
    expect(await game.user.getSelfInfo()).toEqual({ userData: { UserName: "me", UserID: "id" } });
    expect(server.latest.calls).toEqual([
      {
        encoding: "json",
        module: "User",
        func: "GetSelfInfo",
        params: undefined,
        id: undefined,
        once: expect.any(String),
      },
    ]);
  });

  test("gets its answer by packet identifier, in whatever order answers come [answer-1]", async () => {
    const { game, server } = await connectInMemory(silent);
    const first = game.user.getSelfInfo();
    const second = game.user.getSelfInfo();
    const { calls, packetIds } = server.latest;
    expect(new Set(packetIds).size).toBe(2);
    for (const [at, name] of [
      [1, "second"],
      [0, "first"],
    ] as const) {
      const call = calls[at];
      if (call !== undefined) server.latest.answer(packetIds[at] ?? 0, call, selfInfo(name));
    }
    expect((await first).userData.UserName).toBe("first");
    expect((await second).userData.UserName).toBe("second");
  });

  test.each(["before", "after", "never"] as const)(
    "is answered when its acknowledgement comes %s the answer",
    async (when) => {
      const { game } = await connectInMemory({ acknowledges: when, handler: () => selfInfo("me") });
      expect((await game.user.getSelfInfo()).userData.UserName).toBe("me");
      expect((await game.user.getSelfInfo()).userData.UserName).toBe("me");
      expect(game.stats.pending).toBe(0);
    },
  );

  test("takes 200 for success as well as 0 [state-1]", async () => {
    const { game } = await connectInMemory({ handler: () => ({ ...selfInfo("me"), state: 200 }) });
    expect((await game.user.getSelfInfo()).userData.UserName).toBe("me");
  });

  test.each([
    ["null", '{"result":"bnVsbA=="}'],
    ["no result", "{}"],
    ["an empty message", '{"result":"e30="}'],
    ["a plain object", '{"result":{}}'],
  ])("reads %s as the empty result [answer-3]", async (_name, answer) => {
    const { game, server } = await connectInMemory(silent);
    const call = game.user.login(account);
    server.latest.sendPlain("i", utf8Encode(answer), server.latest.packetIds[0]);
    expect(await call).toEqual({ token: "", refreshToken: "", expireAt: 0 });
  });

  test("that the server refuses rejects with its code, state and text", async () => {
    const answers: Answer[] = [
      { state: 1, msg: "UserName or Password Error", result: "null" },
      { state: 0xf9, msg: "Need Login first", result: undefined },
      { state: 77, msg: "", result: undefined },
    ];
    const { game } = await connectInMemory({ handler: () => answers.shift() });
    await expect(game.user.login(account)).rejects.toMatchObject({
      code: "functionError",
      state: 1,
      errorName: "wrongCredentials",
      detail: "UserName or Password Error",
      fromPeer: true,
    });
    await expect(game.user.login(account)).rejects.toMatchObject({ code: "needLogin", state: 0xf9 });
    await expect(game.user.login(account)).rejects.toMatchObject({
      code: "functionError",
      state: 77,
      detail: "state 77",
    });
  });

  test.each([
    ["json", '{"retryAfterMs":1500}', 1_500],
    ["protobuf", Uint8Array.of(0x08, 0xdc, 0x0b), 1_500],
    ["json", "null", undefined],
    ["json", '"soon"', undefined],
    ["protobuf", new Uint8Array(0), undefined],
    ["protobuf", Uint8Array.of(0xff), undefined],
  ] as const)(
    "that comes too often tells by %s how long to wait: %o",
    async (encoding, result, retryAfterMs) => {
      const answer: Answer = { state: 0xed, msg: "Too Many Requests", result };
      const { game } = await connectInMemory({ handler: () => answer }, { encoding });
      await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "tooManyRequests", retryAfterMs });
    },
  );

  test("whose answer cannot be read rejects as malformed", async () => {
    const { game, server } = await connectInMemory(silent);
    const call = expect(game.user.login(account)).rejects.toMatchObject({
      code: "malformed",
      mayHaveRun: true,
    });
    server.latest.sendPlain("i", utf8Encode("no json"), server.latest.packetIds[0]);
    await call;
    expect(game.stats.pending).toBe(0);
  });

  test("with parameters that break the contract is not sent, and the error names the field", async () => {
    const { game, server } = await connectInMemory();
    // @ts-expect-error a number is no password
    await expect(game.user.login({ username: "a", password: 12 })).rejects.toMatchObject({
      code: "paramNotAllow",
      path: "password",
      mayHaveRun: false,
    });
    // @ts-expect-error the request is missing
    await expect(game.user.login()).rejects.toMatchObject({ code: "paramNotAllow" });
    expect(server.latest.calls).toEqual([]);
  });

  test("of a function that does not exist says which there are and which was meant", async () => {
    const { game } = await connectInMemory();
    const misspelt: unknown = Reflect.get(game.user, "getSelfInof");
    if (typeof misspelt !== "function") throw new Error("there should be a function that rejects");
    await expect(misspelt()).rejects.toMatchObject({ code: "notFound", mayHaveRun: false });
    await expect(misspelt()).rejects.toThrow(
      /User has no function "getSelfInof", did you mean "getSelfInfo"\?.*login/,
    );
    expect(Reflect.get(game.user, "then")).toBeUndefined();
  });
});

describe("a call's end without an answer", () => {
  test("comes after its time limit and says how long, which call, and how far it came", async () => {
    const { game, clock } = await connectInMemory({ ...silent, acknowledges: "never" }, { timeoutMs: 700 });
    const call = expect(game.user.login(account)).rejects.toMatchObject({
      code: "callTimeout",
      mayHaveRun: true,
      detail: "User.Login got no answer within 700 ms; it was sent, but the server did not acknowledge it",
    });
    await clock.advance(700);
    await call;
    const short = expect(game.user.login(account, { timeoutMs: 5 })).rejects.toMatchObject({
      code: "callTimeout",
    });
    await clock.advance(5);
    await short;
    expect(game.stats.pending).toBe(0);
  });

  test("says that the server acknowledged it, when it did", async () => {
    const { game, clock } = await connectInMemory(silent);
    const call = expect(game.user.login(account)).rejects.toThrow(
      /within 10000 ms; it was sent and the server acknowledged it/,
    );
    await clock.advance(10_000);
    await call;
  });

  test("comes at once when its signal is aborted, before or after it was sent", async () => {
    const { game, server } = await connectInMemory(silent);
    const controller = new AbortController();
    const call = expect(game.user.login(account, { signal: controller.signal })).rejects.toMatchObject({
      code: "callAborted",
      cause: new Error("left the menu"),
      mayHaveRun: true,
    });
    controller.abort(new Error("left the menu"));
    await call;
    await expect(game.user.login(account, { signal: controller.signal })).rejects.toMatchObject({
      mayHaveRun: false,
    });
    expect(server.latest.calls).toHaveLength(1);
  });

  test("leaves its late answer to nobody: it is dropped and counted", async () => {
    const { game, server, clock } = await connectInMemory(silent);
    const call = expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "callTimeout" });
    await clock.advance(10_000);
    await call;
    const [late] = server.latest.calls;
    const next = game.user.getSelfInfo();
    if (late !== undefined) server.latest.answer(server.latest.packetIds[0] ?? 0, late, selfInfo("late"));
    const [, current] = server.latest.calls;
    if (current !== undefined)
      server.latest.answer(server.latest.packetIds[1] ?? 0, current, selfInfo("current"));
    expect((await next).userData.UserName).toBe("current");
    expect(game.stats).toMatchObject({ lateAnswers: 1, strayAnswers: 0 });
  });

  test("on f does not make its late answer a push", async () => {
    const { game, server, clock } = await connectInMemory(silent, { encoding: "protobuf" });
    const pushes: unknown[] = [];
    game.onPush((push) => pushes.push(push));
    const call = expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "callTimeout" });
    await clock.advance(10_000);
    await call;
    const [late] = server.latest.calls;
    if (late !== undefined) {
      server.latest.answer(server.latest.packetIds[0] ?? 0, late, {
        state: 0,
        msg: "",
        result: new Uint8Array(0),
      });
    }
    expect(pushes).toEqual([]);
    expect(game.stats).toMatchObject({ lateAnswers: 1, unreadablePushes: 0 });
  });

  test("leaves no timer and no listener behind", async () => {
    const { game, clock, server } = await connectInMemory({ handler: () => selfInfo("me") });
    const timers = clock.running;
    const added: unknown[] = [];
    const signal = {
      aborted: false,
      addEventListener: (_type: "abort", listener: () => void) => void added.push(listener),
      removeEventListener: (_type: "abort", listener: () => void) =>
        void added.splice(added.indexOf(listener), 1),
    };
    await game.user.getSelfInfo({ signal });
    expect(clock.running).toBe(timers);
    expect(added).toEqual([]);
    expect(server.latest.calls).toHaveLength(1);
  });
});

test("calls beyond the bound are refused, and the bound frees itself", async () => {
  const pending: { call: Call; id: number }[] = [];
  const { game, server } = await connectInMemory(silent, { maxPendingCalls: 2 });
  const first = game.user.getSelfInfo();
  const second = game.user.getSelfInfo();
  await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "callLimit", mayHaveRun: false });
  for (const [at, call] of server.latest.calls.entries())
    pending.push({ call, id: server.latest.packetIds[at] ?? 0 });
  for (const { call, id } of pending) server.latest.answer(id, call, selfInfo("me"));
  await Promise.all([first, second]);
  const third = game.user.getSelfInfo();
  await settle();
  expect(server.latest.calls).toHaveLength(3);
  await game.close();
  await expect(third).rejects.toMatchObject({ code: "connectionLost" });
});

test("a module's instance is called by name, in JSON whatever the encoding [module-2]", async () => {
  const { game, server } = await connectInMemory({ handler: () => selfInfo("me") }, { encoding: "protobuf" });
  await game.module(User, { instance: "eu-1" }).getSelfInfo();
  expect(server.latest.calls[0]).toMatchObject({
    encoding: "json",
    module: "User@eu-1",
    func: "GetSelfInfo",
  });
});

test("a contract whose function would hide the pushes' on is refused", async () => {
  const { game } = await connectInMemory();
  const contract = { ...User, funcs: { on: User.funcs.logout } };
  expect(() => game.module(contract)).toThrow(/contractInvalid.*"on"/);
});

test("a call too large for the server is refused here, and the connection lives on", async () => {
  const { game, server } = await connectInMemory({}, { maxPayloadBytes: 100 });
  await expect(game.user.login({ username: "x".repeat(90), password: "y" })).rejects.toMatchObject({
    code: "payloadTooLarge",
    mayHaveRun: false,
    detail: expect.stringMatching(/User.Login was not sent: it has \d+ bytes, more than the 100/),
  });
  await game.user.login(account);
  expect(server.latest.calls).toHaveLength(1);
});

test("a stray answer on i is counted and reported", async () => {
  const warnings: string[] = [];
  const { game, server } = await connectInMemory(
    {},
    { logger: { warn: (message) => warnings.push(message) } },
  );
  server.latest.sendPlain(
    "i",
    jsonCodec.encodeAnswer(selfInfo("nobody"), { module: "User", func: "GetSelfInfo" }),
    999,
  );
  expect(game.stats.strayAnswers).toBe(1);
  expect(warnings).toHaveLength(1);
});

test("a call may be written otherwise than its game's", async () => {
  const { game, server } = await connectInMemory({}, { encoding: "json" });
  await game.user.login(account, { encoding: "protobuf" });
  expect(server.latest.calls[0]).toMatchObject({ encoding: "protobuf", module: 2, func: 1 });
});
