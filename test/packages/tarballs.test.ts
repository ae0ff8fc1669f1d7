/**
 * The packages as npm delivers them: packed, installed in an empty project, compiled against and run. Wants the build; building
 * here would take the files from under the tests beside it.
 */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { run, type Ended } from "../support/process.ts";
import { repository, startServer, temporaryFolder, type TemporaryFolder } from "../support/server.ts";
import { distanceFromFigure, TOLERANCE } from "./figures.ts";

const PACKAGES = ["shared", "server", "client-sdk"];
const MINUTE_MS = 60_000;

let project: TemporaryFolder;

/** Runs one of the repository's tools, or Node; rejects with what it said when it fails. */
async function succeed(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const ended = await run(command, args, {
    cwd,
    timeoutMs: MINUTE_MS,
    env: { NODE_OPTIONS: undefined },
  });
  if (ended.code !== 0) throw new Error(`${command} ${args.join(" ")}:\n${ended.stdout}${ended.stderr}`);
  return ended;
}

const tool = (name: string): string => join(repository, "node_modules/.bin", name);
const installed = (name: string): string => join(project.path, "node_modules/@mqplay", name);

beforeAll(async () => {
  project = await temporaryFolder();
  const tarballs = join(project.path, "tarballs");
  await mkdir(tarballs);
  const workspaces = PACKAGES.flatMap((name) => ["-w", `packages/${name}`]);
  await succeed("npm", ["pack", "--silent", ...workspaces, "--pack-destination", tarballs], repository);
  const dependencies = Object.fromEntries(
    PACKAGES.map((name) => [`@mqplay/${name}`, `file:tarballs/mqplay-${name}-0.1.0.tgz`]),
  );
  const manifest = { private: true, dependencies: { ...dependencies, "@types/node": "20.19.43" } };
  await writeFile(join(project.path, "package.json"), JSON.stringify(manifest));
  const consumers = join(import.meta.dirname, "consumers");
  await cp(consumers, project.path, { recursive: true });
  for (const name of ["sdk.mts", "sdk.cts", "server.mts"])
    await cp(join(consumers, name.replace(/[mc]ts$/u, "ts")), join(project.path, name));
  await succeed("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], project.path);
}, 2 * MINUTE_MS);

afterAll(async () => {
  await project[Symbol.asyncDispose]();
});

test.each(PACKAGES)("%s has a license and a README in its tarball, and no test", async (name) => {
  const { stdout } = await succeed("tar", ["-tzf", `tarballs/mqplay-${name}-0.1.0.tgz`], project.path);
  const files = stdout.split("\n");
  expect(files, "not built: npm run build").toContain("package/dist/index.js");
  expect(files).toContain("package/LICENSE");
  expect(files).toContain("package/README.md");
  expect(files.filter((file) => /\.test\.|\.test-d\.|\.contract\.|tsbuildinfo/u.test(file))).toEqual([]);
});

describe("types, with those of every dependency checked", () => {
  const options = { noEmit: true, strict: true, skipLibCheck: false, target: "es2023" };
  const lib = ["es2023", "esnext.disposable"];
  const nodenext = { module: "nodenext", moduleResolution: "nodenext" };
  const bundler = { module: "esnext", moduleResolution: "bundler" };

  test.each([
    ["the SDK", "nodenext, from ES modules and CommonJS", nodenext, ["sdk.mts", "sdk.cts"], []],
    ["the SDK", "bundler", bundler, ["sdk.mts"], []],
    ["the server", "nodenext", nodenext, ["server.mts"], ["node"]],
    ["the server", "bundler", bundler, ["server.mts"], ["node"]],
  ])("%s compiles under %s", async (_what, _how, resolution, files, types) => {
    const name = `tsconfig.${resolution.module}.${files[0]}.json`;
    const config = { compilerOptions: { ...options, lib, types, ...resolution }, files };
    await writeFile(join(project.path, name), JSON.stringify(config));
    const { code } = await succeed(tool("tsc"), ["-p", name], project.path);
    expect(code).toBe(0);
  });

  test("a misspelled name does not compile, by require either", async () => {
    const source = 'import { connekt } from "@mqplay/client-sdk";\nconnekt("ws://localhost");\n';
    await writeFile(join(project.path, "wrong.cts"), source);
    const config = { compilerOptions: { ...options, lib, types: [], ...nodenext }, files: ["wrong.cts"] };
    await writeFile(join(project.path, "tsconfig.wrong.json"), JSON.stringify(config));
    const compiling = succeed(tool("tsc"), ["-p", "tsconfig.wrong.json"], project.path);
    await expect(compiling).rejects.toThrow("connekt");
  });
});

/** What a player's first minute comes to; the consumers print the same. */
const REPORT = { sameUser: true, refused: "wrongCredentials" };

test.each([
  ["ES modules", ["player.mjs"]],
  ["CommonJS, where require() knows no ES modules", ["--no-experimental-require-module", "player.cjs"]],
])("a player registers and is refused, from Node by %s", async (_how, args) => {
  await using server = await startServer();
  for (const url of [server.mqttUrl, server.wsUrl]) {
    const { stdout } = await succeed(process.execPath, [...args, url], project.path);
    expect(JSON.parse(stdout)).toEqual(REPORT);
  }
});

test("the server of the tarball starts, answers a player and stops", async () => {
  const { stdout } = await succeed(process.execPath, ["server.mjs"], project.path);
  expect(JSON.parse(stdout)).toEqual(REPORT);
});

test("the one script is as large as the README says", async () => {
  const script = await readFile(join(installed("client-sdk"), "dist/mqplay.min.js"));
  const distance = await distanceFromFigure("the one script, `dist/mqplay.min.js`", script);
  expect(distance).toBeLessThanOrEqual(TOLERANCE);
});

test("the one script plays in a context of timers, WebSocket and random numbers only", async () => {
  await using server = await startServer();
  const manifest: unknown = JSON.parse(await readFile(join(installed("client-sdk"), "package.json"), "utf8"));
  expect(manifest).toMatchObject({ unpkg: "./dist/mqplay.min.js", jsdelivr: "./dist/mqplay.min.js" });
  const script = await readFile(join(installed("client-sdk"), "dist/mqplay.min.js"), "utf8");
  const player = await readFile(join(import.meta.dirname, "consumers/play.cjs"), "utf8");
  const report = await new Promise((resolve, reject) => {
    const context = createContext({
      WebSocket,
      crypto: { getRandomValues: (bytes: Uint8Array) => crypto.getRandomValues(bytes) },
      setTimeout: (task: () => void, delayMs: number) => setTimeout(task, delayMs),
      clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
      url: server.wsUrl,
      done: resolve,
      failed: (message: string) => reject(new Error(message)),
    });
    const program = `play(mqplay, url).then(done, (error) => failed(String(error && error.stack)))`;
    runInContext(`${script};\n${player};\n${program}`, context);
  });
  expect(JSON.parse(String(report))).toEqual(REPORT);
});
