/**
 * The list of known failures names tests that exist: an entry that fits none would hide nothing and say something false.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { knownFailures } from "./harness.ts";

test("every known failure is the title of a test of this suite", () => {
  const sources = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(import.meta.dirname, name), "utf8"));
  const titles = sources.flatMap((source) =>
    [...source.matchAll(/\btest(?:\.ours)?\(\s*(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g)].map(
      ([, plain, template]) => {
        const parts = (plain ?? template ?? "").split(/\$\{[^}]*\}/);
        return new RegExp(
          `^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`,
        );
      },
    ),
  );
  expect(titles.length).toBeGreaterThan(100);
  expect([...knownFailures].filter((entry) => !titles.some((title) => title.test(entry)))).toEqual([]);
});
