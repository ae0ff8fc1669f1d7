/**
 * The JSON encoding. In the clear:
 *
 *     call    {"module": "User", "func": "Login", "params": {…}, "id": …, "once": …}   [call-1] [call-3] [call-5]
 *     answer  {"result": base64 of JSON text, "msg": "…", "state": n, "id": …}     [answer-3]
 *     push    {"Module": n, "PushType": n, "Content": base64}                      [push-1]
 */
import { fromBase64, toBase64, utf8Decode, utf8Encode } from "#host";
import { isMqplayError, MqplayError } from "../errors.ts";
import { MAX_CALL_ID_BYTES } from "../limits.ts";
import type { Answer, JsonCall, Push } from "../message.ts";
import { assertByte, MalformedCall, type Codec, type DecodedAnswer, type ReplyTo } from "./codec.ts";
import { findKey, isJsonObject, parseJson, type JsonObject } from "./json-text.ts";
import { isOnceKey } from "./once.ts";

// Functions, not methods: a client's bundle has the half that it uses.

/** See {@link Codec.encodeCall}. */
export function encodeJsonCall({ module, func, params, id, once }: JsonCall): Uint8Array {
  try {
    return utf8Encode(JSON.stringify({ module, func, params, id, once }));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "no reason given";
    throw new MqplayError("invalidArgument", `the parameters cannot be written as JSON: ${why}`, { cause });
  }
}

function decodeJsonCall(bytes: Uint8Array): JsonCall {
  const envelope = parseEnvelope(bytes);
  const { module, func, params, id, once } = readEnvelope(envelope);
  const validId = isCallId(id);
  const replyTo = { module: 0, func: 0, id: validId ? id : undefined };
  if (id !== undefined && id !== null && !validId) {
    throw new MalformedCall(
      `"id" must be a string of at most ${MAX_CALL_ID_BYTES} bytes or an integer`,
      replyTo,
    );
  }
  if (!isName(module)) throw new MalformedCall(`"module" must be a string or an integer`, replyTo);
  if (!isName(func)) throw new MalformedCall(`"func" must be a string or an integer`, replyTo);
  if (once === undefined || once === null) {
    return { encoding: "json", module, func, params: params ?? undefined, id: replyTo.id };
  }
  if (!isOnceKey(once)) throw new MalformedCall(`"once" must be 16 to 64 of [0-9A-Za-z_-]`, replyTo);
  return { encoding: "json", module, func, params: params ?? undefined, id: replyTo.id, once };
}

function encodeJsonAnswer({ result, msg, state }: Answer, { id }: ReplyTo): Uint8Array {
  // By hand: it runs for every call, and what is put between the quotes is base64, quoted text or a number.
  let text = "";
  if (result !== undefined) {
    if (typeof result !== "string") {
      throw new MqplayError("invalidArgument", "the result of a JSON answer must be JSON text, got bytes");
    }
    text = `,"result":"${toBase64(utf8Encode(result))}"`;
  }
  if (msg !== "") text += `,"msg":${JSON.stringify(msg)}`;
  if (state !== 0) text += `,"state":${state}`;
  if (id !== undefined) text += `,"id":${JSON.stringify(id)}`;
  return utf8Encode(`{${text.slice(1)}}`);
}

/** See {@link Codec.decodeAnswer}. */
export function decodeJsonAnswer(bytes: Uint8Array): DecodedAnswer {
  const envelope = parseObject(bytes, "an answer");
  const msg = findKey(envelope, "msg") ?? "";
  const state = findKey(envelope, "state") ?? 0;
  const id = findKey(envelope, "id") ?? undefined;
  if (typeof msg !== "string") throw malformed(`"msg" must be a string`);
  if (!isInt32(state)) throw malformed(`"state" must be a 32-bit integer`);
  if (id !== undefined && !isCallId(id)) throw malformed(`"id" must be a string or an integer`);
  return { result: readResult(findKey(envelope, "result")), msg, state: state | 0, id };
}

