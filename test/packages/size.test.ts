/**
 * What a game's bundle has of the SDK, part by part.
 */
import { expect, test } from "vitest";
import { bundleForBrowsers } from "../sdk/bundle.ts";
import { distanceFromFigure, gzippedBytes, readFigures, TOLERANCE } from "./figures.ts";

const PARTS = [
  { part: "`connect` of `@mqplay/client-sdk/json`: light link, JSON", entry: "json.ts", limit: 27_500 },
  {
    part: "`connect` of `@mqplay/client-sdk`: light link, JSON and protobuf",
    entry: "everything.ts",
    limit: 30_000,
  },
  { part: "`connect` with `localStorageTokens`", entry: "tokens.ts", limit: 31_600 },
  { part: "`connect` with `createMiniGamePlatform`", entry: "minigame.ts", limit: 30_300 },
  { part: "`connect` with `mqttJsLink`", entry: "mqttjs.ts", limit: 131_000 },
];

test.each(PARTS)("$part is as large as the README says, and at most $limit bytes gzipped", async (row) => {
  const script = await bundleForBrowsers(`../packages/parts/${row.entry}`);
  expect(gzippedBytes(script)).toBeLessThanOrEqual(row.limit);
  expect(await distanceFromFigure(row.part, script)).toBeLessThanOrEqual(TOLERANCE);
});

test("the README has no figure that nothing is held to", async () => {
  const held = [...PARTS.map(({ part }) => part), "the one script, `dist/mqplay.min.js`"];
  expect([...(await readFigures()).keys()]).toEqual(held);
});
