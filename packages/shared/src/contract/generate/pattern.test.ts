import { describe, expect, it } from "vitest";
import { checkPattern } from "./pattern.ts";

describe("a pattern of a contract", () => {
  it.each([
    "[a-z0-9-]+",
    "[A-Za-z_][A-Za-z0-9_]{2,31}",
    String.raw`\d{11,15}`,
    String.raw`[^@\s]+@[^@\s]+\.[a-z]{2,8}`,
    "(?:red|blue)",
    "(?:ab){3}c?",
    String.raw`\p{L}+`,
    String.raw`[\]+*({|]+\(\*`,
    "(?<year>[0-9]{4})-[0-9]{2}",
  ])("may be %s", (pattern) => {
    expect(checkPattern(pattern, 64)).toBeUndefined();
  });

  it.each([
    ["(a+)+", "repeats a group"],
    ["(?:a|a)*b", "repeats a group"],
    ["((a)+)+", "repeats a group"],
    ["((a|b))+", "repeats a group"],
    ["(a?){9}", "repeats a group"],
    ["(?:(?:x{1,3})y)*", "repeats a group"],
    ["a*a*a*", "can be tried in 274625 ways on 64 characters"],
    ["a?".repeat(18), "can be tried in 262144 ways"],
    ["a{0,60}a{0,60}a{0,60}", "can be tried in 226981 ways"],
    [String.raw`(a)\1`, "refer back"],
    [String.raw`(?<x>a)\k<x>`, "refer back"],
    ["(?=a)a", "look around"],
    ["(?<!a)b", "look around"],
    ["[a", "no regular expression"],
    ["a".repeat(257), "more than 256 characters"],
  ])("may not be %s", (pattern, reason) => {
    expect(checkPattern(pattern, 64)).toContain(reason);
  });

  it("takes little time on the longest text that it may get, even where it nearly matches", () => {
    for (const [pattern, maxLength] of [
      ["a*a*", 446],
      ["a*a*a*", 57],
      ["a?".repeat(17), 100],
      ["a{0,8}a{0,8}a{0,8}a{0,8}a{0,8}a?", 100],
    ] as const) {
      expect(checkPattern(pattern, maxLength)).toBeUndefined();
      const expression = new RegExp(`^(?:${pattern})$`, "u");
      const before = process.cpuUsage();
      expect(expression.test(`${"a".repeat(maxLength - 1)}!`)).toBe(false);
      // A run-away one would take ages; processor time, because the machine may be busy with other things.
      expect(process.cpuUsage(before).user / 1_000).toBeLessThan(100);
    }
  });
});
