import { describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { MemoryTokenStore } from "./memory-tokens.ts";
import { describeTokenStore, newLogin } from "./tokens.contract.ts";
import { hashToken } from "./tokens.ts";

describeTokenStore("memory", async (now) => ({
  tokens: new MemoryTokenStore({ now }),
  [Symbol.asyncDispose]: async () => {},
}));

describe("MemoryTokenStore", () => {
  it("forgets expired logins as new ones come, so that memory follows those that are alive", async () => {
    const clock = new FakeClock();
    const tokens = new MemoryTokenStore(clock);
    for (let n = 0; n < 1_000; n++) await tokens.issue(newLogin());
    expect(tokens.size).toBe(1_000);
    clock.advance(15 * 24 * 60 * 60_000);
    for (let n = 0; n < 1_000; n++) await tokens.issue(newLogin());
    expect(tokens.size).toBe(1_000);
  });
});

describe("hashToken", () => {
  it("is the SHA-256 in base64url, and shows nothing of the token", () => {
    expect(hashToken("abc")).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  });
});
