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
import type { ProtobufCall } from "../message.ts";
import { assertByte, MalformedCall, type Codec } from "./codec.ts";
import { decodeAllResponse, encodeFramed } from "./envelope.ts";
import { encodeOnceField } from "./once.ts";

const PREFIX_BYTES = 2;
const PUSH_MSG = "push";
const noResult = new Uint8Array(0);

/** Calls and answers on `f`, pushes on `q`. */
export const protobufCodec: Codec<ProtobufCall> = {
  encoding: "protobuf",

  encodeCall({ module, func, params, once }) {
    assertByte(module, "the module's number");
    assertByte(func, "the function's number");
    const key = once === undefined ? noResult : encodeOnceField(once);
    const bytes = allocate(PREFIX_BYTES + params.length + key.length);
    bytes[0] = module;
    bytes[1] = func;
    bytes.set(params, PREFIX_BYTES);
    bytes.set(key, PREFIX_BYTES + params.length);
    return bytes;
  },

  decodeCall(bytes) {
    const [module = 0, func = 0] = bytes;
    if (bytes.length < PREFIX_BYTES) {
      throw new MalformedCall(`a call has at least ${PREFIX_BYTES} bytes, got ${bytes.length}`, {
        module,
        func,
      });
    }
    return { encoding: "protobuf", module, func, params: bytes.subarray(PREFIX_BYTES) };
  },

  encodeAnswer({ result, msg, state }, { module, func }) {
    if (typeof result === "string") {
      throw new MqplayError("invalidArgument", "the result of a protobuf answer must be bytes, got text");
    }
    assertByte(module, "the module's number");
    assertByte(func, "the function's number");
    return encodeFramed(module, func, { result: result ?? noResult, msg, state });
  },

  decodeAnswer(bytes) {
    const [module, func] = bytes;
    if (module === undefined || func === undefined) throw tooShort("an answer", bytes);
    return { module, func, ...decodeAllResponse(bytes, PREFIX_BYTES) };
  },

  encodePush({ module, type, content }) {
    assertByte(module, "the module's number");
    assertByte(type, "the push's number");
    return encodeFramed(module, type, { result: content, msg: PUSH_MSG, state: 0 });
  },

  decodePush(bytes) {
    const [module, type] = bytes;
    if (module === undefined || type === undefined) throw tooShort("a push", bytes);
    const { result, msg, state } = decodeAllResponse(bytes, PREFIX_BYTES);
    if (msg !== PUSH_MSG || state !== 0) throw new MqplayError("malformed", "this is an answer, not a push");
    return { module, type, content: result };
  },
};

function tooShort(what: string, bytes: Uint8Array): MqplayError {
  return new MqplayError("malformed", `${what} has at least ${PREFIX_BYTES} bytes, got ${bytes.length}`);
}
