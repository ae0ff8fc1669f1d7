/**
 * A message as JSON. Out: keys as the .proto writes them, zero values left out. In: keys match exactly first, then
 * case-insensitively, then in lowerCamelCase; null and missing are zero; unknown keys are ignored. [call-2]
 */
import type { JsonValue } from "./contract.ts";
import { MqplayError } from "../errors.ts";
import { MAX_JSON_DEPTH } from "../limits.ts";
import {
  describeValue,
  isRecord,
  newMap,
  own,
  parseKey,
  pathOf,
  zeroMessage,
  type Field,
  type Layout,
} from "./field.ts";
import { assertRequired } from "./protobuf-form.ts";
import { malformed } from "./wire.ts";

/** Maps a message to JSON. @throws MqplayError `invalidArgument` when a value has the wrong type */
export function messageToJson(layout: Layout, message: unknown, depth: number): JsonValue {
  if (depth >= MAX_JSON_DEPTH)
    throw unfit(layout.name, `fewer than ${MAX_JSON_DEPTH} messages in each other`);
  if (!isRecord(message)) throw unfit(layout.name, "an object");
  const json: Record<string, JsonValue> = {};
  for (const field of layout.fields) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    const mapped = fieldToJson(field, value, depth);
    if (mapped !== undefined) json[field.name] = mapped;
  }
  return json;
}

/** Maps a field, or returns undefined when it is at its zero value. */
function fieldToJson(field: Field, value: unknown, depth: number): JsonValue | undefined {
  if (field.key !== undefined) {
    if (!isRecord(value)) throw unfit(field.name, "an object");
    const map: Record<string, JsonValue> = Object.create(null);
    const keys = Object.keys(value);
    for (const key of keys) map[key] = valueToJson(field, value[key], depth);
    return keys.length === 0 ? undefined : map;
  }
  if (field.spec.repeated === true) {
    if (!Array.isArray(value)) throw unfit(field.name, "an array");
    return value.length === 0 ? undefined : value.map((element) => valueToJson(field, element, depth));
  }
  if (field.hasZero && field.scalar?.isZero(value) === true) return undefined;
  return valueToJson(field, value, depth);
}

function valueToJson(field: Field, value: unknown, depth: number): JsonValue {
  if (field.layout !== undefined) return messageToJson(field.layout(), value, depth + 1);
  if (field.scalar?.is(value) !== true) throw unfit(field.name, field.scalar?.expected ?? "a value");
  return field.scalar.toJson(value);
}

function unfit(name: string, expected: string): MqplayError {
  return new MqplayError("invalidArgument", `${name}: expected ${expected}`, { path: name });
}

/** Maps JSON to a message. @throws MqplayError `malformed` with the path of the value that does not fit */
export function messageFromJson(layout: Layout, json: unknown, path: string, depth: number): object {
  if (depth >= MAX_JSON_DEPTH) throw malformed(`more than ${MAX_JSON_DEPTH} messages in each other`, path);
  const message = zeroMessage(layout);
  if (json !== undefined && json !== null && !isRecord(json)) {
    throw malformed("expected an object", path === "" ? undefined : path);
  }
  if (isRecord(json)) {
    const values = valuesOf(layout, json);
    for (let index = 0; index < values.length; index += 1) {
      const field = layout.fields[index];
      const value = values[index];
      if (field === undefined || value === undefined || value === null) continue;
      message[field.name] = fieldFromJson(field, value, pathOf(path, field.name), depth);
    }
  }
  for (const [name, members] of layout.oneofs) {
    if (members.filter((member) => message[member.name] !== undefined).length > 1) {
      throw malformed(
        `at most one of ${members.map((member) => member.name).join(", ")} may be given`,
        pathOf(path, name),
      );
    }
  }
  assertRequired(layout, message, path);
  return message;
}

/** Finds each field's value by the name's exact form, else by one that differs only in case or is in lowerCamelCase. */
function valuesOf(layout: Layout, json: Readonly<Record<string, unknown>>): unknown[] {
  const values: unknown[] = [];
  let found = 0;
  for (const field of layout.fields) {
    const value = own(json, field.name);
    if (value !== undefined) found += 1;
    values.push(value);
  }
  const keys = Object.keys(json);
  if (found === keys.length) return values;
  for (const key of keys) {
    // A key longer than every name is not worth folding.
    if (key.length > layout.longestName) continue;
    const index = layout.byFoldedName.get(key.toLowerCase());
    if (index !== undefined && values[index] === undefined) values[index] = json[key];
  }
  return values;
}

function fieldFromJson(field: Field, json: unknown, path: string, depth: number): unknown {
  if (field.key !== undefined) {
    if (!isRecord(json)) throw malformed("expected an object", path);
    const map = newMap();
    for (const text of Object.keys(json)) {
      const key = parseKey(field.key, text);
      if (key === undefined) throw malformed(`expected keys that are ${field.key.expected}`, path);
      map[text] = valueFromJson(field, json[text], `${path}[${JSON.stringify(text)}]`, depth);
    }
    return map;
  }
  if (field.spec.repeated === true) {
    if (!Array.isArray(json)) throw malformed("expected an array", path);
    return json.map((element, index) => valueFromJson(field, element, `${path}[${index}]`, depth));
  }
  return valueFromJson(field, json, path, depth);
}

function valueFromJson(field: Field, json: unknown, path: string, depth: number): unknown {
  if (field.layout !== undefined) return messageFromJson(field.layout(), json, path, depth + 1);
  const value = json === null ? field.scalar?.zero() : field.scalar?.fromJson(json);
  if (value === undefined)
    throw malformed(`expected ${field.scalar?.expected}, got ${describeValue(json)}`, path);
  return value;
}
