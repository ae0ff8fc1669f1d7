/**
 * Writes messages and enums.
 */
import { docComment } from "./doc-comment.ts";
import type { EnumModel, FieldModel, MessageModel } from "./model.ts";
import type { RuntimeNames } from "./runtime-names.ts";
import type { ScalarName } from "../scalar.ts";

/** Types by full name. */
export type TypeTable = ReadonlyMap<string, MessageModel | EnumModel>;

/** Longer heads of declarations are broken in two. */
const MAX_LINE_LENGTH = 110;

const TS_TYPES: Readonly<Record<ScalarName, string>> = {
  double: "number",
  float: "number",
  int32: "number",
  uint32: "number",
  sint32: "number",
  fixed32: "number",
  sfixed32: "number",
  int64: "bigint",
  uint64: "bigint",
  sint64: "bigint",
  fixed64: "bigint",
  sfixed64: "bigint",
  bool: "boolean",
  string: "string",
  bytes: "Uint8Array",
};

/** Writes a message's interface and value, or an enum's. */
export function emitType(type: MessageModel | EnumModel, all: TypeTable, runtime: RuntimeNames): string {
  return type.kind === "enum" ? emitEnum(type) : emitMessage(type, all, runtime);
}

function emitEnum(type: EnumModel): string {
  const values = type.values.map(
    ({ name, number, comment }) => `${docComment(comment, "  ")}  ${name}: ${number},\n`,
  );
  return (
    `${docComment(type.comment, "")}export const ${type.name} = {\n${values.join("")}} as const;\n` +
    `/** One of the numbers of {@link ${type.name}}. */\n` +
    `export type ${type.name} = (typeof ${type.name})[keyof typeof ${type.name}];`
  );
}

function emitMessage(message: MessageModel, all: TypeTable, runtime: RuntimeNames): string {
  const { name, fields } = message;
  const properties = fields.map((field) => emitProperty(field, all)).join("");
  const doc = docComment(message.comment, "");
  const declared =
    fields.length === 0
      ? `${doc}export type ${name} = { readonly [field: string]: never };\n`
      : `${doc}export interface ${name} {\n${properties}}\n`;
  const head = `export const ${name}: ${runtime.use("Message")}<${name}> =`;
  const call = `/* @__PURE__ */ ${runtime.use("defineMessage")}("${name}", [`;
  const isLong = `${head} ${call}`.length > MAX_LINE_LENGTH;
  const indent = isLong ? "  " : "";
  const rows = fields.map((field) => `${indent}  ${emitField(field, all)},\n`).join("");
  const body = rows === "" ? "" : `\n${rows}${indent}`;
  return `${declared}${head}${isLong ? "\n  " : " "}${call}${body}]);`;
}

function emitProperty(field: FieldModel, all: TypeTable): string {
  const isOptional =
    field.shape === "optional" ||
    field.oneof !== undefined ||
    (field.shape === "single" && field.type.kind === "message" && field.rules.required !== true);
  const type = propertyType(field, all);
  const mark = isOptional ? "?" : "";
  return `${docComment(field.comment, "  ")}  readonly ${field.name}${mark}: ${type}${isOptional ? " | undefined" : ""};\n`;
}

function propertyType(field: FieldModel, all: TypeTable): string {
  const element = field.type.kind === "scalar" ? TS_TYPES[field.type.scalar] : nameOf(field.type.target, all);
  if (field.shape === "repeated") return `readonly ${element}[]`;
  return field.shape === "map" ? `{ readonly [key: string]: ${element} }` : element;
}

function nameOf(fullName: string, all: TypeTable): string {
  return all.get(fullName)?.name ?? fullName;
}

/** Writes a field's line in the message's table. */
function emitField(field: FieldModel, all: TypeTable): string {
  const { rules, type } = field;
  const parts = [`number: ${field.number}`, `name: "${field.name}"`];
  if (type.kind === "scalar") parts.push(`type: "${type.scalar}"`);
  else if (type.kind === "enum") parts.push(`type: "enum"`, `values: ${nameOf(type.target, all)}`);
  else parts.push(`type: "message"`, `message: () => ${nameOf(type.target, all)}`);
  if (field.shape === "optional" || field.shape === "repeated") parts.push(`${field.shape}: true`);
  if (field.keyType !== undefined) parts.push(`map: "${field.keyType}"`);
  if (field.oneof !== undefined) parts.push(`oneof: "${field.oneof}"`);
  for (const rule of ["required", "minLen", "maxLen", "min", "max", "minItems", "maxItems"] as const) {
    if (rules[rule] !== undefined) parts.push(`${rule}: ${rules[rule]}`);
  }
  if (rules.pattern !== undefined)
    parts.push(`pattern: ${new RegExp(`^(?:${rules.pattern})$`, "u").toString()}`);
  return `{ ${parts.join(", ")} }`;
}
