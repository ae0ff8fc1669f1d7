// Generates everything that is committed but made from something else. Run it after a change of a .proto.
// `--check` writes nothing and exits 1 when a committed file is not what would be generated.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { tsImport } from "tsx/esm/api";

// The packages' sources, not their builds, are what runs: that takes an import condition, set when Node starts.
const CONDITION = "--conditions=@mqplay/source";
if (!process.execArgv.includes(CONDITION)) {
  const again = spawnSync(process.execPath, [CONDITION, ...process.argv.slice(1)], { stdio: "inherit" });
  process.exit(again.status ?? 1);
}

const top = fileURLToPath(new URL("..", import.meta.url));
const folder = "../packages/shared/src/contract/generate";
const { generateContracts, readFrom, readText } = await tsImport(`${folder}/generate.ts`, import.meta.url);
const { firstDifference } = await tsImport(`${folder}/difference.ts`, import.meta.url);

/** Inside the package contracts import the runtime's files themselves: the entry exports the contracts. */
const ownRuntime = (name) => (name === "ModuleContract" ? "../contract.ts" : "../message.ts");

const targets = [
  {
    files: ["packages/shared/proto/user.proto", "packages/shared/proto/push.proto"],
    include: ["packages/shared/proto"],
    out: "packages/shared/src/contract/generated",
    options: { builtIn: true, runtime: ownRuntime },
  },
  {
    // The generator's own example: its tests and type tests use it as an application's module.
    files: ["packages/shared/src/contract/generate/fixtures/arena.proto"],
    include: ["packages/shared/src/contract/generate/fixtures"],
    out: "packages/shared/src/contract/generate/fixtures/generated",
    options: {},
  },
  {
    // The module that the server's test kit shows how to test.
    files: ["packages/server/src/testing/example/counter.proto"],
    include: ["packages/shared/proto"],
    out: "packages/server/src/testing/example/generated",
    options: {},
  },
  {
    files: ["apps/demo-web/arena/arena.proto"],
    include: ["apps/demo-web/arena"],
    out: "apps/demo-web/arena/contracts",
    options: {},
  },
];

const isCheck = process.argv.includes("--check");
let stale = 0;

for (const { files, include, out, options } of targets) {
  const paths = files.map((name) => join(top, name));
  const folders = include.map((name) => join(top, name));
  for (const { name, text } of generateContracts(paths, readFrom(folders), options)) {
    const path = join(top, out, name);
    const difference = firstDifference(readText(path), text);
    if (difference === undefined) continue;
    if (isCheck) {
      stale += 1;
      console.error(`${relative(top, path)} is not up to date: ${difference}`);
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      console.log(`wrote ${relative(top, path)}`);
    }
  }
}

if (stale > 0) {
  console.error("Run `npm run generate` and commit the result.");
  process.exitCode = 1;
}
