import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accountNameKey, isAccountName, MAX_ACCOUNT_NAME_LENGTH } from "./name-key.ts";

describe("accountNameKey", () => {
  it.each([
    ["Anna", "ANNA"],
    ["Ａｎｎａ", "anna"],
    ["Straße", "STRASSE"],
    ["ΣΑΣ", "σας"],
    ["e\u0301", "é"],
    ["an\u200Bna", "anna"],
    ["ﬁsh", "FISH"],
  ])("takes %s and %s as the same name", (one, two) => {
    expect(accountNameKey(one)).toBe(accountNameKey(two));
  });

  it("keeps accents, digits and scripts apart", () => {
    const names = ["resume", "résumé", "resume1", "рesume", "名前", "なまえ"];
    expect(new Set(names.map(accountNameKey)).size).toBe(names.length);
  });

  it("spends nothing on a text that is far too long to be a name", () => {
    const text = "\uFDFA".repeat(100_000);
    expect(accountNameKey(text)).toBe(text);
  });

  it("gives the key of a key as itself, and one key for a name in upper and lower case, for any text", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 20 }), (codePoints) => {
        const name = String.fromCodePoint(...codePoints);
        const key = accountNameKey(name);
        expect(accountNameKey(key)).toBe(key);
        expect(accountNameKey(name.toUpperCase())).toBe(key);
      }),
      { numRuns: 300 },
    );
  });
});

describe("isAccountName", () => {
  it.each(["a", "anna", "13912345678", "Ａnna Straße", "🦊", "o'brien", "x".repeat(MAX_ACCOUNT_NAME_LENGTH)])(
    "takes %s",
    (name) => {
      expect(isAccountName(name)).toBe(true);
    },
  );

  it.each([
    ["nothing", ""],
    ["a space in front", " anna"],
    ["a space behind", "anna\u3000"],
    ["a control character", "an\u0000na"],
    ["a line break", "an\nna"],
    ["a lone surrogate", "an\uD800na"],
    ["an unassigned code point", "an\u0378na"],
    ["nothing visible", "\u200B\u2060"],
    ["too many characters", "x".repeat(MAX_ACCOUNT_NAME_LENGTH + 1)],
    ["too many after decomposition", "\uFDFA".repeat(60)],
  ])("refuses %s", (_, name) => {
    expect(isAccountName(name)).toBe(false);
  });
});
