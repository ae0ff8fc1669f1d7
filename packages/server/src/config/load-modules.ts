/**
 * Loads the application's own modules: from paths of JavaScript files to what those files export.
 */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MqplayError } from "@mqplay/shared";
import type { ServerModule } from "../runtime/define-module.ts";

/**
 * Imports each file and takes every module that it exports: by name, as default, or in a list.
 * @param paths as the setting `modules` has them; relative ones start at `cwd`
 * @throws MqplayError `configInvalid` when a file is missing, fails while it is imported, or exports no module
 */
export async function loadModules(paths: readonly string[], cwd: string): Promise<ServerModule[]> {
  const modules: ServerModule[] = [];
  for (const [index, path] of paths.entries()) {
    for (const module of await importModules(path, cwd, `modules[${index}]`)) {
      if (!modules.includes(module)) modules.push(module); // one may be exported by name and as default
    }
  }
  return modules;
}

async function importModules(path: string, cwd: string, setting: string): Promise<ServerModule[]> {
  const file = resolve(cwd, path);
  if (!(await isFile(file)))
    throw invalid(setting, path, `there is no file ${file}; build it first, or correct the path`);
  let exported: Map<string, unknown>;
  try {
    exported = new Map(Object.entries(await import(pathToFileURL(file).href)));
  } catch (error) {
    throw invalid(setting, path, "the file failed while it was loaded; its own error is the cause", error);
  }
  const modules = [...exported.values()].flat().filter(isServerModule);
  if (modules.length === 0) {
    const names = [...exported.keys()].join(", ") || "nothing";
    throw invalid(setting, path, `the file exports no module made by implement(…); it exports ${names}`);
  }
  return modules;
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false; // whatever the reason, it cannot be loaded
  }
}

/** By its shape, not by its class: the file may have another copy of this package. */
function isServerModule(value: unknown): value is ServerModule {
  return (
    typeof value === "object" &&
    value !== null &&
    "contract" in value &&
    "funcs" in value &&
    Array.isArray(value.funcs)
  );
}

function invalid(setting: string, path: string, detail: string, cause?: unknown): MqplayError {
  return new MqplayError("configInvalid", `"${setting}" (${JSON.stringify(path)}): ${detail}`, {
    cause,
    path: setting,
  });
}
