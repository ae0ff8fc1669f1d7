/**
 * Checks a program's value against its message: types first, then the rules that the .proto declares for fields.
 */
import { MqplayError } from "../errors.ts";
import { MAX_JSON_DEPTH } from "../limits.ts";
import {
  describeValue,
  isRecord,
  parseKey,
  pathOf,
  type Field,
  type FieldBase,
  type Layout,
} from "./field.ts";

/** Checks a message and everything in it. @throws MqplayError `paramNotAllow` with the path of the first fault */
export function checkMessage(layout: Layout, message: unknown, path: string, depth: number): void {
  if (!isRecord(message))
    throw refused(path === "" ? layout.name : path, `an object of ${layout.name}`, describeValue(message));
  if (depth >= MAX_JSON_DEPTH) throw refused(path, `fewer than ${MAX_JSON_DEPTH} messages in each other`);
  for (const field of layout.fields) checkField(field, message[field.name], pathOf(path, field.name), depth);
  for (const [name, members] of layout.oneofs) {
    if (members.filter((member) => isGiven(message[member.name])).length > 1) {
      throw refused(pathOf(path, name), `at most one of ${members.map((member) => member.name).join(", ")}`);
    }
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function checkField(field: Field, value: unknown, path: string, depth: number): void {
  if (value === undefined && !field.hasZero) {
    if (field.spec.required === true) throw refused(path, "a value, because it is required");
  } else if (field.key !== undefined) {
    if (!isRecord(value)) throw refused(path, "an object", describeValue(value));
    const keys = Object.keys(value);
    checkCount(field.spec, keys.length, path);
    for (const key of keys) {
      const place = `${path}[${JSON.stringify(key)}]`;
      if (parseKey(field.key, key) === undefined) throw refused(place, `a key that is ${field.key.expected}`);
      checkValue(field, value[key], place, depth);
    }
  } else if (field.spec.repeated === true) {
    if (!Array.isArray(value)) throw refused(path, "an array", describeValue(value));
    checkCount(field.spec, value.length, path);
    for (const [index, element] of value.entries()) checkValue(field, element, `${path}[${index}]`, depth);
  } else checkValue(field, value, path, depth);
}

function checkCount(rules: FieldBase, count: number, path: string): void {
  if (count < (rules.minItems ?? (rules.required === true ? 1 : 0))) {
    throw refused(path, `at least ${rules.minItems ?? 1} of them`, String(count));
  }
  if (rules.maxItems !== undefined && count > rules.maxItems)
    throw refused(path, `at most ${rules.maxItems} of them`, String(count));
}

function checkValue(field: Field, value: unknown, path: string, depth: number): void {
  const { scalar, spec } = field;
  if (field.layout !== undefined) {
    checkMessage(field.layout(), value, path, depth + 1);
    return;
  }
  if (scalar === undefined) return;
  if (!scalar.is(value)) throw refused(path, scalar.expected, describeValue(value));
  if (spec.required === true && spec.repeated !== true && field.key === undefined && scalar.isZero(value)) {
    throw refused(path, "a value that is not zero or empty, because it is required");
  }
  if (typeof value === "string") checkText(spec, value, path);
  else if (value instanceof Uint8Array) checkLength(spec, value.length, "bytes", path);
  else if (typeof value === "number" || typeof value === "bigint") checkRange(field, value, path);
}

function checkText(rules: FieldBase, text: string, path: string): void {
  if (rules.minLen !== undefined || rules.maxLen !== undefined) {
    // A string has at most as many characters as UTF-16 units: most need no counting.
    const needsCount = text.length > (rules.maxLen ?? Infinity) || rules.minLen !== undefined;
    if (needsCount) checkLength(rules, countCharacters(text), "characters", path);
  }
  // The bound on length comes first, so a pattern never works on more than it was made for.
  if (rules.pattern?.test(text) === false) throw refused(path, `text that matches ${rules.pattern.source}`);
}

function countCharacters(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    if ((text.charCodeAt(index) & 0xfc00) !== 0xdc00) count += 1;
  }
  return count;
}

function checkLength(rules: FieldBase, length: number, unit: string, path: string): void {
  if (rules.minLen !== undefined && length < rules.minLen)
    throw refused(path, `at least ${rules.minLen} ${unit}`, String(length));
  if (rules.maxLen !== undefined && length > rules.maxLen)
    throw refused(path, `at most ${rules.maxLen} ${unit}`, String(length));
}

function checkRange(field: Field, value: number | bigint, path: string): void {
  const { spec, min, max } = field;
  // NaN is in no range.
  if (spec.min !== undefined && !(value >= min))
    throw refused(path, `at least ${spec.min}`, describeValue(value));
  if (spec.max !== undefined && !(value <= max))
    throw refused(path, `at most ${spec.max}`, describeValue(value));
}

/** Makes the error. */
function refused(path: string, expected: string, got?: string): MqplayError {
  const suffix = got === undefined ? "" : `, got ${got}`;
  return new MqplayError("paramNotAllow", `${path}: expected ${expected}${suffix}`, { path });
}
