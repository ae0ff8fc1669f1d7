/**
 * The protobuf wire: bytes ↔ tags, varints, fixed numbers, strings. It knows no messages.
 *
 * Nothing that is announced is trusted: a length is checked against the bytes that are there before anything is made
 * of it, and every fault is a MqplayError `malformed`.
 *
 * Not `protobufjs/minimal`: this reader and writer are a quarter of its size and need neither `long` nor a Buffer
 * (figures in docs/decisions.md).
 */
import { allocate, utf8Decode, utf8Encode } from "#host";
import { MqplayError } from "../errors.ts";
import { MAX_JSON_DEPTH } from "../limits.ts";

/** How a field's value is delimited. Groups are only ever skipped. */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** One of the {@link WireType} numbers. */
export type WireType = (typeof WireType)[keyof typeof WireType];

/** Deepest nesting of messages and map entries, both ways; as deep as JSON may be. Protobuf itself allows 100. */
const MAX_MESSAGE_DEPTH = MAX_JSON_DEPTH;

/** Bytes of the writer's first buffer: most calls of a game fit, and it is used again and again. */
const FIRST_BUFFER_BYTES = 1_024;

/** A larger buffer is not kept after its message. */
const KEPT_BUFFER_BYTES = 65_536;

/** The greatest number whose varint is one byte. */
const MAX_ONE_BYTE = 0x7f;

/** Up to so many bytes a loop over ASCII beats the host's converter; names, ids and tokens mostly are so short. */
const SHORT_TEXT = 24;

/** Where a float's bits become a number and back: written and read at once, never held. */
const bits = /* @__PURE__ */ new DataView(new ArrayBuffer(8));

/** Makes the error of every decoding fault. */
export function malformed(detail: string, path?: string): MqplayError {
  return new MqplayError("malformed", path === undefined ? detail : `${path}: ${detail}`, { path });
}

