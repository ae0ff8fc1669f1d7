import { encodeMessage } from "@mqplay/shared";
import { describe, expect, it } from "vitest";
import {
  createEcho,
  json,
  member,
  notRun,
  protobuf,
  ran,
  Say,
  startRuntime,
  stranger,
} from "./testing/echo.ts";

describe("finding a function", () => {
  it("finds it by names, by numbers and by a mix of both [call-3]", async () => {
    const { runtime } = await startRuntime();
    const expected = { state: 0, msg: "", result: '{"text":"hi"}' };
    for (const [module, func] of [
      ["Echo", "Say"],
      [11, 1],
      ["Echo", 1],
      [11, "Say"],
    ] as const) {
      expect(runtime.invoke(json(module, func, { text: "hi" }), stranger())).toEqual(expected);
    }
  });

  it("answers NotFound for an unknown module or function, without a result [bad-1]", async () => {
    const { runtime } = await startRuntime();
    for (const [module, func] of [
      ["Nope", "Say"],
      ["Echo", "Nope"],
      [99, 1],
      [11, 99],
      ["11", "1"],
    ] as const) {
      expect(runtime.invoke(json(module, func), stranger())).toEqual(notRun("notFound"));
    }
    expect(runtime.invoke(protobuf(0, 0), stranger())).toEqual(notRun("notFound"));
  });

  it("matches names exactly, case included, and knows nothing that objects inherit [module-2]", async () => {
    const { runtime } = await startRuntime();
    for (const [module, func] of [
      ["echo", "Say"],
      ["Echo", "say"],
      ["__proto__", "Say"],
      ["Echo", "constructor"],
    ]) {
      expect(runtime.invoke(json(module ?? "", func ?? ""), stranger())).toEqual(notRun("notFound"));
    }
  });

  it("routes Name@instance to that instance, and the bare name to the one without [module-2]", async () => {
    const answering = (text: string, instance?: string) =>
      createEcho({ say: () => ({ text, times: 0 }) }, instance === undefined ? {} : { instance });
    const { runtime } = await startRuntime([answering("a", "a"), answering("plain"), answering("b", "b")]);
    const result = (module: string | number) => runtime.invoke(json(module, "Say"), stranger());
    expect(result("Echo@a")).toMatchObject({ result: '{"text":"a"}' });
    expect(result("Echo@b")).toMatchObject({ result: '{"text":"b"}' });
    expect(result("Echo")).toMatchObject({ result: '{"text":"plain"}' });
    expect(result(11)).toMatchObject({ result: '{"text":"plain"}' });
  });

  it("takes the first instance for the bare name when all have one", async () => {
    const named = (instance: string) =>
      createEcho({ say: () => ({ text: instance, times: 0 }) }, { instance });
    const { runtime } = await startRuntime([named("a"), named("b")]);
    expect(runtime.invoke(json("Echo", "Say"), stranger())).toMatchObject({ result: '{"text":"a"}' });
  });

  it("answers ServerIsDown for a known module that nobody serves [bad-2]", async () => {
    const { runtime } = await startRuntime();
    expect(runtime.invoke(json("Echo@west", "Say"), stranger())).toEqual(notRun("serverIsDown"));
    expect(runtime.invoke(json("Nope@west", "Say"), stranger())).toEqual(notRun("notFound"));
    expect(runtime.invoke(json("@west", "Say"), stranger())).toEqual(notRun("notFound"));
  });
});

describe("who may call", () => {
  it("answers NeedLogin before the handler runs when nobody is logged in [module-5]", async () => {
    let runs = 0;
    const whoAmI = () => ({ text: "x", times: (runs += 1) });
    const { runtime } = await startRuntime([createEcho({ whoAmI })]);
    expect(runtime.invoke(json("Echo", "WhoAmI"), stranger())).toEqual(notRun("needLogin"));
    expect(runs).toBe(0);
  });

  it("answers LoginTimeOut once the login is past its time, and takes its owner for a stranger elsewhere [user-3]", async () => {
    const { runtime, clock } = await startRuntime([
      createEcho({ say: (call) => ({ text: call.caller, times: 0 }) }),
    ]);
    const caller = member({ expiresAtMs: clock.nowMs() + 1_000 });
    clock.advance(999);
    expect(runtime.invoke(json("Echo", "WhoAmI"), caller)).toMatchObject({ state: 0 });
    expect(runtime.invoke(json("Echo", "Say"), caller)).toMatchObject({ result: '{"text":"user-1"}' });
    clock.advance(1);
    expect(runtime.invoke(json("Echo", "WhoAmI"), caller)).toEqual(notRun("loginTimeOut"));
    expect(runtime.invoke(json("Echo", "Say"), caller)).toMatchObject({ result: '{"text":"session-1"}' });
  });

  it("hides internal functions from clients, logged in or not [module-4]", async () => {
    const { runtime } = await startRuntime();
    for (const caller of [stranger(), member(), member({}, { via: "http" })]) {
      expect(runtime.invoke(json("Echo", "Inside"), caller)).toEqual(notRun("notFound"));
      expect(runtime.invoke(protobuf(11, 4), caller)).toEqual(notRun("notFound"));
    }
    expect(runtime.invoke(json("Echo", "Inside"), stranger({ via: "internal" }))).toMatchObject({ state: 0 });
  });

  it("takes the caller from the connection, whatever the parameters say [module-3]", async () => {
    const { runtime } = await startRuntime();
    const forged = {
      UserID: "user-2",
      userId: "user-2",
      user: { userId: "user-2" },
      sessionId: "x",
      identity: {},
    };
    expect(runtime.invoke(json("Echo", "WhoAmI", forged), stranger())).toEqual(notRun("needLogin"));
    expect(runtime.invoke(json("Echo", "WhoAmI", forged), member())).toMatchObject({
      result: '{"text":"user-1","times":1}',
    });
  });

  it("hands a handler the user's id when logged in, else the session's [module-5]", async () => {
    const say = (call: { caller: string }) => ({ text: call.caller, times: 0 });
    const { runtime } = await startRuntime([createEcho({ say })]);
    expect(runtime.invoke(json("Echo", "Say"), stranger())).toMatchObject({ result: '{"text":"session-1"}' });
    expect(runtime.invoke(json("Echo", "Say"), member())).toMatchObject({ result: '{"text":"user-1"}' });
  });
});

