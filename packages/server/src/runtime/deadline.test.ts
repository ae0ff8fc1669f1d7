import { describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { Deadlines } from "./deadline.ts";
import { Slots } from "./limits.ts";
import { resolveRuntimeOptions } from "./options.ts";
import { clampRetryAfterMs } from "./retry-after.ts";
import { ManualClock } from "./testing/manual-clock.ts";

describe("Deadlines", () => {
  it("strike in their order, each at its own time", () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const struck: string[] = [];
    deadlines.start(100, () => struck.push("a"));
    clock.advance(40);
    deadlines.start(100, () => struck.push("b"));
    deadlines.start(30, () => struck.push("short"));
    clock.advance(30);
    expect(struck).toEqual(["short"]);
    clock.advance(30);
    expect(struck).toEqual(["short", "a"]);
    clock.advance(39);
    expect(struck).toEqual(["short", "a"]);
    clock.advance(1);
    expect(struck).toEqual(["short", "a", "b"]);
  });

  it("do not strike once cancelled, wherever they stand in the line", () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const struck: number[] = [];
    const all = [0, 1, 2, 3].map((index) => deadlines.start(100, () => struck.push(index)));
    all[1]?.cancel();
    all[0]?.cancel();
    all[3]?.cancel();
    all[3]?.cancel();
    clock.advance(100);
    expect(struck).toEqual([2]);
  });

  it("cost one timer per distinct limit, however many run", () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    for (let index = 0; index < 1_000; index += 1) deadlines.start(10_000, () => {}).cancel();
    for (let index = 0; index < 1_000; index += 1) deadlines.start(index % 2 === 0 ? 10_000 : 50, () => {});
    expect(clock.timers).toBe(2);
    clock.advance(10_000);
    expect(clock.timers).toBe(0);
  });

  it("all strike at once when told to, those of a handler that starts another included", () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    let struck = 0;
    for (let index = 0; index < 5; index += 1) deadlines.start(100 + index, () => (struck += 1));
    deadlines.expireAll();
    expect(struck).toBe(5);
    expect(clock.timers).toBe(0);
  });
});

describe("Slots", () => {
  it("serve first come, first served, and forget who gave up", () => {
    const slots = new Slots(1, 2);
    const turns: string[] = [];
    const first = () => turns.push("first");
    const second = () => turns.push("second");
    expect(slots.tryEnter()).toBe(true);
    expect(slots.tryEnter()).toBe(false);
    expect(slots.wait(first)).toBe(true);
    expect(slots.wait(second)).toBe(true);
    expect(slots.wait(() => {})).toBe(false);
    slots.giveUp(first);
    expect(slots.waiting).toBe(1);
    slots.leave();
    expect(turns).toEqual(["second"]);
    expect(slots.running).toBe(1);
    slots.leave();
    expect(slots.running).toBe(0);
  });
});

describe("the rest of the runtime's measures", () => {
  it("refuses options out of range, naming them", () => {
    expect(() => resolveRuntimeOptions({ timeoutMs: 0 })).toThrow(
      "runtime.timeoutMs expected a whole number",
    );
    expect(() => resolveRuntimeOptions({ maxRunning: 1.5 })).toThrow("runtime.maxRunning");
    expect(resolveRuntimeOptions({})).toEqual({ timeoutMs: 10_000, maxRunning: 10_000 });
  });

  it("rounds waits to what the wire holds", () => {
    expect([0, -5, 0.1, 1_000.5, Infinity, NaN].map(clampRetryAfterMs)).toEqual([
      1, 1, 1, 1_001, 0x7fffffff, 1,
    ]);
  });

  it("has a clock whose timers fire unless they are cancelled", async () => {
    const fired = await new Promise<string>((resolve) => {
      systemClock.after(0, () => resolve("cancelled one"))();
      systemClock.after(1, () => resolve("other"));
      setTimeout(resolve, 1_000, "none").unref();
      setTimeout(() => {}, 20);
    });
    expect(fired).toBe("other");
    expect(systemClock.nowMs()).toBeGreaterThan(1_700_000_000_000);
    expect(systemClock.monotonicMs()).toBeGreaterThan(0);
  });
});
