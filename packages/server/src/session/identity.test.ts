import { describe, expect, it } from "vitest";
import { createRecordedLog } from "../runtime/testing/recorded-log.ts";
import { createResume, looksLikeToken } from "./identity.ts";

const TOKEN = "a".repeat(43);

describe("resuming", () => {
  it("looks up only ids that can be a token, and says so at once [connect-5]", async () => {
    const asked: string[] = [];
    const identity = { userId: "anna", loginId: "login-1", expiresAtMs: 1 };
    const resolveToken = async (token: string) => {
      asked.push(token);
      return identity;
    };
    const resume = createResume({ resolveToken, log: createRecordedLog() });
    for (const id of ["a".repeat(32), "a".repeat(42), "a".repeat(44), `${"a".repeat(42)}-`, `${TOKEN}\n`]) {
      expect(resume(id)).toBeUndefined();
      expect(looksLikeToken(id)).toBe(false);
    }
    expect(asked).toEqual([]);
    expect(await resume(TOKEN)).toBe(identity);
    expect(asked).toEqual([TOKEN]);
  });

  it("says that it cannot tell when the tokens' store is away, and logs no token [connect-5]", async () => {
    const log = createRecordedLog();
    const resume = createResume({ resolveToken: () => Promise.reject(new Error("Redis is away")), log });
    expect(await resume(TOKEN)).toBe("unavailable");
    expect(log.lines).toMatchObject([{ level: "warn" }]);
    expect(JSON.stringify(log.lines)).not.toContain(TOKEN);
  });
});
