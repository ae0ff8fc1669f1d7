/**
 * Pushes: what goes out on `p` and `q`, and in which form. [push-1], [push-2]
 */
import { jsonCodec, protobufCodec, type Encoding, type Push } from "@mqplay/shared";

/** The first byte of the topic for pushes in JSON, and of the one for protobuf. */
export const TOPIC_PUSH_JSON = 0x70;
/** See {@link TOPIC_PUSH_JSON}. */
export const TOPIC_PUSH_PROTOBUF = 0x71;

/** A push in the clear, as it goes out on each topic; undefined where it does not. */
interface EncodedPush {
  readonly push: Push;
  readonly encoding: Encoding;
  /** For `p`: JSON pushes, and protobuf ones as JSON with the protobuf bytes as content. */
  readonly json: Uint8Array;
  /** For `q`: protobuf pushes only. */
  readonly protobuf: Uint8Array | undefined;
}

/** Encodes pushes; a push to many is encoded once, only its sealing differs from client to client. */
export class PushEncoder {
  #last: EncodedPush | undefined;

  /** Returns what goes out for a push. */
  encode(push: Push, encoding: Encoding): EncodedPush {
    if (this.#last?.push === push && this.#last.encoding === encoding) return this.#last;
    const encoded: EncodedPush = {
      push,
      encoding,
      json: jsonCodec.encodePush(push),
      protobuf: encoding === "protobuf" ? protobufCodec.encodePush(push) : undefined,
    };
    this.#last = encoded;
    return encoded;
  }
}
