/**
 * What a game's bundle has of the SDK, part by part, made of the packages as they are published. Wants the build.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "../support/server.ts";
import { bundleForBrowsers } from "../sdk/bundle.ts";
import { distanceFromFigure, gzippedBytes, readFigures, TOLERANCE } from "./figures.ts";

/** What everything with the light link and JSON may have: 25 KB. */
const JSON_LIMIT = 25 * 1024;

const PARTS = [
  { part: "`connect` of `@mqplay/client-sdk/json`: light link, JSON", entry: "json.ts", limit: JSON_LIMIT },
  {
    part: "`connect` of `@mqplay/client-sdk`: light link, JSON and protobuf",
    entry: "everything.ts",
    limit: 27_600,
  },
  { part: "`connect` with `localStorageTokens`", entry: "tokens.ts", limit: 29_200 },
  { part: "`connect` with `createMiniGamePlatform`", entry: "minigame.ts", limit: 27_900 },
  { part: "`connect` with `mqttJsLink`", entry: "mqttjs.ts", limit: 128_000 },
];
const SCRIPTS = [
  { part: "the one script, `dist/mqplay.min.js`", file: "mqplay.min.js", limit: 29_400 },
  {
    part: "the one script with JSON only, `dist/mqplay.json.min.js`",
    file: "mqplay.json.min.js",
    limit: JSON_LIMIT,
  },
];

test.each(PARTS)("$part is as large as the README says, and at most $limit bytes gzipped", async (row) => {
  const script = await bundleForBrowsers(`../packages/parts/${row.entry}`, "built");
  expect(gzippedBytes(script)).toBeLessThanOrEqual(row.limit);
  expect(await distanceFromFigure(row.part, script)).toBeLessThanOrEqual(TOLERANCE);
});

test.each(SCRIPTS)("$part is as large as the README says, and at most $limit bytes gzipped", async (row) => {
  const script = await readFile(join(repository, "packages/client-sdk/dist", row.file));
  expect(gzippedBytes(script)).toBeLessThanOrEqual(row.limit);
  expect(await distanceFromFigure(row.part, script)).toBeLessThanOrEqual(TOLERANCE);
});

test("the README has no figure that nothing is held to", async () => {
  expect([...(await readFigures()).keys()]).toEqual([...PARTS, ...SCRIPTS].map(({ part }) => part));
});
