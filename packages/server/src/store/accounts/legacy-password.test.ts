import { describe, expect, it } from "vitest";
import { isLegacyPasswordHash, legacyPasswordHash, verifyLegacyPassword } from "./legacy-password.ts";

// md5("secret1" + "key")
const MD5 = "0356FA801CA18D69D2B5A89209CA157C";

describe("a password hash of the Go server", () => {
  it("is recognised by its scheme", () => {
    expect(isLegacyPasswordHash(legacyPasswordHash(MD5) ?? "")).toBe(true);
    expect(isLegacyPasswordHash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")).toBe(false);
  });

  it("is nothing but 32 hexadecimal digits", () => {
    for (const text of ["", "x".repeat(32), MD5.slice(1), `${MD5}0`])
      expect(legacyPasswordHash(text)).toBeUndefined();
  });

  it("belongs to the password and key that it was made of, and to no other", () => {
    const hash = legacyPasswordHash(MD5) ?? "";
    expect(verifyLegacyPassword(hash, "secret1", "key")).toBe(true);
    expect(verifyLegacyPassword(hash, "secret2", "key")).toBe(false);
    expect(verifyLegacyPassword(hash, "secret1", "other")).toBe(false);
    expect(verifyLegacyPassword("$argon2id$", "secret1", "key")).toBe(false);
    expect(verifyLegacyPassword("md5-legacy$", "secret1", "key")).toBe(false);
  });
});
