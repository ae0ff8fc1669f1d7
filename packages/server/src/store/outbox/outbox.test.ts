import { describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { MemoryOutboxStore } from "./memory-outbox.ts";
import { describeOutboxStore } from "./outbox.contract.ts";
import { defaultOutboxLimits } from "./outbox.ts";

describeOutboxStore("memory", async (now) => ({
  outbox: new MemoryOutboxStore({ now }),
  [Symbol.asyncDispose]: async () => {},
}));

describe("MemoryOutboxStore", () => {
  it("bounds its memory whatever is kept for however many users, and gives it back", async () => {
    const clock = new FakeClock();
    const maxBytesInMemory = 100_000;
    const outbox = new MemoryOutboxStore(clock, { ...defaultOutboxLimits, maxBytesInMemory });
    const kept = { push: { module: 11, type: 1, content: new Uint8Array(1_000) }, encoding: "json" } as const;
    let dropped = 0;
    for (let n = 0; n < 500; n++) {
      dropped += (await outbox.keep(`user ${n}`, kept, 60_000)).dropped;
      expect(outbox.bytes).toBeLessThanOrEqual(maxBytesInMemory);
    }
    expect(dropped).toBeGreaterThan(400);
    expect(await outbox.take("user 499")).toHaveLength(1);
    expect(await outbox.take("user 0")).toEqual([]);
    clock.advance(60_000);
    for (let n = 0; n < 100; n++) await outbox.take(`user ${400 + n}`);
    expect(outbox.bytes).toBe(0);
  });
});
