import { afterEach, describe, expect, test, vi } from "vitest";
import { CHECK_TIMEOUT_MS, createHealth } from "./health.ts";
import { createLog, silentLog } from "./log.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("readiness", () => {
  test("is there when the server runs and every part answers", async () => {
    const health = createHealth({ stores: async () => undefined }, silentLog);
    health.enter("running");
    expect(await health.ready()).toEqual({ status: "ready" });
  });

  test("is missing while the server starts and while it stops", async () => {
    const health = createHealth({}, silentLog);
    expect(await health.ready()).toEqual({ status: "notReady", missing: { server: "is starting" } });
    health.enter("stopping");
    expect(health.stopping).toBe(true);
    expect(await health.ready()).toEqual({ status: "notReady", missing: { server: "is shutting down" } });
  });

  test("names the part that is away, not the part's error, and comes back with it", async () => {
    let away = true;
    const check = async (): Promise<void> => {
      if (away) throw new Error("connect ECONNREFUSED root@10.1.2.3");
    };
    const lines: string[] = [];
    const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
    const health = createHealth({ accounts: check, sessions: async () => undefined }, log);
    health.enter("running");
    expect(await health.ready()).toEqual({ status: "notReady", missing: { accounts: "does not answer" } });
    await health.ready();
    away = false;
    expect(await health.ready()).toEqual({ status: "ready" });
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(["warn", "info"]);
    expect(lines[0]).toContain("10.1.2.3");
  });

  test("says while the server starts what it waits for", async () => {
    const refuse = (): Promise<never> => Promise.reject(new Error("away"));
    const lines: string[] = [];
    const log = createLog({ level: "debug", format: "json", write: (line) => lines.push(line) });
    expect(await createHealth({ stores: refuse }, log).ready()).toEqual({
      status: "notReady",
      missing: { server: "is starting", stores: "does not answer" },
    });
    expect(lines).toEqual([]);
  });

  test("does not wait for a part that never answers", async () => {
    vi.useFakeTimers();
    const health = createHealth({ stores: () => new Promise(() => undefined) }, silentLog);
    health.enter("running");
    const ready = health.ready();
    await vi.advanceTimersByTimeAsync(CHECK_TIMEOUT_MS);
    expect(await ready).toEqual({ status: "notReady", missing: { stores: "does not answer" } });
  });

  test("asks the parts once for probes that come together", async () => {
    let asked = 0;
    const health = createHealth({ stores: async () => asked++ }, silentLog);
    health.enter("running");
    await Promise.all([health.ready(), health.ready(), health.ready()]);
    expect(asked).toBe(1);
    await health.ready();
    expect(asked).toBe(2);
  });
});
