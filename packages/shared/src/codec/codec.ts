/**
 * A codec: bytes in the clear <-> Call, Answer, Push. One per encoding: json.ts for `i` and `p`, protobuf.ts for `f` and `q`.
 * Decoders trust nothing: they return what the types say or throw an MqplayError `malformed`.
 */
import { MqplayError } from "../errors.ts";
import type { Answer, Call, Encoding, Push } from "../message.ts";

/** What an answer says about the call that it belongs to. Every {@link Call} is one. */
export interface ReplyTo {
  readonly module: string | number;
  readonly func: string | number;
  /** Echoed in JSON when there is one. [call-3] */
  readonly id?: string | number | undefined;
}

/** An answer as a client reads it. */
export interface DecodedAnswer extends Answer {
  /** The `id` that the JSON answer echoes, if any. */
  readonly id?: string | number | undefined;
  /** The call's first byte, in a protobuf answer. */
  readonly module?: number | undefined;
  /** The call's second byte, in a protobuf answer. */
  readonly func?: number | undefined;
}

/** One encoding's way to write and read the three shapes. */
export interface Codec<TCall extends Call = Call> {
  readonly encoding: Encoding;
  /**
   * Writes a call.
   * @throws MqplayError `invalidArgument` when the encoding cannot express it
   */
  encodeCall(call: TCall): Uint8Array;
  /**
   * Reads a call; `params` of a protobuf call is a view of `bytes`.
   * @throws MalformedCall
   */
  decodeCall(bytes: Uint8Array): TCall;
  /**
   * Writes the answer to a call; zero values are left out. [answer-3] [answer-4]
   * @throws MqplayError `invalidArgument` when `answer.result` is of the other encoding
   */
  encodeAnswer(answer: Answer, call: ReplyTo): Uint8Array;
  /**
   * Reads an answer. JSON: `result` is the result's JSON text, undefined when there was none. Protobuf: `result` is a
   * view of `bytes`, empty when there was none, for the wire cannot tell these apart.
   * @throws MqplayError `malformed`
   */
  decodeAnswer(bytes: Uint8Array): DecodedAnswer;
  /**
   * Writes a push.
   * @throws MqplayError `invalidArgument` when a number is none of 0 to 255
   */
  encodePush(push: Push): Uint8Array;
  /**
   * Reads a push; `content` of a protobuf push is a view of `bytes`.
   * @throws MqplayError `malformed`
   */
  decodePush(bytes: Uint8Array): Push;
}

/** A call that does not parse. It says what the answer is to carry nevertheless. [bad-3] [bad-4] */
export class MalformedCall extends MqplayError {
  /** JSON: module 0, func 0 and the `id` where a sound one was found. Protobuf: the prefix bytes, missing ones as 0. */
  readonly replyTo: ReplyTo;

  constructor(detail: string, replyTo: ReplyTo, cause?: unknown) {
    super("malformed", detail, { cause });
    this.replyTo = replyTo;
  }
}

/** Throws unless `value` fits in one byte of the wire. */
export function assertByte(value: unknown, what: string): asserts value is number {
  if (typeof value !== "number" || (value & 0xff) !== value) {
    throw new MqplayError(
      "invalidArgument",
      `${what} must be an integer from 0 to 255, got ${String(value)}`,
    );
  }
}
