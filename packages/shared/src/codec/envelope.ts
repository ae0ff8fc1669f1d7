/**
 * AllResponse, the message that protobuf answers and pushes travel in: [answer-2]
 *
 *     message AllResponse { bytes result = 1; string msg = 2; int32 state = 3; }
 *     wire: 0a <length> result · 12 <length> msg · 18 <state>
 *
 * Written by hand: it is one fixed message on the hot path, and a generic reader would bring a library into the SDK.
 */
import { allocate, utf8Decode, utf8Encode } from "#host";
import { MqplayError } from "../errors.ts";

/** What an AllResponse holds. */
export interface AllResponse {
  readonly result: Uint8Array;
  readonly msg: string;
  readonly state: number;
}

const RESULT_TAG = 0x0a;
const MSG_TAG = 0x12;
const STATE_TAG = 0x18;
const WireType = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** Groups may nest in unknown fields; nobody sends them, so few are enough. */
const MAX_GROUP_DEPTH = 8;

const empty = new Uint8Array(0);

/** Writes two bytes and then the message, zero values left out. */
export function encodeFramed(first: number, second: number, message: AllResponse): Uint8Array {
  const { result, state } = message;
  const msg = message.msg === "" ? empty : utf8Encode(message.msg);
  let size = 2;
  if (result.length > 0) size += 1 + varintSize(result.length) + result.length;
  if (msg.length > 0) size += 1 + varintSize(msg.length) + msg.length;
  if (state !== 0) size += 1 + int32Size(state);
  const bytes = allocate(size);
  bytes[0] = first;
  bytes[1] = second;
  let at = 2;
  if (result.length > 0) at = writeBytes(bytes, at, RESULT_TAG, result);
  if (msg.length > 0) at = writeBytes(bytes, at, MSG_TAG, msg);
  if (state !== 0) writeInt32(bytes, at, state);
  return bytes;
}

function writeBytes(target: Uint8Array, at: number, tag: number, bytes: Uint8Array): number {
  target[at] = tag;
  const start = writeVarint(target, at + 1, bytes.length);
  target.set(bytes, start);
  return start + bytes.length;
}

function writeVarint(target: Uint8Array, at: number, value: number): number {
  while (value > 0x7f) {
    target[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  target[at] = value;
  return at + 1;
}

/** A negative int32 is sign-extended to 64 bits: ten bytes. */
function writeInt32(target: Uint8Array, at: number, state: number): void {
  target[at++] = STATE_TAG;
  if (state >= 0) {
    writeVarint(target, at, state);
    return;
  }
  for (let i = 0; i < 4; i++) target[at++] = ((state >>> (7 * i)) & 0x7f) | 0x80;
  target[at++] = (state >> 28) | 0x80;
  for (let i = 0; i < 4; i++) target[at++] = 0xff;
  target[at] = 1;
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

function int32Size(state: number): number {
  return state < 0 ? 10 : varintSize(state);
}

/**
 * Reads the message from `start` on; `result` is a view. Fields may be missing, written out as zero, or unknown.
 * @throws MqplayError `malformed`
 */
export function decodeAllResponse(bytes: Uint8Array, start: number): AllResponse {
  const reader = new Reader(bytes, start);
  let result: Uint8Array = empty;
  let msg = "";
  let state = 0;
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === RESULT_TAG) result = reader.bytes();
    else if (tag === MSG_TAG) msg = utf8Decode(reader.bytes());
    else if (tag === STATE_TAG) state = reader.varint() | 0;
    else if (tag >>> 3 <= 3) throw malformed("has a field of the wrong kind");
    else reader.skip(tag);
  }
  return { result, msg, state };
}

/** Reads protobuf's primitives, never past the end. */
class Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Returns the low 32 bits, unsigned; up to ten bytes are taken. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw malformed("ends within a number");
      if (i < 5) value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed("has a number of more than ten bytes");
  }

  bytes(): Uint8Array {
    const length = this.varint();
    const start = this.#at;
    this.#advance(length);
    return this.#bytes.subarray(start, this.#at);
  }

  /** Skips the value of a field that is not known. */
  skip(tag: number): void {
    let depth = 0;
    for (let next = tag; ; next = this.varint()) {
      if (next >>> 3 === 0) throw malformed("has a field without a number");
      const type = next & 7;
      if (type === WireType.varint) this.varint();
      else if (type === WireType.fixed64) this.#advance(8);
      else if (type === WireType.bytes) this.#advance(this.varint());
      else if (type === WireType.fixed32) this.#advance(4);
      else if (type === WireType.startGroup && depth < MAX_GROUP_DEPTH) depth++;
      else if (type === WireType.endGroup && depth > 0) depth--;
      else throw malformed("has a field of no known kind");
      if (depth === 0) return;
    }
  }

  #advance(length: number): void {
    if (length > this.#bytes.length - this.#at) throw malformed("ends within a field");
    this.#at += length;
  }
}

function malformed(what: string): MqplayError {
  return new MqplayError("malformed", `the AllResponse ${what}`);
}
