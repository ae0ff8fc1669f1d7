import { protobufCodec, States, type Answer, type Call } from "@mqplay/shared";
import { describe, expect, it } from "vitest";
import { OnceCalls } from "./once.ts";
import { deferred } from "./testing/deferred.ts";
import { createEcho, Echo, member, notRun, type Say, startRuntime, stranger } from "./testing/echo.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const KEY = "key-of-16-chars_";
const once = (params?: unknown, key: string = KEY, func = "WhoAmI"): Call => ({
  encoding: "json",
  module: "Echo",
  func,
  params,
  once: key,
});
const inProtobuf = (params = new Uint8Array(0), key = KEY): Call =>
  protobufCodec.decodeCall(
    protobufCodec.encodeCall({ encoding: "protobuf", module: 11, func: 2, params, once: key }),
  );

/** A module whose idempotent function counts how often it ran. */
function counting(result?: () => Promise<Say>) {
  const runs: string[] = [];
  const module = createEcho({
    whoAmI: (call) => {
      runs.push(call.once ?? "no key");
      return result?.() ?? { text: "run", times: runs.length };
    },
    say: (_call, request) => {
      runs.push("say");
      return request;
    },
  });
  return { module, runs };
}

describe("a call with a key [call-5]", () => {
  it.each([
    ["JSON", once()],
    ["protobuf", inProtobuf()],
  ])(
    "runs once and gets the same answer again, on whatever connection its user sends it, in %s",
    async (_name, call) => {
      const { module, runs } = counting();
      const { runtime } = await startRuntime([module]);
      const first = runtime.invoke(call, member({}, { sessionId: "session-1" }));
      expect(runtime.invoke(call, member({}, { sessionId: "session-2" }))).toEqual(first);
      expect(runs).toEqual([KEY]);
      expect(runtime.invoke(once(undefined, "another-key-of-this-user"), member())).not.toEqual(first);
      expect(runs).toHaveLength(2);
    },
  );

  it("that comes while the first one runs waits for the same answer; a few may wait, the rest is refused", async () => {
    const result = deferred<Say>();
    const { module, runs } = counting(() => result.promise);
    const { runtime } = await startRuntime([module]);
    const first = runtime.invoke(once(), member());
    const repeated = Array.from({ length: 8 }, () => runtime.invoke(once(), member()));
    expect(runtime.invoke(once(), member())).toMatchObject({ state: States.tooManyRequests.state });
    result.resolve({ text: "late", times: 1 });
    const answer = await first;
    expect(answer).toMatchObject({ state: 0, result: '{"text":"late","times":1}' });
    for (const other of repeated) expect(await other).toEqual(answer);
    expect(runs).toHaveLength(1);
    expect(runtime.running).toBe(0);
  });

  it("never meets another user's, and other parameters under the same key are refused with BadRequest", async () => {
    const { module, runs } = counting();
    const { runtime } = await startRuntime([module]);
    void runtime.invoke(once(), member());
    void runtime.invoke(once(), member({ userId: "user-2" }));
    expect(runs).toHaveLength(2);
    expect(runtime.invoke(once({ other: 1 }), member())).toEqual(notRun("badRequest"));
    expect(runtime.invoke(inProtobuf(), member())).toEqual(notRun("badRequest"));
    expect(runs).toHaveLength(2);
  });

  it("of somebody who is not logged in is known on its own connection only", async () => {
    const refresh = { ...Echo.funcs.say, idempotent: true };
    const { module, runs } = counting();
    const contract = { ...Echo, funcs: { ...Echo.funcs, say: refresh } };
    const funcs = module.funcs.map((func) =>
      func.contract.name === "Say" ? { ...func, contract: refresh } : func,
    );
    const { runtime } = await startRuntime([{ ...module, contract, funcs }]);
    const call = once({ text: "hi" }, KEY, "Say");
    void runtime.invoke(call, stranger());
    void runtime.invoke(call, stranger());
    expect(runs).toHaveLength(1);
    void runtime.invoke(call, stranger({ sessionId: "session-2" }));
    expect(runs).toHaveLength(2);
  });

  it("runs again where the contract does not say idempotent, as if it had no key", async () => {
    const { module, runs } = counting();
    const { runtime } = await startRuntime([module]);
    const call = once({ text: "hi" }, KEY, "Say");
    void runtime.invoke(call, member());
    void runtime.invoke(call, member());
    expect(runs).toEqual(["say", "say"]);
  });

  it("goes on when its connection ends, for its caller comes back", async () => {
    const connection = new AbortController();
    const result = deferred<Say>();
    let signal: AbortSignal | undefined;
    const whoAmI = (call: { readonly signal: AbortSignal }): Promise<Say> => {
      ({ signal } = call);
      return result.promise;
    };
    const { runtime } = await startRuntime([createEcho({ whoAmI })]);
    void runtime.invoke(once(), member({}, { signal: connection.signal }));
    connection.abort();
    expect(signal?.aborted).toBe(false);
    const again = runtime.invoke(once(), member({}, { sessionId: "session-2" }));
    result.resolve({ text: "done", times: 1 });
    expect(await again).toMatchObject({ state: 0 });
  });

  it("whose key is none is answered ParamParseFail", async () => {
    const { module, runs } = counting();
    const { runtime } = await startRuntime([module]);
    expect(runtime.invoke(inProtobuf(undefined, "short"), member())).toEqual(notRun("paramParseFail"));
    expect(runs).toEqual([]);
  });
});

describe("what is remembered [call-5]", () => {
  const done = (result: string): Answer => ({ state: 0, msg: "", result });
  const refuse = () => notRun("tooManyRequests");
  const named = (owner: string, key: string) => ({ owner, name: "Echo.WhoAmI", key, call: once() });

  it("is forgotten 60 s after the answer, without another call and without a timer left", () => {
    const clock = new ManualClock();
    const calls = new OnceCalls(clock);
    let runs = 0;
    const run = () => calls.run(named("a", "1"), () => done(String(++runs)), refuse);
    void run();
    clock.advance(59_999);
    expect(run()).toEqual(done("1"));
    clock.advance(1);
    expect(calls.size).toBe(0);
    expect(clock.timers).toBe(0);
    expect(run()).toEqual(done("2"));
  });

  it("is no answer that says that nothing ran", () => {
    const calls = new OnceCalls(new ManualClock());
    for (const state of ["tooManyRequests", "serverIsDown"] as const) {
      void calls.run(named("a", state), () => notRun(state), refuse);
    }
    expect(calls.size).toBe(0);
  });

  it("is bounded in number and bytes, and who floods it loses what is their own", () => {
    const limits = {
      perOwner: { count: 2, bytes: 10_000 },
      all: { count: 5, bytes: 1_000_000 },
      waiting: 1,
    };
    const calls = new OnceCalls(new ManualClock(), limits);
    const ran: string[] = [];
    const run = (owner: string, key: string, result = "{}") =>
      calls.run(named(owner, key), () => (ran.push(`${owner}${key}`), done(result)), refuse);
    void run("a", "1");
    for (let key = 1; key <= 20; key++) void run("b", String(key));
    expect(calls.size).toBe(3);
    expect(calls.stats.forgotten).toBe(18);
    void run("a", "1");
    expect(ran.filter((name) => name === "a1")).toHaveLength(1);
    void run("a", "2", "x".repeat(6_000));
    expect(calls.size).toBe(2);
    for (const owner of ["c", "d", "e", "f"]) for (const key of ["1", "2"]) void run(owner, key);
    expect(calls.size).toBe(5);
  });
});
