import { describe, expect, it } from "vitest";
import { silentLog } from "../ops/log.ts";
import { createRuntime } from "./runtime.ts";
import { deferred, settle } from "./testing/deferred.ts";
import {
  createEcho,
  json,
  noPushes,
  noSessions,
  notRun,
  ran,
  type Say,
  startRuntime,
  stranger,
} from "./testing/echo.ts";

describe("starting and stopping", () => {
  it("answers ServerIsDown before start and after stop [bad-2]", async () => {
    const deps = { builtInModules: [], modules: [createEcho()], sessions: noSessions, pushes: noPushes };
    const runtime = createRuntime({ ...deps, log: silentLog });
    expect(runtime.invoke(json("Echo", "Say"), stranger())).toEqual(notRun("serverIsDown"));
    await runtime.start();
    expect(runtime.invoke(json("Echo", "Say"), stranger())).toMatchObject({ state: 0 });
    await runtime.stop(0);
    expect(runtime.invoke(json("Echo", "Say"), stranger())).toEqual(notRun("serverIsDown"));
  });

  it("starts modules in order and stops them in reverse, and tells them by their signal", async () => {
    const steps: string[] = [];
    const named = (instance: string) =>
      createEcho(
        {},
        {
          instance,
          start: ({ signal }) => {
            steps.push(`start ${instance}`);
            signal.addEventListener("abort", () => steps.push(`signal ${instance}`));
          },
          stop: () => void steps.push(`stop ${instance}`),
        },
      );
    const { runtime } = await startRuntime([named("a"), named("b")]);
    await runtime.stop(0);
    await runtime.stop(0);
    expect(steps).toEqual(["start a", "start b", "signal b", "stop b", "signal a", "stop a"]);
  });

  it("stops what it had started when a module cannot start", async () => {
    const steps: string[] = [];
    const good = createEcho({}, { instance: "good", stop: () => void steps.push("stop good") });
    const bad = createEcho(
      {},
      {
        instance: "bad",
        start: () => Promise.reject(new Error("no licence")),
        stop: () => void steps.push("stop bad"),
      },
    );
    await expect(startRuntime([good, bad])).rejects.toThrow("no licence");
    expect(steps).toEqual(["stop bad", "stop good"]);
  });

  it("tells modules of a session's end; one that fails is logged and keeps no other from it", async () => {
    const heard: unknown[] = [];
    const throws = createEcho(
      {},
      {
        instance: "a",
        sessionEnded() {
          throw new Error("no such seat");
        },
      },
    );
    const rejects = createEcho({}, { instance: "b", sessionEnded: () => Promise.reject(new Error("late")) });
    const hears = createEcho({}, { sessionEnded: (session) => void heard.push(session) });
    const { runtime, log } = await startRuntime([throws, rejects, createEcho({}, { instance: "c" }), hears]);
    const session = { sessionId: "session-1", userId: "user-1" };
    runtime.sessionEnded(session);
    expect(heard).toEqual([session]);
    await settle();
    expect(log.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual(
      Array(2).fill("error: A module failed at a session's end"),
    );
    await runtime.stop(0);
    runtime.sessionEnded(session);
    expect(heard, "a stopped module hears nothing").toHaveLength(1);
  });

  it("waits for calls that run, and takes no more meanwhile", async () => {
    const gate = deferred<Say>();
    const { runtime } = await startRuntime([createEcho({ say: () => gate.promise })]);
    const running = runtime.invoke(json("Echo", "Say"), stranger());
    const stopping = runtime.stop(5_000);
    expect(runtime.invoke(json("Echo", "Nothing"), stranger())).toEqual(notRun("serverIsDown"));
    gate.resolve({ text: "done", times: 0 });
    await stopping;
    expect(await running).toMatchObject({ state: 0 });
  });

  it("ends calls that outlast the deadline with ServerIsDown", async () => {
    const say = (): Promise<never> => new Promise(() => {});
    const { runtime, clock } = await startRuntime([createEcho({ say })]);
    const running = runtime.invoke(json("Echo", "Say"), stranger());
    const stopping = runtime.stop(5_000);
    clock.advance(5_000);
    await stopping;
    expect(await running).toEqual(ran("serverIsDown"));
    expect(runtime.running).toBe(0);
  });

  it("goes on stopping when a module throws or hangs", async () => {
    const steps: string[] = [];
    const first = createEcho({}, { instance: "first", stop: () => void steps.push("first") });
    const hanging = createEcho({}, { instance: "hanging", stop: () => new Promise(() => {}) });
    const throwing = createEcho(
      {},
      {
        instance: "throwing",
        stop: () => {
          throw new Error("no");
        },
      },
    );
    const { runtime, clock, log } = await startRuntime([first, hanging, throwing]);
    const stopping = runtime.stop(0);
    while (log.lines.length === 0) await Promise.resolve();
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    clock.advance(1_000);
    await stopping;
    expect(steps).toEqual(["first"]);
    expect(log.lines.map(({ level }) => level)).toEqual(["error", "warn"]);
  });
});
