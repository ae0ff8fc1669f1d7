/**
 * Keys of calls that must run once, however often they are sent. [call-5]
 * In JSON a key is the envelope's member `once`; in protobuf it is a field of the parameters that no contract may use,
 * so that every decoder which does not know it passes it over.
 */
import { utf8Decode, utf8Encode } from "#host";
import { WireReader, WireType } from "../contract/wire.ts";
import { MqplayError } from "../errors.ts";

/** The field of the parameters that holds the key in protobuf: the highest number that protobuf has. */
export const ONCE_FIELD = 536_870_911;

/** The field's tag as it is written: {@link ONCE_FIELD} with wire type 2. */
const TAG = [0xfa, 0xff, 0xff, 0xff, 0x0f] as const;

const KEY = /^[0-9A-Za-z_-]{16,64}$/;

/** Tells whether a value is a key: 16 to 64 of `[0-9A-Za-z_-]`. */
export function isOnceKey(value: unknown): value is string {
  return typeof value === "string" && KEY.test(value);
}

/** Writes a key as the field that follows a call's parameters. */
export function encodeOnceField(key: string): Uint8Array {
  return Uint8Array.of(...TAG, key.length, ...utf8Encode(key));
}

/**
 * Finds the key in a call's parameters, of several the last. Returns undefined when there is none.
 * @throws MqplayError `malformed` when the parameters are no protobuf, or the field is there and holds no key
 */
export function readOnceField(params: Uint8Array): string | undefined {
  const reader = new WireReader(params);
  let key: string | undefined;
  while (reader.position < reader.end) {
    const tag = reader.varint32();
    if (tag >>> 3 !== ONCE_FIELD) {
      reader.skip(tag & 7);
      continue;
    }
    const bytes = (tag & 7) === WireType.bytes ? reader.bytes() : new Uint8Array(0);
    // A key is ASCII: bytes that are more than its characters are no key.
    key = bytes.length <= 64 ? utf8Decode(bytes) : "";
    if (!isOnceKey(key)) throw new MqplayError("malformed", "the key of a call is 16 to 64 of [0-9A-Za-z_-]");
  }
  return key;
}
