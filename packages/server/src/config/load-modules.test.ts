import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModules } from "./load-modules.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mqplay-modules-"));
  const module = "{ contract: { name: 'Arena', number: 11 }, funcs: [] }";
  write("one.mjs", `export const arena = ${module}; export default arena;`);
  write("two.mjs", `export const modules = [${module}, ${module}]; export const helper = 5;`);
  write("none.mjs", "export const answer = 42; export function helper() {}");
  write("broken.mjs", "throw new Error('no database');");
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

describe("modules of an application", () => {
  test("are taken from what a file exports, each once", async () => {
    expect(await loadModules(["./one.mjs"], folder)).toHaveLength(1);
    expect(await loadModules(["./two.mjs", join(folder, "one.mjs")], folder)).toHaveLength(3);
    expect(await loadModules([], folder)).toEqual([]);
  });

  test("that are missing, broken or none are named with their setting", async () => {
    await expect(loadModules(["./one.mjs", "./away.mjs"], folder)).rejects.toThrow(
      `[configInvalid] "modules[1]" ("./away.mjs"): there is no file ${join(folder, "away.mjs")}; build it first, or correct the path`,
    );
    await expect(loadModules(["none.mjs"], folder)).rejects.toThrow(
      '"modules[0]" ("none.mjs"): the file exports no module made by implement(…); it exports answer, helper',
    );
    await expect(loadModules(["broken.mjs"], folder)).rejects.toMatchObject({
      code: "configInvalid",
      path: "modules[0]",
      cause: expect.objectContaining({ message: "no database" }) as unknown,
    });
  });
});
