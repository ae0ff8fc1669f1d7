import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateContracts, readFrom } from "./generate.ts";

const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url));
const shared = fileURLToPath(new URL("../../../", import.meta.url));
const tsc = fileURLToPath(new URL("../../../../../node_modules/@typescript/native/bin/tsc", import.meta.url));

/** Runs the compiler; returns what it says, nothing when all is well. */
async function compile(...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, ...args], (error, stdout, stderr) =>
      resolve(error === null ? "" : stdout + stderr),
    );
  });
}

const USE = `
import { decodeMessage, findFunc, type RequestOf, type ResponseOf } from "@mqplay/shared";
import { Arena, Team, type JoinRequest } from "./contracts/arena.js";
const request: RequestOf<typeof Arena.funcs.join> = { room: "a", team: Team.RED };
const same: JoinRequest = request;
export const answer: ResponseOf<typeof Arena.funcs.join> = decodeMessage(Arena.funcs.join.response, new Uint8Array());
export const seat: bigint = answer.seat;
export const func = findFunc(Arena, same.room);
`;

describe("a generated contract in an application's project", () => {
  let project = "";

  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), "mqplay-user-project-"));
    const installed = join(project, "node_modules", "@mqplay", "shared");
    mkdirSync(installed, { recursive: true });
    cpSync(join(shared, "package.json"), join(installed, "package.json"));
    const built = [
      "--outDir",
      join(installed, "dist"),
      "--incremental",
      "false",
      "--tsBuildInfoFile",
      "null",
    ];
    const said = await compile(
      "-p",
      join(shared, "tsconfig.build.json"),
      "--emitDeclarationOnly",
      "--sourceMap",
      "false",
      ...built,
    );
    expect(said).toBe("");
    mkdirSync(join(project, "src", "contracts"), { recursive: true });
    for (const { name, text } of generateContracts([join(fixtures, "arena.proto")], readFrom([fixtures]))) {
      writeFileSync(join(project, "src", "contracts", name), text);
    }
    writeFileSync(join(project, "package.json"), '{ "type": "module" }');
    writeFileSync(join(project, "src", "use.ts"), USE);
  }, 60_000);
  afterAll(() => {
    rmSync(project, { recursive: true });
  });

  it.each([
    ["bundler", { module: "esnext", moduleResolution: "bundler" }],
    ["nodenext", { module: "nodenext", moduleResolution: "nodenext" }],
    [
      "nodenext with every strictness that there is",
      {
        module: "nodenext",
        moduleResolution: "nodenext",
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        noPropertyAccessFromIndexSignature: true,
        noUnusedLocals: true,
        verbatimModuleSyntax: true,
        isolatedModules: true,
        erasableSyntaxOnly: true,
      },
    ],
  ])("compiles under strict and %s, libraries checked", { timeout: 30_000 }, async (name, options) => {
    const compilerOptions = {
      target: "es2020",
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      types: [],
      ...options,
    };
    const file = join(project, `tsconfig.${name.length}.json`);
    writeFileSync(file, JSON.stringify({ compilerOptions, include: ["src"] }));
    expect(await compile("-p", file)).toBe("");
  });

  it("does not compile where the contract is used wrongly", { timeout: 30_000 }, async () => {
    writeFileSync(join(project, "src", "wrong.ts"), USE.replace("room: ", "rom: "));
    writeFileSync(
      join(project, "tsconfig.wrong.json"),
      JSON.stringify({
        compilerOptions: { strict: true, module: "nodenext", noEmit: true, types: [] },
        files: ["src/wrong.ts"],
      }),
    );
    expect(await compile("-p", join(project, "tsconfig.wrong.json"))).toContain(
      "'rom' does not exist in type 'JoinRequest'",
    );
  });
});
