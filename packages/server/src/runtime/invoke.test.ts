import { decodeMessage, MqplayError, States } from "@mqplay/shared";
import { describe, expect, it } from "vitest";
import { fail } from "./fail.ts";
import type { PushBody, PushTarget } from "./pushes.ts";
import {
  createEcho,
  Echo,
  json,
  member,
  noPushes,
  protobuf,
  ran,
  Say,
  startRuntime,
  stranger,
} from "./testing/echo.ts";

describe("errors of a handler", () => {
  it("answers a function's own error with its state, its text and null [answer-3] [state-1]", async () => {
    const say = (): never => {
      throw fail(Echo.errors.tooLoud, { detail: "said with 120 dB" });
    };
    const { runtime, log } = await startRuntime([createEcho({ say })]);
    expect(runtime.invoke(json("Echo", "Say"), stranger())).toEqual({
      state: 1,
      msg: "Too loud",
      result: "null",
    });
    expect(runtime.invoke(protobuf(11, 1), stranger())).toEqual({
      state: 1,
      msg: "Too loud",
      result: new Uint8Array(0),
    });
    expect(log.lines).toEqual([]);
  });

  it("answers a general state that a handler chose, with the table's text and null [state-2]", async () => {
    const say = async (): Promise<never> => {
      throw fail("frozen", { detail: "for cheating" });
    };
    const { runtime } = await startRuntime([createEcho({ say })]);
    expect(await runtime.invoke(json("Echo", "Say"), stranger())).toEqual(ran("frozen"));
  });

  it("keeps the text and stack of anything else in the log, with the call's name and user [bad-5]", async () => {
    const thrown: unknown[] = [
      new Error("password is hunter2"),
      "a string",
      undefined,
      new MqplayError("malformed", "secret detail"),
      new MqplayError("needLogin", "another server said so", { fromPeer: true }),
      Object.assign(new Error("forged"), { name: "MqplayError", code: "constructor" }),
    ];
    for (const error of thrown) {
      const whoAmI = (): never => {
        throw error;
      };
      const { runtime, log } = await startRuntime([createEcho({ whoAmI })]);
      expect(runtime.invoke(json("Echo", "WhoAmI"), member())).toEqual(ran("internal"));
      expect(log.lines).toHaveLength(1);
      expect(log.lines[0]).toMatchObject({
        level: "error",
        fields: { call: "Echo.WhoAmI", user: "user-1", err: error },
      });
      expect(runtime.stats.internalErrors).toBe(1);
    }
  });

  it("answers Internal for an error that the function does not declare, and says which in the log", async () => {
    const say = (): never => {
      throw fail(Echo.errors.elsewhere);
    };
    const { runtime, log } = await startRuntime([createEcho({ say })]);
    expect(runtime.invoke(json("Echo", "Say"), stranger())).toEqual(ran("internal"));
    expect(log.lines[0]?.message).toContain('"elsewhere"');
  });

  it("harms no other call by throwing [bad-5]", async () => {
    const say = (_call: unknown, request: Say): Say => {
      if (request.text === "boom") throw new Error("boom");
      return request;
    };
    const { runtime } = await startRuntime([createEcho({ say })]);
    void runtime.invoke(json("Echo", "Say", { text: "boom" }), stranger());
    expect(runtime.invoke(json("Echo", "Say", { text: "ok" }), stranger())).toMatchObject({ state: 0 });
    expect(runtime.running).toBe(0);
  });

  it("tells how long to wait with TooManyRequests, in the call's own encoding", async () => {
    const say = (): never => {
      throw fail("tooManyRequests", { retryAfterMs: 1_500.2 });
    };
    const { runtime } = await startRuntime([createEcho({ say })]);
    expect(runtime.invoke(json("Echo", "Say"), stranger())).toEqual({
      ...States.tooManyRequests,
      result: '{"retryAfterMs":1501}',
      retryAfterMs: 1_501,
    });
    const RetryAfter = Uint8Array.of(0x08, 0xdd, 0x0b);
    expect(runtime.invoke(protobuf(11, 1), stranger())).toMatchObject({ state: 0xed, result: RetryAfter });
  });

  it("answers StorageError and ServerIsDown of a store as they are, and logs the cause", async () => {
    for (const code of ["storageError", "serverIsDown"] as const) {
      const say = async (): Promise<never> => {
        throw new MqplayError(code, "MySQL said no", { cause: new Error("ER_1") });
      };
      const { runtime, log } = await startRuntime([createEcho({ say })]);
      expect(await runtime.invoke(json("Echo", "Say"), stranger())).toEqual(ran(code));
      expect(log.lines).toMatchObject([{ level: "warn", fields: { call: "Echo.Say" } }]);
    }
  });

  it("survives a thenable that throws or answers twice [answer-5]", async () => {
    const bad = thenable((resolve) => {
      resolve({ text: "one", times: 0 });
      resolve({ text: "two", times: 0 });
      throw new Error("three");
    });
    const throwing = thenable(() => {
      throw new Error("no");
    });
    for (const [value, expected] of [
      [bad, '{"text":"one"}'],
      [throwing, "null"],
    ] as const) {
      const { runtime } = await startRuntime([createEcho({ say: () => value })]);
      expect(await runtime.invoke(json("Echo", "Say"), stranger())).toMatchObject({ result: expected });
      expect(runtime.running).toBe(0);
    }
  });
});

