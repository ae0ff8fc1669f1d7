/**
 * From the schema to what people read: docs/configuration.md and the file they edit, conf/server.json.
 */
import { z } from "zod";
import { CONFIG_FILE_VARIABLE, resolveConfig, variables } from "./load.ts";
import { shapeOf, unwrap } from "./problems.ts";
import { configSchema } from "./schema.ts";
import { settingDocs, type SettingDoc } from "./setting.ts";

/** Columns at which comments of conf/server.json wrap. */
const COMMENT_COLUMNS = 100;

interface Setting {
  readonly path: string;
  readonly name: string;
  readonly doc: SettingDoc;
  readonly schema: z.core.$ZodType;
  readonly value: unknown;
}

interface Section {
  readonly path: string;
  readonly name: string;
  readonly text: string;
  readonly settings: readonly Setting[];
  readonly sections: readonly Section[];
}

/** Writes docs/configuration.md. */
export function formatReference(): string {
  const parts = flatten(root()).flatMap(({ path, text, settings }) => [
    `## ${path === "" ? "At the top" : `\`${path}\``}`,
    "",
    ...(text === "" ? [] : [text, ""]),
    ...(settings.length === 0 ? [] : ["| setting | default | what it does |", "| --- | --- | --- |"]),
    ...settings.map((setting) => `| \`${setting.path}\` | ${defaultText(setting)} | ${describe(setting)} |`),
    ...(settings.length === 0 ? [] : [""]),
    ...settings.flatMap(entryTable),
  ]);
  return `${[...head(), ...parts].join("\n").trimEnd()}\n`;
}

/** The settings of an entry, for a list of objects. */
function entryTable({ path, schema }: Setting): string[] {
  const shape = schema instanceof z.ZodArray ? shapeOf(schema.element) : undefined;
  if (shape === undefined) return [];
  const rows = Object.entries(shape).map(([name, child]) => {
    const setting = { path: name, name, doc: docOf(`${path}[].${name}`, child), schema: unwrap(child) };
    const value = child instanceof z.ZodDefault ? child.def.defaultValue : undefined;
    const shown = value === undefined ? "must be given" : defaultText({ ...setting, value });
    return `| \`${name}\` | ${shown} | ${describe({ ...setting, value })} |`;
  });
  return [
    `Each entry of \`${path}\`:`,
    "",
    "| setting | default | what it does |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ];
}

/** Writes conf/server.json: every setting with its default and its words. */
export function formatDefaultFile(): string {
  const lines = [
    "// The configuration of the server: JSON with comments. Every setting is here with its default, so each may be left out.",
    "// A mistake is named with its line when the server starts; `mqplay-server --check` only looks for mistakes.",
    "{",
    ...fileLines(root(), "  "),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

/** What stands between the braces of a section: its settings, then the sections in it. */
function fileLines({ settings, sections }: Section, indent: string): string[] {
  const own = settings.flatMap((setting) => [
    ...comment(plain(describe(setting)), indent),
    `${indent}${JSON.stringify(setting.name)}: ${JSON.stringify(setting.value)},`,
  ]);
  const below = sections.flatMap((section, index) => [
    ...(index > 0 || own.length > 0 ? [""] : []),
    ...comment(plain(section.text), indent),
    `${indent}${JSON.stringify(section.name)}: {`,
    ...fileLines(section, `${indent}  `),
    `${indent}},`,
  ]);
  return [...own, ...below];
}

function head(): string[] {
  return [
    "# Configuration",
    "",
    "<!-- Generated from packages/server/src/config/schema.ts by `node scripts/generate-config.mjs`; edit that. -->",
    "",
    `The server reads \`packages/server/conf/server.json\` (in an installed package: \`conf/server.json\` of \`@mqplay/server\`), or the file that \`--config\` or the environment variable \`${CONFIG_FILE_VARIABLE}\` names: JSON with comments and trailing commas. Every setting may be left out. A program passes the same settings to \`createServer({ config })\`.`,
    "",
    "Environment variables override the file. An unknown setting or a wrong value stops the server at its start with the file, the line, the setting, what was got and what is expected. `mqplay-server --check` only checks. Relative paths start at the server's working directory.",
    "",
    "| environment variable | setting |",
    "| --- | --- |",
    ...variables.map(({ name, path }) => `| \`${name}\` | \`${path.join(".")}\` |`),
    `| \`${CONFIG_FILE_VARIABLE}\` | the configuration file |`,
    "",
  ];
}

/** The whole configuration as one section. */
function root(): Section {
  return readSection("", "", "", configSchema, resolveConfig());
}

function readSection(
  path: string,
  name: string,
  text: string,
  schema: z.core.$ZodType,
  values: unknown,
): Section {
  const valueOf = new Map<string, unknown>(Object.entries(Object(values)));
  const settings: Setting[] = [];
  const sections: Section[] = [];
  for (const [key, child] of Object.entries(shapeOf(schema) ?? {})) {
    const childPath = path === "" ? key : `${path}.${key}`;
    const doc = docOf(childPath, child);
    const value = valueOf.get(key);
    if (shapeOf(child) === undefined)
      settings.push({ path: childPath, name: key, doc, schema: unwrap(child), value });
    else sections.push(readSection(childPath, key, doc.text, child, value));
  }
  return { path, name, text, settings, sections };
}

/** A section and all sections in it, in order. */
function flatten(section: Section): Section[] {
  return [section, ...section.sections.flatMap(flatten)];
}

function docOf(path: string, schema: z.core.$ZodType): SettingDoc {
  const doc = settingDocs.get(schema);
  if (doc === undefined)
    throw new Error(`the setting ${path} has no words: declare it through config/setting.ts`);
  return doc;
}

function describe({ schema, doc }: Setting): string {
  if (!(schema instanceof z.ZodNumber)) return doc.text;
  return `${doc.text} From ${number(schema.minValue)} to ${number(schema.maxValue)}${doc.unit === undefined ? "" : ` ${doc.unit}`}.`;
}

function number(value: number | null): string {
  return value === null ? "any" : value.toLocaleString("en");
}

function defaultText({ value, doc }: Setting): string {
  return `\`${JSON.stringify(value)}\`${doc.unit === undefined ? "" : ` ${doc.unit}`}`;
}

/** Markdown's code marks say nothing in a comment. */
function plain(text: string): string {
  return text.replaceAll("`", "");
}

function comment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}//`;
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > COMMENT_COLUMNS) {
      lines.push(line);
      line = `${indent}//`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
