import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommand } from "./command.ts";

const arena = new URL("./fixtures/arena.proto", import.meta.url).pathname;

describe("mqplay-contract", () => {
  let folder = "";
  let out = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mqplay-contract-"));
    out = join(folder, "src", "contracts");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function run(...args: string[]): {
    readonly code: number;
    readonly printed: string;
    readonly complained: string;
  } {
    let printed = "";
    let complained = "";
    const code = runCommand(args, {
      print: (text) => void (printed += `${text}\n`),
      complain: (text) => void (complained += `${text}\n`),
    });
    return { code, printed, complained };
  }

  it("writes a contract into a folder that it makes", () => {
    expect(run(arena, "--out", out)).toEqual({
      code: 0,
      printed: `wrote ${join(out, "arena.ts")}\n`,
      complained: "",
    });
    expect(readdirSync(out)).toEqual(["arena.ts"]);
  });

  it("leaves a file alone that is up to date", () => {
    run(arena, "--out", out);
    const before = statSync(join(out, "arena.ts")).mtimeMs;
    expect(run(arena, "--out", out).printed).toBe(`unchanged ${join(out, "arena.ts")}\n`);
    expect(statSync(join(out, "arena.ts")).mtimeMs).toBe(before);
  });

  it("checks that a contract is there, writing nothing", () => {
    const { code, complained } = run(arena, "--out", out, "--check");
    expect(code).toBe(1);
    expect(complained).toBe(
      `${join(out, "arena.ts")} is not up to date: it is missing\nRun: mqplay-contract ${arena} --out ${out}\n`,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it("checks that a contract is up to date and shows where it is not", () => {
    run(arena, "--out", out);
    expect(run(arena, "--out", out, "--check")).toEqual({ code: 0, printed: "", complained: "" });
    const path = join(out, "arena.ts");
    writeFileSync(path, readFileSync(path, "utf8").replace("number: 11", "number: 12"));
    const { code, complained } = run(arena, "--out", out, "--check");
    expect(code).toBe(1);
    expect(complained).toMatch(
      /arena\.ts is not up to date: line \d+ differs\n- {3}number: 12,\n\+ {3}number: 11,\n/,
    );
  });

  it("reports broken rules by the path that was given, and writes nothing", () => {
    const path = join(folder, "bad.proto");
    writeFileSync(path, 'syntax = "proto3";\nmessage A {\n  Nope b = 1;\n}\n');
    expect(run(path, "--out", out)).toEqual({
      code: 1,
      printed: "",
      complained: `${path}:3: A.b: unknown type Nope\n`,
    });
    expect(readdirSync(folder)).toEqual(["bad.proto"]);
  });

  it("finds imports beside the file and in the folders that -I names, and takes one file for one", () => {
    const lib = mkdtempSync(join(folder, "lib-"));
    writeFileSync(join(lib, "far.proto"), 'syntax = "proto3";\nmessage Far {}\n');
    const near = join(folder, "near.proto");
    writeFileSync(near, 'syntax = "proto3";\nimport "far.proto";\nmessage Near { Far far = 1; }\n');
    const top = join(folder, "top.proto");
    writeFileSync(
      top,
      'syntax = "proto3";\nimport "mqplay/options.proto";\nimport "near.proto";\nservice Top { option (mqplay.module) = 11; rpc F(Near) returns (Near) { option (mqplay.func) = 1; } }\n',
    );
    expect(run(top, "--out", out).complained).toBe(
      `${near}:2: imports "far.proto", which is in none of the include folders (-I)\n`,
    );
    expect(run(top, near, "--out", out, "-I", lib)).toMatchObject({ code: 0, complained: "" });
    expect(readdirSync(out)).toEqual(["top.ts"]);
  });

  it("says how it is used when it is used otherwise", () => {
    for (const args of [
      [],
      [arena],
      ["--out", out],
      [arena, "--out", out, "--nope"],
      [arena, "--out", out, "--extension", ".mjs"],
    ]) {
      const { code, complained } = run(...args);
      expect(code).toBe(2);
      expect(complained).toContain("Usage: mqplay-contract");
    }
    expect(run("--help")).toMatchObject({ code: 0, complained: "" });
  });
});