describe("pushing from a handler", () => {
  it("sends a module's push to the caller, with the module's number and in either form", async () => {
    const sent: { target: PushTarget; body: PushBody }[] = [];
    const pushes = {
      ...noPushes,
      send(target: PushTarget, body: PushBody) {
        sent.push({ target, body });
        return { sent: 1, kept: 0, dropped: 0 };
      },
    };
    const module = createEcho({
      async nothing(call) {
        call.push(Echo.pushes.said, { text: "me", times: 1 });
        await call.pushes.send({ user: "user-2" }, Echo.pushes.said, { text: "you", times: 0 });
      },
    });
    const { runtime } = await startRuntime([module], { pushes });
    await runtime.invoke(json("Echo", "Nothing"), stranger());
    expect(sent.map(({ target }) => target)).toEqual([{ session: "session-1" }, { user: "user-2" }]);
    const [first] = sent;
    expect(first?.body).toMatchObject({ module: 11, type: 7 });
    expect(Buffer.from(first?.body.json() ?? []).toString()).toBe('{"text":"me","times":1}');
    expect(decodeMessage(Say, first?.body.protobuf() ?? new Uint8Array(0))).toEqual({ text: "me", times: 1 });
  });

  it("answers Internal when a push breaks its contract: the caller's parameters were right", async () => {
    const module = createEcho({
      nothing: (call) => call.push(Echo.pushes.said, { text: "x".repeat(11), times: 0 }),
    });
    const { runtime } = await startRuntime([module]);
    expect(runtime.invoke(json("Echo", "Nothing"), stranger())).toEqual(ran("internal"));
  });

  it("logs a push of its own that was lost, and answers all the same", async () => {
    const pushes = { ...noPushes, send: () => Promise.reject(new Error("outbox away")) };
    const module = createEcho({ nothing: (call) => call.push(Echo.pushes.said, { text: "", times: 0 }) });
    const { runtime, log } = await startRuntime([module], { pushes });
    expect(runtime.invoke(json("Echo", "Nothing"), stranger())).toMatchObject({ state: 0 });
    await Promise.resolve();
    await Promise.resolve();
    expect(log.lines).toMatchObject([{ level: "warn", fields: { push: "Said" } }]);
  });
});

/** Something with a `then` of its own making; whatever it is taken for, the types do not say. */
function thenable(then: (resolve: (value: Say) => void) => void): PromiseLike<Say> & Promise<Say> {
  // oxlint-disable-next-line unicorn/no-thenable -- a hostile thenable is what the test is about
  return Object.defineProperty(Object.create(null), "then", { value: then });
}
