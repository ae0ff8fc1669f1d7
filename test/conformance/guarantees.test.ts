/**
 * docs/guarantees.md: what it promises is held by tests that exist. Whether they hold it, they say themselves.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../support/server.ts";

const page = readFileSync(join(repository, "docs/guarantees.md"), "utf8");

test("every test that the page of guarantees names is there", () => {
  const named = [...page.matchAll(/`([\w./-]+\.(?:test|contract)\.ts)`/g)].map(([, file = ""]) => file);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((file) => !existsSync(join(repository, file)))).toEqual([]);
});
