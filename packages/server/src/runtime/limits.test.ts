import { describe, expect, it } from "vitest";
import { fail } from "./fail.ts";
import { deferred, settle } from "./testing/deferred.ts";
import { createEcho, Echo, json, notRun, ran, type Say, startRuntime, stranger } from "./testing/echo.ts";

describe("time limits", () => {
  it("answers RequestTimeout when the limit strikes, aborts the signal and drops the late result [bad-6] [answer-5]", async () => {
    const late = deferred<Say>();
    let signal: AbortSignal | undefined;
    const say = (call: { signal: AbortSignal }) => {
      ({ signal } = call);
      return late.promise;
    };
    const { runtime, clock, log } = await startRuntime([createEcho({ say })], { timeoutMs: 2_000 });
    const answer = runtime.invoke(json("Echo", "Say"), stranger());
    clock.advance(1_999);
    expect(signal?.aborted).toBe(false);
    expect(runtime.running).toBe(1);
    clock.advance(1);
    expect(await answer).toEqual(ran("requestTimeout"));
    expect(signal?.aborted).toBe(true);
    expect(runtime.running).toBe(0);
    late.resolve({ text: "late", times: 0 });
    await late.promise;
    await Promise.resolve();
    expect(runtime.stats).toMatchObject({ timeouts: 1, lateResults: 1 });
    expect(log.lines.at(-1)).toMatchObject({ level: "debug", fields: { call: "Echo.Say" } });
  });

  it("drops a late error, too, and logs it at debug", async () => {
    const late = deferred<Say>();
    const { runtime, clock, log } = await startRuntime([createEcho({ say: () => late.promise })]);
    const answer = runtime.invoke(json("Echo", "Say"), stranger());
    clock.advance(10_000);
    expect(await answer).toEqual(ran("requestTimeout"));
    late.reject(new Error("too late"));
    await late.promise.catch(() => {});
    await Promise.resolve();
    expect(log.lines.at(-1)).toMatchObject({ level: "debug" });
    expect(runtime.stats.internalErrors).toBe(0);
  });

  it("takes a function's own limit before the module's, and the module's before the runtime's", async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const module = createEcho(
      { say: never, nothing: never },
      { timeoutMs: 500, limits: { say: { timeoutMs: 100 } } },
    );
    const { runtime, clock } = await startRuntime([module]);
    const answers: string[] = [];
    void Promise.resolve(runtime.invoke(json("Echo", "Say"), stranger())).then(() => answers.push("say"));
    const second = Promise.resolve(runtime.invoke(json("Echo", "Nothing"), stranger()));
    void second.then(() => answers.push("nothing"));
    clock.advance(100);
    await Promise.resolve();
    await Promise.resolve();
    expect(answers).toEqual(["say"]);
    clock.advance(400);
    await second;
    expect(answers).toEqual(["say", "nothing"]);
  });

  it("aborts the signal when the connection ends, and forgets the connection when the call does", async () => {
    const connection = new AbortController();
    const gate = deferred<Say>();
    let signal: AbortSignal | undefined;
    const say = (call: { signal: AbortSignal }) => {
      ({ signal } = call);
      return gate.promise;
    };
    const { runtime } = await startRuntime([createEcho({ say })]);
    const first = runtime.invoke(json("Echo", "Say"), stranger({ signal: connection.signal }));
    gate.resolve({ text: "", times: 0 });
    await first;
    const firstSignal = signal;
    void runtime.invoke(json("Echo", "Say"), stranger({ signal: connection.signal }));
    connection.abort();
    expect(signal?.aborted).toBe(true);
    expect(firstSignal).not.toBe(signal);
  });

  it("logs no fault when a handler gives up because its connection ended", async () => {
    const connection = new AbortController();
    const started = deferred<undefined>();
    const say = async (call: { signal: AbortSignal }): Promise<Say> => {
      call.signal.throwIfAborted();
      await started.promise;
      call.signal.throwIfAborted();
      return { text: "", times: 0 };
    };
    const { runtime, log } = await startRuntime([createEcho({ say })]);
    const answer = runtime.invoke(json("Echo", "Say"), stranger({ signal: connection.signal }));
    connection.abort();
    started.resolve(undefined);
    expect(await answer).toEqual(ran("requestTimeout"));
    expect(log.lines).toEqual([]);
    expect(runtime.stats).toMatchObject({ internalErrors: 0, timeouts: 0 });
  });

  it("gives a handler that asks after the connection's end an aborted signal", async () => {
    let aborted: boolean | undefined;
    const say = (call: { signal: AbortSignal }, request: Say) => {
      ({ aborted } = call.signal);
      return request;
    };
    const { runtime } = await startRuntime([createEcho({ say })]);
    void runtime.invoke(json("Echo", "Say"), stranger({ signal: AbortSignal.abort() }));
    expect(aborted).toBe(true);
  });

  it("does not strike a call that has been answered", async () => {
    const say = async (_call: unknown, request: Say) => request;
    const { runtime, clock, log } = await startRuntime([createEcho({ say })]);
    expect(await runtime.invoke(json("Echo", "Say"), stranger())).toMatchObject({ state: 0 });
    clock.advance(20_000);
    expect(runtime.running).toBe(0);
    expect(runtime.stats.timeouts).toBe(0);
    expect(log.lines).toEqual([]);
  });

  it("answers at once where the handler does: no promise, no timer", async () => {
    const { runtime, clock } = await startRuntime();
    expect(runtime.invoke(json("Echo", "Say", { text: "hi" }), stranger())).not.toBeInstanceOf(Promise);
    expect(clock.timers).toBe(0);
  });
});