describe("parameters and results", () => {
  it("answers ParamParseFail for params that do not parse [bad-3]", async () => {
    const { runtime } = await startRuntime();
    for (const params of ["text", 1, true, [], { text: 1 }, { times: "many" }]) {
      expect(runtime.invoke(json("Echo", "Say", params), stranger())).toEqual(notRun("paramParseFail"));
    }
    expect(runtime.invoke(protobuf(11, 1, Uint8Array.of(0x0a, 0xff)), stranger())).toEqual(
      notRun("paramParseFail"),
    );
  });

  it("answers ParamParseFail for params of the wrong kind to a function that takes none [bad-3]", async () => {
    const { runtime } = await startRuntime();
    expect(runtime.invoke(json("Echo", "Nothing", [1]), stranger())).toEqual(notRun("paramParseFail"));
    expect(runtime.invoke(json("Echo", "Nothing", { any: 1 }), stranger())).toMatchObject({ state: 0 });
    const garbage = Uint8Array.of(0x0a, 0xff);
    expect(runtime.invoke(protobuf(11, 3, garbage), stranger())).toEqual(notRun("paramParseFail"));
    const unknownField = Uint8Array.of(0x08, 0x01);
    expect(runtime.invoke(protobuf(11, 3, unknownField), stranger())).toMatchObject({ state: 0 });
  });

  it("answers ParamNotAllow for params that break a rule of the contract", async () => {
    const { runtime } = await startRuntime();
    const answer = runtime.invoke(json("Echo", "Say", { text: "x".repeat(11) }), stranger());
    expect(answer).toEqual(notRun("paramNotAllow"));
  });

  it("takes missing and null params for empty ones [call-1]", async () => {
    const { runtime } = await startRuntime();
    for (const params of [undefined, null, {}]) {
      expect(runtime.invoke(json("Echo", "Say", params), stranger())).toEqual({
        state: 0,
        msg: "",
        result: "{}",
      });
    }
  });

  it("answers null for nothing and {} for an empty message in JSON, no bytes in protobuf [answer-3] [answer-4]", async () => {
    const { runtime } = await startRuntime();
    expect(runtime.invoke(json("Echo", "Nothing"), stranger())).toEqual({
      state: 0,
      msg: "",
      result: "null",
    });
    expect(runtime.invoke(protobuf(11, 3), stranger())).toEqual({
      state: 0,
      msg: "",
      result: new Uint8Array(0),
    });
    expect(runtime.invoke(protobuf(11, 1), stranger())).toMatchObject({ result: new Uint8Array(0) });
  });

  it("serves the same handler in JSON and in protobuf [module-5]", async () => {
    const { runtime } = await startRuntime();
    const bytes = Uint8Array.from(encodeMessage(Say, { text: "hi", times: 3 }));
    expect(runtime.invoke(protobuf(11, 1, bytes), stranger())).toEqual({ state: 0, msg: "", result: bytes });
    expect(runtime.invoke(json(11, 1, { text: "hi", times: 3 }), stranger())).toMatchObject({
      result: '{"text":"hi","times":3}',
    });
  });

  it("answers Internal when a handler returns what its contract does not allow", async () => {
    const wrong = JSON.parse('{"text":12,"times":0}');
    const { runtime, log } = await startRuntime([
      createEcho({ say: () => wrong, whoAmI: async () => wrong }),
    ]);
    expect(runtime.invoke(json("Echo", "Say"), stranger())).toEqual(ran("internal"));
    expect(await runtime.invoke(json("Echo", "WhoAmI"), member())).toEqual(ran("internal"));
    expect(log.lines.map(({ level }) => level)).toEqual(["error", "error"]);
  });
});