/** Reads one run of bytes from front to back. */
export class WireReader {
  /** Where the next byte is read. */
  position: number;
  /** Where this message ends. */
  end: number;
  readonly #bytes: Uint8Array;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.position = 0;
    this.end = bytes.length;
  }

  #byte(): number {
    if (this.position >= this.end) throw malformed("the message ends in the middle of a field");
    return this.#bytes[this.position++] ?? 0;
  }

  /** Claims `size` bytes and returns where they begin. */
  #claim(size: number): number {
    const start = this.position;
    if (size > this.end - start) throw malformed("a field announces more bytes than the message has");
    this.position = start + size;
    return start;
  }

  /** Reads a varint's low 32 bits, unsigned; the rest of its at most 10 bytes is passed over. */
  varint32(): number {
    // Most tags, lengths and small numbers are one byte.
    const first = this.position < this.end ? (this.#bytes[this.position] ?? 0) : 0x80;
    if (first < 0x80) {
      this.position += 1;
      return first;
    }
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed("a number has more than 10 bytes");
  }

  /** Reads a varint of up to 64 bits, unsigned. */
  varint64(): bigint {
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index += 1) {
      const byte = this.#byte();
      const part = byte & 0x7f;
      if (index < 4) low |= part << (7 * index);
      else if (index === 4) {
        low |= part << 28;
        high = part >>> 4;
      } else high |= part << (7 * index - 32);
      if (byte < 0x80) return joined(low, high);
    }
    throw malformed("a number has more than 10 bytes");
  }

  /** Reads a varint as a truth value: any bit set is true. */
  bool(): boolean {
    let any = 0;
    for (let index = 0; index < 10; index += 1) {
      const byte = this.#byte();
      any |= byte & 0x7f;
      if (byte < 0x80) return any !== 0;
    }
    throw malformed("a number has more than 10 bytes");
  }

  /** Reads 4 bytes, little-endian, unsigned. */
  fixed32(): number {
    const start = this.#claim(4);
    const bytes = this.#bytes;
    const low = (bytes[start] ?? 0) | ((bytes[start + 1] ?? 0) << 8);
    return (low | ((bytes[start + 2] ?? 0) << 16) | ((bytes[start + 3] ?? 0) << 24)) >>> 0;
  }

  /** Reads 8 bytes, little-endian, unsigned. */
  fixed64(): bigint {
    const low = this.fixed32();
    return joined(low, this.fixed32());
  }

  float(): number {
    bits.setUint32(0, this.fixed32());
    return bits.getFloat32(0);
  }

  double(): number {
    bits.setUint32(4, this.fixed32());
    bits.setUint32(0, this.fixed32());
    return bits.getFloat64(0);
  }

  /** Reads a length and returns a copy of that many bytes. */
  bytes(): Uint8Array {
    const length = this.varint32();
    const start = this.#claim(length);
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(start, start + length));
    return copy;
  }

  /** Reads a length and that many bytes of strict UTF-8. */
  string(): string {
    const length = this.varint32();
    const start = this.#claim(length);
    return (
      (length <= SHORT_TEXT ? readAscii(this.#bytes, start, start + length) : undefined) ??
      utf8Decode(this.#bytes.subarray(start, start + length))
    );
  }

  /** Reads a length and narrows the reader to that many bytes. Give the result to {@link leave}. */
  enter(): number {
    const length = this.varint32();
    const start = this.#claim(length);
    if (++this.#depth >= MAX_MESSAGE_DEPTH)
      throw malformed(`more than ${MAX_MESSAGE_DEPTH} messages in each other`);
    const outer = this.end;
    this.position = start;
    this.end = start + length;
    return outer;
  }

  /** Widens the reader again after everything that {@link enter} narrowed it to has been read. */
  leave(outer: number): void {
    this.end = outer;
    this.#depth -= 1;
  }

  /** Passes over a value of any wire type. */
  skip(wireType: number): void {
    if (wireType === WireType.varint) this.bool();
    else if (wireType === WireType.fixed64) this.#claim(8);
    else if (wireType === WireType.fixed32) this.#claim(4);
    else if (wireType === WireType.bytes) this.#claim(this.varint32());
    else if (wireType === WireType.startGroup) this.#skipGroup();
    else throw malformed("a field has an unknown wire type");
  }

  #skipGroup(): void {
    if (++this.#depth >= MAX_MESSAGE_DEPTH)
      throw malformed(`more than ${MAX_MESSAGE_DEPTH} messages in each other`);
    for (let tag = this.varint32(); (tag & 7) !== WireType.endGroup; tag = this.varint32())
      this.skip(tag & 7);
    this.#depth -= 1;
  }
}

/** A writer that has done its work and waits for the next message: two allocations less for each. */
let spare: WireWriter | undefined;

/** Writes one message from front to back. */
export class WireWriter {
  #bytes = new Uint8Array(FIRST_BUFFER_BYTES);
  #position = 0;
  #depth = 0;

  /** Returns a writer for one message. Whoever takes it ends with {@link finish}; one that is dropped is not missed. */
  static take(): WireWriter {
    const writer = spare ?? new WireWriter();
    spare = undefined;
    return writer;
  }

  /** Returns what was written, in bytes of its own. The writer is for others from then on. */
  finish(): Uint8Array {
    const result = allocate(this.#position);
    result.set(this.#bytes.subarray(0, this.#position));
    this.#position = 0;
    if (this.#bytes.length <= KEPT_BUFFER_BYTES) keep(this);
    return result;
  }

  /** Makes room for `size` bytes and returns where they begin. */
  #claim(size: number): number {
    const start = this.#position;
    this.#position = start + size;
    if (this.#position > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#position, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return start;
  }

  /** Writes a number of 0 to 2^32 - 1. */
  varint32(value: number): void {
    let at = this.#claim(5);
    const bytes = this.#bytes;
    let rest = value;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#position = at;
  }

  /** Writes 64 bits. */
  varint64(value: bigint): void {
    let at = this.#claim(10);
    let [low, high] = halves(value);
    while (high !== 0 || low > 0x7f) {
      this.#bytes[at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[at++] = low;
    this.#position = at;
  }

  /** Writes a signed 32-bit number; a negative one takes 10 bytes, as protobuf has it. */
  int32(value: number): void {
    if (value >= 0) {
      this.varint32(value);
      return;
    }
    let at = this.#claim(10);
    for (let shift = 0; shift < 28; shift += 7) this.#bytes[at++] = ((value >>> shift) & 0x7f) | 0x80;
    this.#bytes[at++] = (value >>> 28) | 0xf0;
    this.#bytes.fill(0xff, at, at + 4);
    this.#bytes[at + 4] = 1;
  }

  fixed32(value: number): void {
    const start = this.#claim(4);
    for (let index = 0; index < 4; index += 1) this.#bytes[start + index] = value >>> (8 * index);
  }

  fixed64(value: bigint): void {
    const [low, high] = halves(value);
    this.fixed32(low);
    this.fixed32(high);
  }

  float(value: number): void {
    bits.setFloat32(0, value);
    this.fixed32(bits.getUint32(0));
  }

  double(value: number): void {
    bits.setFloat64(0, value);
    const high = bits.getUint32(0);
    this.fixed32(bits.getUint32(4));
    this.fixed32(high);
  }

  bytes(value: Uint8Array): void {
    this.varint32(value.length);
    const at = this.#claim(value.length);
    this.#bytes.set(value, at);
  }

  /** Writes a length and UTF-8. @throws MqplayError `malformed` when the text holds half a surrogate pair */
  string(value: string): void {
    if (value.length > MAX_ONE_BYTE || !this.#ascii(value)) this.bytes(utf8Encode(value));
  }

  /** Writes a text whose length fits one byte, or nothing when it is not pure ASCII. */
  #ascii(value: string): boolean {
    const start = this.#claim(value.length + 1);
    const bytes = this.#bytes;
    bytes[start] = value.length;
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) {
        this.#position = start;
        return false;
      }
      bytes[start + 1 + index] = unit;
    }
    return true;
  }

  /** Begins something whose length comes before it and is not known yet. Give the result to {@link leave}. */
  enter(): number {
    if (++this.#depth >= MAX_MESSAGE_DEPTH) {
      throw new MqplayError(
        "invalidArgument",
        `more than ${MAX_MESSAGE_DEPTH} messages in each other, or one in itself`,
      );
    }
    return this.#claim(1);
  }

  /** Ends what {@link enter} began: writes its length in front, moving it up when the length takes more than a byte. */
  leave(mark: number): void {
    this.#depth -= 1;
    const start = mark + 1;
    const end = this.#position;
    const length = end - start;
    if (length <= MAX_ONE_BYTE) {
      this.#bytes[mark] = length;
      return;
    }
    const extra = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4;
    this.#claim(extra);
    this.#bytes.copyWithin(start + extra, start, end);
    this.#position = mark;
    this.varint32(length);
    this.#position = end + extra;
  }
}

function keep(writer: WireWriter): void {
  spare = writer;
}

/** Joins two 32-bit halves; no 64-bit literal, because the SDK is also compiled for hosts whose syntax has none. */
function joined(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << BigInt(32)) | BigInt(low >>> 0);
}

function halves(value: bigint): [low: number, high: number] {
  const unsigned = BigInt.asUintN(64, value);
  return [Number(unsigned & BigInt(0xffff_ffff)), Number(unsigned >> BigInt(32))];
}

/** Reads a short text four characters at a time, or returns undefined when it is not pure ASCII. */
function readAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    const third = bytes[at + 2] ?? 0;
    const fourth = bytes[at + 3] ?? 0;
    if ((first | second | third | fourth) > 0x7f) return undefined;
    text += String.fromCharCode(first, second, third, fourth);
  }
  for (; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
