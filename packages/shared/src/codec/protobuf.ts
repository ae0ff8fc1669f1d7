/**
 * The protobuf encoding. Layouts, in the clear:
 *
 *     call    module (1 byte) · function (1 byte) · the parameters' protobuf              [call-4]
 *             and in it, after the last parameter, the key of a call that is to run once  [call-5]
 *     answer  the call's two bytes · AllResponse                                          [answer-4]
 *     push    module (1 byte) · push type (1 byte) · AllResponse{content, "push", 0}      [push-2]
 */
import { allocate } from "#host";
import { MqplayError } from "../errors.ts";
import type { Answer, ProtobufCall, Push } from "../message.ts";
import { assertByte, MalformedCall, type Codec, type DecodedAnswer, type ReplyTo } from "./codec.ts";
import { decodeAllResponse, encodeFramed } from "./envelope.ts";
import { encodeOnceField } from "./once.ts";

const PREFIX_BYTES = 2;
const PUSH_MSG = "push";
const noResult = new Uint8Array(0);

// Functions, not methods: a client's bundle has the half that it uses.

/** See {@link Codec.encodeCall}. */
export function encodeProtobufCall({ module, func, params, once }: ProtobufCall): Uint8Array {
  assertByte(module, "the module's number");
  assertByte(func, "the function's number");
  const key = once === undefined ? noResult : encodeOnceField(once);
  const bytes = allocate(PREFIX_BYTES + params.length + key.length);
  bytes[0] = module;
  bytes[1] = func;
  bytes.set(params, PREFIX_BYTES);
  bytes.set(key, PREFIX_BYTES + params.length);
  return bytes;
}

function decodeProtobufCall(bytes: Uint8Array): ProtobufCall {
  const [module = 0, func = 0] = bytes;
  if (bytes.length < PREFIX_BYTES) {
    throw new MalformedCall(`a call has at least ${PREFIX_BYTES} bytes, got ${bytes.length}`, {
      module,
      func,
    });
  }
  return { encoding: "protobuf", module, func, params: bytes.subarray(PREFIX_BYTES) };
}

function encodeProtobufAnswer({ result, msg, state }: Answer, { module, func }: ReplyTo): Uint8Array {
  if (typeof result === "string") {
    throw new MqplayError("invalidArgument", "the result of a protobuf answer must be bytes, got text");
  }
  assertByte(module, "the module's number");
  assertByte(func, "the function's number");
  return encodeFramed(module, func, { result: result ?? noResult, msg, state });
}

/** See {@link Codec.decodeAnswer}. */
export function decodeProtobufAnswer(bytes: Uint8Array): DecodedAnswer {
  const [module, func] = bytes;
  if (module === undefined || func === undefined) throw tooShort("an answer", bytes);
  return { module, func, ...decodeAllResponse(bytes, PREFIX_BYTES) };
}

function encodeProtobufPush({ module, type, content }: Push): Uint8Array {
  assertByte(module, "the module's number");
  assertByte(type, "the push's number");
  return encodeFramed(module, type, { result: content, msg: PUSH_MSG, state: 0 });
}

/** See {@link Codec.decodePush}. */
export function decodeProtobufPush(bytes: Uint8Array): Push {
  const [module, type] = bytes;
  if (module === undefined || type === undefined) throw tooShort("a push", bytes);
  const { result, msg, state } = decodeAllResponse(bytes, PREFIX_BYTES);
  if (msg !== PUSH_MSG || state !== 0) throw new MqplayError("malformed", "this is an answer, not a push");
  return { module, type, content: result };
}

/** Calls and answers on `f`, pushes on `q`. */
export const protobufCodec: Codec<ProtobufCall> = {
  encoding: "protobuf",
  encodeCall: encodeProtobufCall,
  decodeCall: decodeProtobufCall,
  encodeAnswer: encodeProtobufAnswer,
  decodeAnswer: decodeProtobufAnswer,
  encodePush: encodeProtobufPush,
  decodePush: decodeProtobufPush,
};

function tooShort(what: string, bytes: Uint8Array): MqplayError {
  return new MqplayError("malformed", `${what} has at least ${PREFIX_BYTES} bytes, got ${bytes.length}`);
}
