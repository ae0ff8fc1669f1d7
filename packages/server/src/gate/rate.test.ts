import { describe, expect, it } from "vitest";
import { MinuteCount, PacketBudget } from "./rate.ts";

describe("PacketBudget", () => {
  it("lets a burst through, then says how long to wait", () => {
    const budget = new PacketBudget(100, 3, 0);
    expect([1, 2, 3].map(() => budget.spend(1, 0))).toEqual([0, 0, 0]);
    expect(budget.spend(1, 0)).toBe(10);
    expect(budget.spend(1, 20)).toBe(0);
  });

  it("does not save up more than a burst", () => {
    const budget = new PacketBudget(100, 3, 0);
    for (let i = 0; i < 3; i++) expect(budget.spend(1, 60_000)).toBe(0);
    expect(budget.spend(1, 60_000)).toBeGreaterThan(0);
  });
});

describe("MinuteCount", () => {
  it("has enough after its share of a minute, and forgets with the next [bad-7]", () => {
    const count = new MinuteCount(2, 0);
    expect([count.tooMany(0), count.tooMany(1), count.tooMany(2)]).toEqual([false, false, true]);
    expect(count.tooMany(60_000)).toBe(false);
  });
});
