// Writes docs/configuration.md and packages/server/conf/server.json from the schema of the configuration.
// With --check it writes nothing and fails when one of them is not up to date.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { register } from "tsx/esm/api";

// The packages' sources, not their builds, are what is read: that takes an import condition, set when Node starts.
const CONDITION = "--conditions=@mqplay/source";
if (!process.execArgv.includes(CONDITION)) {
  const again = spawnSync(process.execPath, [CONDITION, ...process.argv.slice(1)], { stdio: "inherit" });
  process.exit(again.status ?? 1);
}

register();
const source = new URL("../packages/server/src/config/reference.ts", import.meta.url);
const { formatDefaultFile, formatReference } = await import(source.href);

const check = process.argv.includes("--check");
const files = [
  ["docs/configuration.md", formatReference()],
  ["packages/server/conf/server.json", formatDefaultFile()],
];
const stale = files.filter(([path, text]) => read(path) !== text);
for (const [path, text] of stale) {
  if (check) console.error(`${path} is not what the schema says: run \`node scripts/generate-config.mjs\``);
  else writeFileSync(locate(path), text);
}
if (check && stale.length > 0) process.exitCode = 1;

function read(path) {
  try {
    return readFileSync(locate(path), "utf8").replaceAll("\r\n", "\n");
  } catch {
    return undefined; // not there yet
  }
}

function locate(path) {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
