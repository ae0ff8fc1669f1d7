/**
 * The configuration's way in: file, then environment, then the caller's own; out comes a complete {@link Config},
 * or one error that names everything wrong with it.
 */
import { readFileSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  findNodeAtLocation,
  parseTree,
  getNodeValue,
  printParseErrorCode,
  type Node,
  type ParseError,
} from "jsonc-parser";
import { MqplayError } from "@mqplay/shared";
import type { z } from "zod";
import { describeProblems, nearestName, shapeOf, unwrap, type Locate, type SettingPath } from "./problems.ts";
import { configSchema, type Config } from "./schema.ts";
import { settingDocs } from "./setting.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the configuration file, unless the command line does. */
export const CONFIG_FILE_VARIABLE = "MQPLAY_CONFIG";

/** The file that is read when none is named: conf/server.json of this package. */
export const defaultConfigFile: string = fileURLToPath(new URL("../../conf/server.json", import.meta.url));

/** What {@link loadConfig} takes. */
export interface LoadOptions {
  /** The configuration file. @default MQPLAY_CONFIG, else conf/server.json of this package */
  readonly file?: string | undefined;
  /** Where overrides come from. */
  readonly env: Environment;
  /** What relative file names in messages start at. @default the working directory */
  readonly cwd?: string | undefined;
}

/** What {@link loadConfig} returns. */
export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read. */
  readonly file: string;
  /** What is probably a mistake but stops nothing, such as a misspelt environment variable. */
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration file and applies the environment.
 * @throws MqplayError `configInvalid` that names file, line and setting of everything wrong
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const cwd = options.cwd ?? process.cwd();
  const named = options.file ?? nonEmpty(options.env[CONFIG_FILE_VARIABLE]);
  const file = named === undefined ? defaultConfigFile : resolve(cwd, named);
  const shownFile = shorten(file, cwd);
  const tree = parseFile(readFile(file, shownFile), shownFile);
  const overrides = readEnvironment(options.env);
  const input = overrides.reduce(apply, plainObject(getNodeValue(tree.root)) ?? getNodeValue(tree.root));
  const locate: Locate = (path) =>
    overrides.find((override) => startsWith(path, override.path))?.variable ??
    `${shownFile}:${tree.lineOf(path)}`;
  return { config: check(input, locate), file, warnings: misspelt(options.env) };
}

/**
 * Checks and completes a configuration that a program passes.
 * @param input a {@link ConfigInput}, or what is not known to be one yet
 * @throws MqplayError `configInvalid` that names every setting that is wrong
 */
export function resolveConfig(input: unknown = {}): Config {
  return check(input, () => "config");
}

/** A variable that overrides a setting. */
export interface Variable {
  readonly name: string;
  readonly path: readonly string[];
}

/** Every environment variable that overrides a setting. */
export const variables: readonly Variable[] = collectVariables(configSchema, []);

function check(input: unknown, locate: Locate): Config {
  const result = configSchema.safeParse(input);
  if (result.success) return freeze(result.data);
  const problems = describeProblems(configSchema, result.error.issues, input, locate);
  throw invalid(problems.sort(inFileOrder), result.error);
}

function inFileOrder(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function invalid(problems: readonly string[], cause?: unknown): MqplayError {
  const head =
    problems.length === 1
      ? "the configuration has a mistake"
      : `the configuration has ${problems.length} mistakes`;
  const detail = `${head}:\n${problems.map((problem) => `  ${problem}`).join("\n")}`;
  return new MqplayError("configInvalid", detail, { cause });
}

function readFile(file: string, shownFile: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason =
      errorCode(error) === "ENOENT" ? "there is no such file" : `it cannot be read (${errorCode(error)})`;
    throw new MqplayError("configInvalid", `configuration file ${shownFile}: ${reason}`, { cause: error });
  }
}

interface ParsedFile {
  readonly root: Node;
  /** The line of a setting, or of the nearest section around it that is in the file. From 1. */
  lineOf(path: SettingPath): number;
}

