/**
 * Looks at the packages as those who install them will: what is packed, and whether every entry gives code and types to
 * each way of importing it. Wants the build.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The packages, and who can import them: the SDK from CommonJS, too. */
const PACKAGES = [
  { folder: "packages/shared", profile: "esm-only" },
  { folder: "packages/server", profile: "esm-only" },
  { folder: "packages/client-sdk", profile: "node16" },
];

for (const { folder, profile } of PACKAGES) {
  run("publint", "--strict", folder);
  run("attw", "--pack", folder, "--profile", profile, "--format", "ascii");
}

/** Runs one of the project's tools; says what it said only when it failed. */
function run(program, ...args) {
  const { status, stdout, stderr } = spawnSync(join(root, "node_modules", ".bin", program), args, {
    cwd: root,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const ok = status === 0;
  console.log(`${program} ${args.join(" ")}: ${ok ? "ok" : "FAILED"}`);
  if (ok) return;
  console.log(stdout, stderr);
  process.exitCode = 1;
}
