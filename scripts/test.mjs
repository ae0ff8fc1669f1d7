/**
 * `npm test`: everything that has to hold, in the order in which it is cheapest to fail. Installs what the tests use of
 * the system (Debian: by apt) when it is missing and may be installed. Ends with one line that counts the tests.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const reports = join(root, "test", ".artifacts", "reports");

/** Programs that the tests run, and the Debian packages that they come in. */
const PROGRAMS = [
  { program: "chromium", from: "chromium", found: process.env.MQPLAY_CHROMIUM },
  { program: "mosquitto_pub", from: "mosquitto-clients" },
  { program: "mosquitto", from: "mosquitto" },
  { program: "redis-server", from: "redis-server" },
  { program: "mariadbd", from: "mariadb-server" },
];

/** Modules of Python that the README's client without the SDK uses, and the Debian packages that they come in. */
const PYTHON = process.env.MQPLAY_PYTHON ?? "/usr/bin/python3";
const PYTHON_MODULES = [
  { module: "paho.mqtt.client", from: "python3-paho-mqtt" },
  { module: "cryptography", from: "python3-cryptography" },
];

const STEPS = [
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "clauses of docs/protocol.md", command: ["node", "scripts/check-clauses.mjs"] },
  { name: "generated contracts", command: ["node", "scripts/generate.mjs", "--check"] },
  { name: "generated configuration page", command: ["node", "scripts/generate-config.mjs", "--check"] },
  { name: "types", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "types of the demo page", command: ["tsc", "-p", "apps/demo-web/tsconfig.json"] },
  { name: "build", command: ["turbo", "run", "build", "--output-logs=errors-only"] },
  { name: "packages", command: ["node", "scripts/check-packages.mjs"] },
  { name: "unit tests", tests: "unit" },
  { name: "system tests", tests: "system" },
  { name: "system tests on MariaDB and Redis", tests: "system-stores" },
  { name: "browser tests", tests: "browser" },
];

installPrograms();
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
for (const { name, command, tests } of STEPS) {
  console.log(`\n── ${name}`);
  const started = Date.now();
  const ok = tests === undefined ? run(command) : runTests(tests);
  console.log(`── ${name}: ${ok ? "ok" : "FAILED"} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (!ok) failures.push(name);
}
if (failures.length > 0) console.log(`\nFailed: ${failures.join(", ")}`);
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = failures.length > 0 ? 1 : 0;

/** Runs one of the project's tools; true when it succeeds. */
function run([program, ...args]) {
  const path = program === "node" ? process.execPath : join(root, "node_modules", ".bin", program);
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };
  return (
    spawnSync(path, args, { cwd: root, stdio: "inherit", env, shell: process.platform === "win32" })
      .status === 0
  );
}

/** Runs one project of vitest and adds up its tests; a run without a test has failed. */
function runTests(project) {
  const report = join(reports, `${project}.json`);
  const ok = run([
    "vitest",
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  if (!existsSync(report)) return false;
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, "utf8"));
  counts.passed += numPassedTests;
  counts.failed += numFailedTests;
  counts.skipped += numPendingTests;
  return ok && numPassedTests > 0;
}

/** Makes sure that the programs are there; ends the run with what to do when they cannot be had. */
function installPrograms() {
  const missing = [
    ...PROGRAMS.filter(({ program, found }) => !isThere(found ?? program)),
    ...PYTHON_MODULES.filter(({ module }) => !isImportable(module)),
  ].map(({ from }) => from);
  if (missing.length === 0) return;
  console.log(`── installing ${missing.join(", ")}`);
  const isRoot = process.getuid?.() === 0;
  const sudo = isRoot ? [] : ["sudo", "-n"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args) => {
    const [program = "", ...rest] = [...sudo, "apt-get", "-qq", ...args];
    return spawnSync(program, rest, { stdio: ["ignore", "ignore", "inherit"], env }).status === 0;
  };
  if (isThere("apt-get") && apt("update") && apt("install", "-y", "--no-install-recommends", ...missing))
    return;
  console.error(
    `The tests need ${missing.join(", ")} and could not install them.\n` +
      `On Debian or Ubuntu: sudo apt-get install ${missing.join(" ")}. Elsewhere, install the programs ` +
      `${PROGRAMS.map(({ program }) => program).join(", ")} and put them on the PATH, ` +
      `and set MQPLAY_PYTHON to a Python that has paho-mqtt and cryptography.`,
  );
  process.exit(1);
}

/** Whether Python has a module. */
function isImportable(module) {
  return spawnSync(PYTHON, ["-c", `import ${module}`], { stdio: "ignore" }).status === 0;
}

/** Looks for a program on the PATH, and where Debian puts servers. */
function isThere(program) {
  if (program.includes("/")) return existsSync(program);
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.some((folder) => existsSync(join(folder, program)));
}