function encodeJsonPush({ module, type, content }: Push): Uint8Array {
  assertByte(module, "the module's number");
  assertByte(type, "the push's number");
  return utf8Encode(`{"Module":${module},"PushType":${type},"Content":"${toBase64(content)}"}`);
}

/** See {@link Codec.decodePush}. */
export function decodeJsonPush(bytes: Uint8Array): Push {
  const envelope = parseObject(bytes, "a push");
  const module = findKey(envelope, "Module");
  const type = findKey(envelope, "PushType");
  const content = findKey(envelope, "Content");
  if (!isByte(module)) throw malformed(`"Module" must be an integer from 0 to 255`);
  if (!isByte(type)) throw malformed(`"PushType" must be an integer from 0 to 255`);
  // null is how the old server writes no bytes at all.
  if (content === null) return { module, type, content: new Uint8Array(0) };
  if (typeof content !== "string") throw malformed(`"Content" must be base64`);
  return { module, type, content: fromBase64(content) };
}

/** Calls and answers on `i`, pushes on `p`. */
export const jsonCodec: Codec<JsonCall> = {
  encoding: "json",
  encodeCall: encodeJsonCall,
  decodeCall: decodeJsonCall,
  encodeAnswer: encodeJsonAnswer,
  decodeAnswer: decodeJsonAnswer,
  encodePush: encodeJsonPush,
  decodePush: decodeJsonPush,
};

interface Envelope {
  readonly module: unknown;
  readonly func: unknown;
  readonly params: unknown;
  readonly id: unknown;
  readonly once: unknown;
}

function parseEnvelope(bytes: Uint8Array): JsonObject {
  try {
    return parseObject(bytes, "a call");
  } catch (error) {
    const detail = isMqplayError(error) ? error.detail : "this is no call";
    throw new MalformedCall(detail, { module: 0, func: 0 }, error);
  }
}

/** One pass over the keys: nearly every call has only exact ones, so the second, tolerant search seldom runs. [call-2] */
function readEnvelope(object: JsonObject): Envelope {
  let module: unknown;
  let func: unknown;
  let params: unknown;
  let id: unknown;
  let once: unknown;
  let exact = true;
  for (const key of Object.keys(object)) {
    if (key === "module") module = object[key];
    else if (key === "func") func = object[key];
    else if (key === "params") params = object[key];
    else if (key === "id") id = object[key];
    else if (key === "once") once = object[key];
    else exact = false;
  }
  if (exact) return { module, func, params, id, once };
  return {
    module: findKey(object, "module"),
    func: findKey(object, "func"),
    params: findKey(object, "params"),
    id: findKey(object, "id"),
    once: findKey(object, "once"),
  };
}

function parseObject(bytes: Uint8Array, what: string): JsonObject {
  const value = parseJson(bytes);
  if (!isJsonObject(value)) throw malformed(`${what} must be a JSON object`);
  return value;
}

/** The old server writes base64; others may write the result itself. Either becomes its JSON text. [answer-3] */
function readResult(result: unknown): string | undefined {
  if (result === undefined || result === "") return undefined;
  if (typeof result === "string") return utf8Decode(fromBase64(result));
  if (typeof result === "object") return JSON.stringify(result);
  throw malformed(`"result" must be base64, an object, an array or null`);
}

function isName(value: unknown): value is string | number {
  return typeof value === "string" || Number.isSafeInteger(value);
}

function isCallId(value: unknown): value is string | number {
  if (typeof value !== "string") return Number.isSafeInteger(value);
  // A character is one to three bytes for each of its units; only in between do they have to be counted.
  if (value.length * 3 <= MAX_CALL_ID_BYTES) return true;
  return value.length <= MAX_CALL_ID_BYTES && utf8Length(value) <= MAX_CALL_ID_BYTES;
}

/** Half a surrogate pair, which JSON can smuggle in by an escape, counts as the three bytes of a replacement. */
function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return length;
}

function isInt32(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value;
}

function isByte(value: unknown): value is number {
  return typeof value === "number" && (value & 0xff) === value;
}

function malformed(detail: string): MqplayError {
  return new MqplayError("malformed", detail);
}
