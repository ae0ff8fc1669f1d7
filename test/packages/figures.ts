/**
 * The figures of the table of parts in the SDK's README.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { repository } from "../support/server.ts";

const ROW = /^\| (?<part>.+?) \| (?<kilobytes>[\d.]+) KB \|$/gmu;

/** How far a figure may be from what is measured, as a share of it. */
export const TOLERANCE = 0.03;

/** Reads the table: a part's words to its bytes, gzipped. */
export async function readFigures(): Promise<ReadonlyMap<string, number>> {
  const text = await readFile(join(repository, "packages/client-sdk/README.md"), "utf8");
  const rows = [...text.matchAll(ROW)].map((row) => row.groups ?? {});
  return new Map(rows.map(({ part = "", kilobytes }) => [part, Number(kilobytes) * 1000]));
}

/** How far the table's figure is from a script's size, as a share of it; endless for a part that is not in there. */
export async function distanceFromFigure(part: string, script: string | Uint8Array): Promise<number> {
  const figure = (await readFigures()).get(part) ?? Number.POSITIVE_INFINITY;
  return Math.abs(figure / gzippedBytes(script) - 1);
}

/** A script's size as a server sends it, in bytes. */
export function gzippedBytes(script: string | Uint8Array): number {
  return gzipSync(script, { level: 9 }).length;
}
