/**
 * The protobuf wire: bytes ↔ tags, varints, fixed numbers, strings. It knows no messages.
 *
 * Nothing that is announced is trusted: a length is checked against the bytes that are there before anything is made
 * of it, and every fault is a MqplayError `malformed`.
 *
 * Not `protobufjs/minimal`: this reader and writer are a quarter of its size and need neither `long` nor a Buffer
 * (figures in docs/decisions.md).
 */
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

/** Characters that are made into a string at once; arguments of a call live on the stack. */
const STRING_CHUNK = 4_096;

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
  readonly #view: DataView;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * index - 32);
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
    return this.#view.getUint32(this.#claim(4), true);
  }

  /** Reads 8 bytes, little-endian, unsigned. */
  fixed64(): bigint {
    const start = this.#claim(8);
    return joined(this.#view.getUint32(start, true), this.#view.getUint32(start + 4, true));
  }

  float(): number {
    return this.#view.getFloat32(this.#claim(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#claim(8), true);
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
    return readUtf8(this.#bytes, start, start + length);
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

/** A buffer that the last writer gave back: an allocation less per message. Only ever owned by one writer at a time. */
let spare: Uint8Array | undefined;

/** Writes one message from front to back. */
export class WireWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #position = 0;
  #depth = 0;

  constructor() {
    this.#bytes = spare ?? new Uint8Array(FIRST_BUFFER_BYTES);
    spare = undefined;
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Returns what was written, in bytes of its own. The writer is of no further use. */
  finish(): Uint8Array {
    const result = this.#bytes.slice(0, this.#position);
    this.discard();
    return result;
  }

  /** Gives the buffer back without a result. The writer is of no further use. */
  discard(): void {
    if (this.#bytes.length <= KEPT_BUFFER_BYTES) spare = this.#bytes;
  }

  /** Makes room for `size` bytes and returns where they begin. */
  #claim(size: number): number {
    const start = this.#position;
    this.#position = start + size;
    if (this.#position > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#position, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
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
    const at = this.#claim(4);
    this.#view.setUint32(at, value, true);
  }

  fixed64(value: bigint): void {
    const at = this.#claim(8);
    const [low, high] = halves(value);
    this.#view.setUint32(at, low, true);
    this.#view.setUint32(at + 4, high, true);
  }

  float(value: number): void {
    const at = this.#claim(4);
    this.#view.setFloat32(at, value, true);
  }

  double(value: number): void {
    const at = this.#claim(8);
    this.#view.setFloat64(at, value, true);
  }

  bytes(value: Uint8Array): void {
    this.varint32(value.length);
    const at = this.#claim(value.length);
    this.#bytes.set(value, at);
  }

  /** Writes a length and UTF-8; a lone surrogate becomes U+FFFD. */
  string(value: string): void {
    const length = utf8Length(value);
    this.varint32(length);
    const at = this.#claim(length);
    writeUtf8(value, this.#bytes, at, length);
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
    if (length <= 0x7f) {
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

/** Joins two 32-bit halves; no 64-bit literal, because the SDK is also compiled for hosts whose syntax has none. */
function joined(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << BigInt(32)) | BigInt(low >>> 0);
}

function halves(value: bigint): [low: number, high: number] {
  const bits = BigInt.asUintN(64, value);
  return [Number(bits & BigInt(0xffff_ffff)), Number(bits >> BigInt(32))];
}

function utf8Length(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else {
      length += 2;
      // A pair is 4 bytes: two for each of its units.
      if ((unit & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
        index += 1;
      }
    }
  }
  return length;
}

function writeUtf8(text: string, target: Uint8Array, start: number, length: number): void {
  let at = start;
  if (length === text.length) {
    for (let index = 0; index < length; index += 1) target[at++] = text.charCodeAt(index);
    return;
  }
  for (const character of text) {
    let point = character.codePointAt(0) ?? 0;
    if (point < 0x80) {
      target[at++] = point;
      continue;
    }
    if (point >= 0xd800 && point < 0xe000) point = 0xfffd;
    if (point < 0x800) target[at++] = 0xc0 | (point >> 6);
    else {
      if (point < 0x1_0000) target[at++] = 0xe0 | (point >> 12);
      else {
        target[at++] = 0xf0 | (point >> 18);
        target[at++] = 0x80 | ((point >> 12) & 0x3f);
      }
      target[at++] = 0x80 | ((point >> 6) & 0x3f);
    }
    target[at++] = 0x80 | (point & 0x3f);
  }
}

function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let codes: number[] = [];
  for (let at = start; at < end;) {
    const first = bytes[at++] ?? 0;
    if (first < 0x80) codes.push(first);
    else {
      const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
      let point = first & (0x3f >> more);
      if (first < 0xc2 || first > 0xf4 || at + more > end) throw malformed("a string is not UTF-8");
      for (let count = 0; count < more; count += 1) {
        const next = bytes[at++] ?? 0;
        if ((next & 0xc0) !== 0x80) throw malformed("a string is not UTF-8");
        point = (point << 6) | (next & 0x3f);
      }
      // Longer than it need be, a surrogate, or beyond Unicode: two texts for one meaning.
      if (
        point < (more === 3 ? 0x1_0000 : more === 2 ? 0x800 : 0x80) ||
        point > 0x10_ffff ||
        (point & ~0x7ff) === 0xd800
      ) {
        throw malformed("a string is not UTF-8");
      }
      if (point < 0x1_0000) codes.push(point);
      else codes.push(0xd7c0 + (point >> 10), 0xdc00 | (point & 0x3ff));
    }
    if (codes.length >= STRING_CHUNK) {
      text += String.fromCharCode(...codes);
      codes = [];
    }
  }
  return text + String.fromCharCode(...codes);
}