describe("limits", () => {
  it("lets no more calls of a function run than it says, and lets the next in when one ends", async () => {
    const gates = [deferred<Say>(), deferred<Say>(), deferred<Say>()];
    let begun = 0;
    const say = () => {
      begun += 1;
      return gates[begun - 1]?.promise ?? Promise.reject(new Error("none left"));
    };
    const module = createEcho({ say }, { limits: { say: { maxRunning: 1, maxWaiting: 2 } } });
    const { runtime } = await startRuntime([module]);
    const calls = gates.map(() => runtime.invoke(json("Echo", "Say"), stranger()));
    expect(begun).toBe(1);
    expect(runtime.invoke(json("Echo", "Say"), stranger())).toBeInstanceOf(Promise);
    expect(await runtime.invoke(json("Echo", "Say"), stranger())).toMatchObject({
      state: 0xed,
      retryAfterMs: 1_000,
    });
    for (const [index, gate] of gates.entries()) {
      gate.resolve({ text: String(index), times: 0 });
      expect(await calls[index]).toMatchObject({ result: `{"text":"${index}"}` });
    }
    expect(runtime.running).toBe(0);
  });

  it("counts waiting against the time limit; a call whose turn never came has not run", async () => {
    const never = (): Promise<never> => new Promise(() => {});
    const module = createEcho({ say: never }, { limits: { say: { maxRunning: 1, maxWaiting: 1 } } });
    const { runtime, clock } = await startRuntime([module]);
    const running = runtime.invoke(json("Echo", "Say"), stranger());
    const waiting = runtime.invoke(json("Echo", "Say"), stranger());
    clock.advance(10_000);
    expect(await running).toEqual(ran("requestTimeout"));
    expect(await waiting).toEqual(notRun("requestTimeout"));
  });

  it("never runs a call whose time was up before its turn came", async () => {
    const slow = deferred<Say>();
    let begun = 0;
    const say = () => {
      begun += 1;
      return slow.promise;
    };
    const module = createEcho({ say }, { limits: { say: { maxRunning: 1, maxWaiting: 1 } } });
    const { runtime, clock } = await startRuntime([module]);
    const calls = [1, 2].map(async () => runtime.invoke(json("Echo", "Say"), stranger()));
    clock.advance(10_000);
    await Promise.all(calls);
    slow.resolve({ text: "", times: 0 });
    await settle();
    expect(begun).toBe(1);
  });

  it("keeps the place of a handler that overran its limit until it ends", async () => {
    const slow = deferred<Say>();
    let begun = 0;
    const say = () => {
      begun += 1;
      return slow.promise;
    };
    const module = createEcho({ say }, { limits: { say: { maxRunning: 1 } } });
    const { runtime, clock } = await startRuntime([module]);
    const first = runtime.invoke(json("Echo", "Say"), stranger());
    clock.advance(10_000);
    await first;
    expect(await runtime.invoke(json("Echo", "Say"), stranger())).toMatchObject({ state: 0xed });
    slow.resolve({ text: "", times: 0 });
    await slow.promise;
    await Promise.resolve();
    expect(await runtime.invoke(json("Echo", "Say"), stranger())).toMatchObject({ state: 0 });
    expect(begun).toBe(2);
  });

  it("gives the place back when a handler throws at once", async () => {
    const say = (): never => {
      throw fail(Echo.errors.tooLoud);
    };
    const { runtime } = await startRuntime([createEcho({ say }, { limits: { say: { maxRunning: 1 } } })]);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(runtime.invoke(json("Echo", "Say"), stranger())).toMatchObject({ state: 1 });
    }
  });

  it("answers a waiting call whose handler throws in its turn, and goes on", async () => {
    const first = deferred<Say>();
    let begun = 0;
    const say = () => {
      begun += 1;
      if (begun === 2) throw new Error("second");
      return first.promise;
    };
    const module = createEcho({ say }, { limits: { say: { maxRunning: 1, maxWaiting: 2 } } });
    const { runtime } = await startRuntime([module]);
    const calls = [1, 2, 3].map(async () => runtime.invoke(json("Echo", "Say"), stranger()));
    first.resolve({ text: "", times: 0 });
    const states = (await Promise.all(calls)).map(({ state }) => state);
    expect(states).toEqual([0, 0xff, 0]);
    expect(runtime.running).toBe(0);
  });

  it("refuses calls beyond its own bound, and takes them again when some have ended", async () => {
    const gate = deferred<Say>();
    const { runtime } = await startRuntime([createEcho({ say: () => gate.promise })], { maxRunning: 2 });
    const calls = [1, 2].map(async () => runtime.invoke(json("Echo", "Say"), stranger()));
    expect(runtime.invoke(json("Echo", "Nothing"), stranger())).toMatchObject({ state: 0xed });
    expect(runtime.stats.refused).toBe(1);
    gate.resolve({ text: "", times: 0 });
    await Promise.all(calls);
    expect(runtime.invoke(json("Echo", "Nothing"), stranger())).toMatchObject({ state: 0 });
  });
});
