import { describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { describeCodeStore } from "./codes.contract.ts";
import { DAY_MS, defaultCodeLimits } from "./codes.ts";
import { MemoryCodeStore } from "./memory-codes.ts";

describeCodeStore("memory", async (now) => ({
  codes: new MemoryCodeStore({ now }),
  [Symbol.asyncDispose]: async () => {},
}));

describe("MemoryCodeStore", () => {
  it("refuses to send when it is full of numbers, rather than forget whom it sent to", async () => {
    const clock = new FakeClock();
    const codes = new MemoryCodeStore(clock, defaultCodeLimits, 3);
    for (let n = 0; n < 3; n++)
      expect((await codes.reserveSending(`number ${n}`, "one")).kind).toBe("reserved");
    expect(await codes.reserveSending("number 3", "one")).toMatchObject({
      kind: "refused",
      limit: "capacity",
    });
    expect(await codes.reserveSending("number 0", "one")).toMatchObject({
      kind: "refused",
      limit: "interval",
    });
    clock.advance(DAY_MS);
    expect(await codes.reserveSending("number 3", "one")).toEqual({ kind: "reserved" });
  });
});