function parseFile(text: string, shownFile: string): ParsedFile {
  const errors: ParseError[] = [];
  const source = text.startsWith("\uFEFF") ? ` ${text.slice(1)}` : text;
  const root = parseTree(source, errors, { allowTrailingComma: true });
  const lineAt = (offset: number): number => source.slice(0, offset).split("\n").length;
  const first = errors[0];
  if (first !== undefined || root === undefined) {
    const what = first === undefined ? "the file is empty" : readable(printParseErrorCode(first.error));
    throw invalid([`${shownFile}:${lineAt(first?.offset ?? 0)}: this is no JSON: ${what}`]);
  }
  const twice = findTwice(root);
  if (twice !== undefined) {
    throw invalid([
      `${shownFile}:${lineAt(twice.offset)}: "${String(twice.value)}" stands here a second time`,
    ]);
  }
  return {
    root,
    lineOf(path) {
      for (let length = path.length; length > 0; length--) {
        const node = findNodeAtLocation(root, path.slice(0, length));
        if (node !== undefined) return lineAt((node.parent?.type === "property" ? node.parent : node).offset);
      }
      return lineAt(root.offset);
    },
  };
}

/** JSON lets a later key win without a word; in a configuration it is a mistake. */
function findTwice(node: Node): Node | undefined {
  const seen = new Set<unknown>();
  for (const child of node.children ?? []) {
    const key = child.type === "property" ? child.children?.[0] : undefined;
    if (key !== undefined && seen.has(key.value)) return key;
    if (key !== undefined) seen.add(key.value);
    const below = findTwice(child);
    if (below !== undefined) return below;
  }
  return undefined;
}

/** `ColonExpected` → `colon expected`. */
function readable(code: string): string {
  return code.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

interface Override {
  readonly variable: string;
  readonly path: readonly string[];
  readonly value: string | number | boolean | readonly string[];
}

function readEnvironment(env: Environment): Override[] {
  return variables.flatMap(({ name, path }) => {
    const text = nonEmpty(env[name]);
    if (text === undefined) return [];
    return [{ variable: name, path, value: valueOf(text, typeAt(path)) }];
  });
}

/** An empty variable counts as none: `MQPLAY_HOST= npm start` means the default. */
function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}

/** A text that is no value of the setting's type stays one: the check will say so. */
function valueOf(text: string, type: string | undefined): Override["value"] {
  if (type === "array") return text.split(",").map((entry) => entry.trim());
  if (type === "number" && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === "boolean" && /^(true|false|1|0)$/i.test(text)) return /^(true|1)$/i.test(text);
  return text;
}

function typeAt(path: readonly string[]): string | undefined {
  const schema = path.reduce<z.core.$ZodType | undefined>(
    (at, step) => at && shapeOf(at)?.[step],
    configSchema,
  );
  return schema === undefined ? undefined : unwrap(schema)._zod.def.type;
}

function apply(input: unknown, { path, value }: Override): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const object = input === undefined ? {} : plainObject(input);
  if (object === undefined) return input; // the file has something else there: the check will say so
  return { ...object, [name]: apply(object[name], { variable: "", path: rest, value }) };
}

function plainObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function collectVariables(schema: z.core.$ZodType, path: readonly string[]): Variable[] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([name, child]) => {
    const env = settingDocs.get(child)?.env;
    const here = [...path, name];
    return [...(env === undefined ? [] : [{ name: env, path: here }]), ...collectVariables(child, here)];
  });
}

/** Other programs' MQPLAY_… variables are let be; only what nearly is one of ours is worth a word. */
function misspelt(env: Environment): string[] {
  const known = [...variables.map(({ name }) => name), CONFIG_FILE_VARIABLE];
  return Object.keys(env)
    .filter(
      (name) => name.startsWith("MQPLAY_") && !known.includes(name) && nonEmpty(env[name]) !== undefined,
    )
    .flatMap((name) => {
      const near = nearestName(
        name.slice("MQPLAY_".length),
        known.map((other) => other.slice("MQPLAY_".length)),
      );
      return near === undefined
        ? []
        : [`environment variable ${name} is not known; did you mean MQPLAY_${near}?`];
    });
}

function startsWith(path: SettingPath, start: SettingPath): boolean {
  return start.every((step, index) => path[index] === step);
}

function shorten(file: string, cwd: string): string {
  const short = relative(cwd, file);
  return short.startsWith("..") || isAbsolute(short) ? file : short.replaceAll("\\", "/");
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) freeze(child);
  }
  return value;
}
