/**
 * Reads a field and its rules.
 */
import protobuf from "protobufjs";
import type { ScalarName } from "../scalar.ts";
import { checkPattern } from "./pattern.ts";
import type { FileReader } from "./file-reader.ts";
import type { FieldModel, FieldRules, FieldType } from "./model.ts";
import { isObject } from "./options.ts";

const SCALARS: ReadonlySet<string> = new Set<ScalarName>([
  "double",
  "float",
  "int32",
  "uint32",
  "sint32",
  "fixed32",
  "sfixed32",
  "int64",
  "uint64",
  "sint64",
  "fixed64",
  "sfixed64",
  "bool",
  "string",
  "bytes",
]);

/** The rules' names in a .proto and here, and the fields that may have them. */
const RULES = {
  required: { key: "required", fits: "all" },
  min_len: { key: "minLen", fits: "text" },
  max_len: { key: "maxLen", fits: "text" },
  min: { key: "min", fits: "number" },
  max: { key: "max", fits: "number" },
  pattern: { key: "pattern", fits: "string" },
  min_items: { key: "minItems", fits: "list" },
  max_items: { key: "maxItems", fits: "list" },
} as const;

/** Reads a field of the message `owner`. */
export function readField(reader: FileReader, owner: string, field: protobuf.Field): FieldModel {
  const path = `${owner}.${field.name}`;
  const type = readType(reader, owner, path, field.type);
  const isMap = field instanceof protobuf.MapField;
  const keyType = isMap ? scalarName(field.keyType) : undefined;
  const proto3Optional = field.options?.["proto3_optional"] === true;
  const shape = isMap ? "map" : field.repeated ? "repeated" : proto3Optional ? "optional" : "single";
  if (field.required)
    reader.fault(path, `${path}: proto3 has no required; use [(mqplay.field).required = true]`);
  return {
    name: field.name,
    number: field.id,
    type,
    shape,
    keyType,
    oneof: proto3Optional ? undefined : (field.partOf?.name ?? undefined),
    rules: readRules(reader, path, field, type, shape),
    comment: field.comment ?? undefined,
    place: reader.place(path),
  };
}

function scalarName(name: string): ScalarName | undefined {
  return isScalar(name) ? name : undefined;
}

function isScalar(name: string): name is ScalarName {
  return SCALARS.has(name);
}

function readType(reader: FileReader, owner: string, path: string, name: string): FieldType {
  if (isScalar(name)) return { kind: "scalar", scalar: name };
  const found = reader.names.find(reader.source, reader.fullName(owner), name);
  if (found.kind !== "unknown") return { kind: found.kind, target: found.fullName };
  const hint = reader.names.isEmpty(reader.source, name)
    ? ": google.protobuf.Empty is for functions; declare a message of your own"
    : found.hint;
  reader.fault(path, `${path}: unknown type ${name}${hint}`);
  return { kind: "scalar", scalar: "string" };
}

function readRules(
  reader: FileReader,
  path: string,
  field: protobuf.Field,
  type: FieldType,
  shape: FieldModel["shape"],
): FieldRules {
  const rules: Record<string, unknown> = {};
  for (const { value, line } of reader.uses("field", path, field).get("field") ?? []) {
    const fault = (detail: string): void => reader.options.fault(line, `${path}: ${detail}`);
    if (!isObject(value)) {
      fault("(mqplay.field) needs rules, like { max_len: 32 }");
      continue;
    }
    for (const [name, given] of Object.entries(value)) {
      const detail = wrongRule(name, given, type, shape);
      if (detail === undefined) rules[keyOf(name)] = given;
      else fault(detail);
    }
  }
  const detail = wrongRules(rules, shape);
  if (detail !== undefined) reader.fault(path, `${path}: ${detail}`);
  return rules;
}

function isRule(name: string): name is keyof typeof RULES {
  return Object.hasOwn(RULES, name);
}

function keyOf(name: string): string {
  return isRule(name) ? RULES[name].key : name;
}

/** Says what is wrong with one rule, or undefined. */
function wrongRule(
  name: string,
  given: unknown,
  type: FieldType,
  shape: FieldModel["shape"],
): string | undefined {
  if (!isRule(name)) return `there is no rule ${name}; there are ${Object.keys(RULES).join(", ")}`;
  const expected = name === "required" ? "boolean" : name === "pattern" ? "string" : "number";
  if (typeof given !== expected) return `the rule ${name} needs a ${expected}`;
  const { fits } = RULES[name];
  const scalar = type.kind === "scalar" ? type.scalar : undefined;
  const isText = scalar === "string" || (scalar === "bytes" && fits === "text");
  if ((fits === "text" || fits === "string") && !isText)
    return `the rule ${name} is for ${fits === "text" ? "string and bytes" : "string"}`;
  const isNumber = scalar !== undefined && !["string", "bytes", "bool"].includes(scalar);
  if (fits === "number" && !isNumber) return `the rule ${name} is for numbers`;
  if (fits === "list" && shape !== "repeated" && shape !== "map")
    return `the rule ${name} is for repeated fields and maps`;
  if ((fits === "text" || fits === "list") && !(Number.isInteger(given) && Number(given) >= 0)) {
    return `the rule ${name} needs a whole number from 0`;
  }
  const is64 = scalar?.includes("64") === true;
  if (fits === "number" && is64 && !Number.isSafeInteger(given))
    return `the rule ${name} needs a whole number below 2^53`;
  return undefined;
}

/** Says what is wrong with rules together, or undefined. */
function wrongRules(rules: FieldRules, shape: FieldModel["shape"]): string | undefined {
  for (const [low, high] of [
    ["minLen", "maxLen"],
    ["min", "max"],
    ["minItems", "maxItems"],
  ] as const) {
    if ((rules[low] ?? -Infinity) > (rules[high] ?? Infinity))
      return "the least allowed is above the most allowed";
  }
  if (rules.pattern !== undefined) {
    if (rules.maxLen === undefined) return "a pattern needs a max_len, so that no input keeps it busy";
    const problem = checkPattern(rules.pattern, rules.maxLen);
    if (problem !== undefined) return problem;
  }
  return rules.required === true && shape === "optional"
    ? "a field is either optional or required"
    : undefined;
}
