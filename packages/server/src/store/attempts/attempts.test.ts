import { describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { describeAttemptStore } from "./attempts.contract.ts";
import { defaultAttemptLimits, KNOWN_ADDRESS_MS } from "./attempts.ts";
import { MemoryAttemptStore } from "./memory-attempts.ts";

describeAttemptStore("memory", async (now) => ({
  attempts: new MemoryAttemptStore({ now }),
  [Symbol.asyncDispose]: async () => {},
}));

describe("MemoryAttemptStore", () => {
  it("stays bounded under a flood of names and addresses, and keeps the delay of an account through it", async () => {
    const clock = new FakeClock();
    const attempts = new MemoryAttemptStore(clock, defaultAttemptLimits, 100);
    const { freeFailures } = defaultAttemptLimits.account;
    for (let n = 0; n < freeFailures + 4; n++) {
      await attempts.begin({ account: "target", address: `home ${n}` });
      clock.advance(n < freeFailures + 3 ? 10_000 : 0);
    }
    for (let n = 0; n < 5_000; n++) {
      const keys = { account: `flood ${n}`, address: `address ${n}` };
      await attempts.begin(keys);
      await attempts.fail(keys);
    }
    expect(attempts.size).toBeLessThanOrEqual(700);
    expect((await attempts.begin({ account: "target", address: "elsewhere" })).kind).toBe("refused");
  });

  it("knows an address no longer when nobody has logged in from it for 30 days", async () => {
    const clock = new FakeClock();
    const attempts = new MemoryAttemptStore(clock);
    const home = { account: "anna", address: "home" };
    await attempts.succeed(home);
    clock.advance(KNOWN_ADDRESS_MS - 1);
    const { freeFailures } = defaultAttemptLimits.account;
    for (let n = 0; n <= freeFailures; n++) await attempts.begin({ ...home, address: `stranger ${n}` });
    expect(await attempts.begin(home)).toMatchObject({ kind: "allowed" });
    await attempts.abandon(home);
    clock.advance(1);
    expect((await attempts.begin(home)).kind).toBe("refused");
  });
});
