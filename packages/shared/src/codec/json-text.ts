/**
 * JSON from a socket, made safe: bounded in depth, own properties only, keys of an envelope found as the wire finds them.
 */
import { utf8Decode } from "#host";
import { MqplayError } from "../errors.ts";
import { MAX_JSON_DEPTH } from "../limits.ts";

/** An object as JSON.parse makes it. A key `__proto__` in the text is an own property like any other. */
export type JsonObject = Readonly<Record<string, unknown>>;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b; // "{", and "[" with the bit below set
const CLOSE = 0x7d; // "}", and "]" likewise
const BRACE_BIT = 0x20;

/**
 * Reads UTF-8 JSON.
 * @throws MqplayError `malformed` when it is not UTF-8, not JSON, or nested deeper than `MAX_JSON_DEPTH`
 */
export function parseJson(bytes: Uint8Array): unknown {
  assertDepth(bytes);
  const text = utf8Decode(bytes);
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    throw new MqplayError("malformed", "this is not JSON", { cause });
  }
}

/** Counting openers settles nearly every text; only one with many of them is scanned with care. */
function assertDepth(bytes: Uint8Array): void {
  let openers = 0;
  for (let i = 0; i < bytes.length; i++) if (((bytes[i] ?? 0) | BRACE_BIT) === OPEN) openers++;
  if (openers > MAX_JSON_DEPTH && depthOf(bytes) > MAX_JSON_DEPTH) {
    throw new MqplayError("malformed", `JSON may nest ${MAX_JSON_DEPTH} deep at most`);
  }
}

/** The deepest nesting of arrays and objects. For text that is no JSON the number means nothing, and parsing will tell. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (quoted) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if ((byte | BRACE_BIT) === OPEN) deepest = Math.max(deepest, ++depth);
    else if ((byte | BRACE_BIT) === CLOSE) depth--;
  }
  return deepest;
}

/** Tells whether a JSON value is an object, not an array and not null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Finds a property: the exact key first, then one that differs in case only, the last of them if several. [call-2]
 * @param key in lower case where an inexact match is wanted
 */
export function findKey(object: JsonObject, key: string): unknown {
  if (Object.hasOwn(object, key)) return object[key];
  const wanted = key.toLowerCase();
  let found: unknown;
  for (const name of Object.keys(object)) {
    if (name.length === key.length && name.toLowerCase() === wanted) found = object[name];
  }
  return found;
}
