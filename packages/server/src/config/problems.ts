/**
 * From what zod found wrong to what a person can act on: where it stands, what was got, what is expected.
 */
import { z } from "zod";
import { settingDocs, type SettingDoc } from "./setting.ts";

/** Where in the configuration something stands: `["gate", "maxConnections"]`. */
export type SettingPath = readonly (string | number)[];

/** Where a value came from, as a person finds it again: `conf/server.json:12` or `MQPLAY_MQTT_PORT`. */
export type Locate = (path: SettingPath) => string;

/** Writes a path as it is written in code: `http.corsOrigins[0]`. */
export function formatPath(path: SettingPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/** Describes each thing that zod found wrong in `input`, one line each. */
export function describeProblems(
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  locate: Locate,
): string[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => describeUnknown(schema, [...path, key], locate));
    }
    return [describeValue(schema, path, issue, input, locate)];
  });
}

/** What is known about the setting at a path: its schema, and its words or those of the list that it stands in. */
function find(
  schema: z.ZodType,
  path: SettingPath,
): { schema: z.core.$ZodType; doc: SettingDoc | undefined } {
  let current: z.core.$ZodType = schema;
  let doc: SettingDoc | undefined;
  for (const step of path) {
    const child = childOf(current, step);
    if (child === undefined) break;
    current = child;
    doc = settingDocs.get(current) ?? doc;
  }
  return { schema: unwrap(current), doc };
}

/** The settings of a section by name, or undefined when the schema is no section. */
export function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const inner = unwrap(schema);
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

/** The schema without its default. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault ? schema.unwrap() : schema;
}

function childOf(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  if (typeof step === "string") return shapeOf(schema)?.[step];
  const inner = unwrap(schema);
  return inner instanceof z.ZodArray ? inner.element : undefined;
}

function describeUnknown(schema: z.ZodType, path: SettingPath, locate: Locate): string {
  const name = String(path.at(-1));
  const section = path
    .slice(0, -1)
    .reduce<z.core.$ZodType | undefined>((at, step) => at && childOf(at, step), schema);
  const known = section === undefined ? [] : Object.keys(shapeOf(section) ?? {});
  const near = nearestName(name, known) ?? elsewhere(schema, name);
  const hint = near === undefined ? `known here: ${known.join(", ")}` : `did you mean "${near}"?`;
  return `${locate(path)}: "${formatPath(path)}" is no setting; ${hint}`;
}

/** A known name that stands in another section, with its path: `port` at the top means `mqtt.port` or `http.port`. */
function elsewhere(schema: z.ZodType, name: string): string | undefined {
  const found = Object.entries(shapeOf(schema) ?? {})
    .filter(([, section]) => shapeOf(section)?.[name] !== undefined)
    .map(([section]) => `${section}.${name}`);
  return found.length === 0 ? undefined : found.join('" or "');
}

function describeValue(
  schema: z.ZodType,
  path: SettingPath,
  issue: z.core.$ZodIssue,
  input: unknown,
  locate: Locate,
): string {
  const { schema: found, doc } = find(schema, path);
  const got =
    doc?.secret === true
      ? "something else (not shown, it may hold a password)"
      : formatGot(valueAt(input, path));
  const name = path.length === 0 ? "the configuration" : `"${formatPath(path)}"`;
  if (issue.code === "custom" && issue.message !== UNSAID) return `${locate(path)}: ${name} ${issue.message}`;
  return `${locate(path)}: ${name} expected ${expected(issue, found, doc)}, got ${got}`;
}

/** What zod says of a refinement that has no words of its own. */
const UNSAID = "Invalid input";

function expected(issue: z.core.$ZodIssue, schema: z.core.$ZodType, doc: SettingDoc | undefined): string {
  if (schema instanceof z.ZodNumber) {
    return `a whole number from ${schema.minValue} to ${schema.maxValue}${doc?.unit === undefined ? "" : ` (${doc.unit})`}`;
  }
  if (schema instanceof z.ZodEnum)
    return `one of ${schema.options.map((option) => JSON.stringify(option)).join(", ")}`;
  if (schema instanceof z.ZodBoolean) return "true or false";
  if (schema instanceof z.ZodObject) return "an object { … }";
  if (schema instanceof z.ZodArray)
    return `a list [ … ]${doc?.expected === undefined ? "" : ` of ${doc.expected}`}`;
  if (doc?.expected !== undefined) return doc.expected;
  return schema instanceof z.ZodString ? "a text" : issue.message;
}

/** Longest value that a message repeats. */
const MAX_GOT_CHARS = 60;

function formatGot(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? `a ${typeof value}`;
  return text.length <= MAX_GOT_CHARS ? text : `${text.slice(0, MAX_GOT_CHARS)}…`;
}

function valueAt(input: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return typeof step === "number" ? (value as unknown[])[step] : undefined;
    return isRecord(value) ? value[String(step)] : undefined;
  }, input);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Finds the name that was probably meant: at most a third of the letters differ, and case does not count. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** How many letters to add, drop, change or swap with their neighbour. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + same,
          swapped ? at(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(a.length, b.length);
}
