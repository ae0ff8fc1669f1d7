/**
 * The scalar types of protobuf: each one's zero, its wire form, its JSON form, and which values it may have.
 * 64-bit numbers are bigint in programs and decimal strings in JSON.
 */
import { fromBase64, toBase64 } from "#host";
import type { JsonValue } from "./contract.ts";
import { WireType, type WireReader, type WireWriter } from "./wire.ts";

/** The scalar types' names, as a .proto writes them. */
export type ScalarName =
  | "double"
  | "float"
  | "int32"
  | "uint32"
  | "sint32"
  | "fixed32"
  | "sfixed32"
  | "int64"
  | "uint64"
  | "sint64"
  | "fixed64"
  | "sfixed64"
  | "bool"
  | "string"
  | "bytes";

/** What a scalar is in a program. */
export type ScalarValue = string | number | bigint | boolean | Uint8Array;

/** One scalar type. Callers of `write` and `toJson` have asked `is` before. */
export interface Scalar<V extends ScalarValue = ScalarValue> {
  /** Says which values it takes, as the end of a sentence that begins with "expected". */
  readonly expected: string;
  readonly wireType: WireType;
  /** The value of a field that is not there; bytes get a new one each time. */
  zero(): V;
  is(value: unknown): value is V;
  isZero(value: unknown): boolean;
  read(reader: WireReader): V;
  write(writer: WireWriter, value: V): void;
  toJson(value: V): JsonValue;
  /** Maps from JSON, or returns undefined when the JSON is no such value. */
  fromJson(json: unknown): V | undefined;
}

/** What differs between types that are numbers in JSON too. */
type NumberForm = Pick<Scalar<number>, "wireType" | "read" | "write">;
/** What differs between types of 64 bits. */
type BigintForm = Pick<Scalar<bigint>, "wireType" | "read" | "write">;

const { varint, fixed32, fixed64, bytes } = WireType;

/** The longest decimal form of 64 bits, sign included: longer text is not even tried. */
const MAX_INT64_DIGITS = 20;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** The host's own test, where it has one: it costs nothing for text that is ASCII inside. */
const nativeIsWellFormed: unknown = Reflect.get(String.prototype, "isWellFormed");

function integer32(min: number, max: number, form: NumberForm): Scalar<number> {
  const is = (value: unknown): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
  return {
    expected: `an integer of ${min} to ${max}`,
    zero: () => 0,
    is,
    isZero: (value) => value === 0,
    toJson: (value) => value,
    fromJson: (json) => (is(json) ? json : undefined),
    ...form,
  };
}

function integer64(min: bigint, max: bigint, form: BigintForm): Scalar<bigint> {
  const zero = BigInt(0);
  const is = (value: unknown): value is bigint => typeof value === "bigint" && value >= min && value <= max;
  return {
    expected: `an integer of ${min} to ${max}`,
    zero: () => zero,
    is,
    isZero: (value) => value === zero,
    toJson: (value) => value.toString(),
    fromJson(json) {
      const value = parseInteger(json);
      return is(value) ? value : undefined;
    },
    ...form,
  };
}

function parseInteger(json: unknown): bigint | undefined {
  if (typeof json === "number") return Number.isSafeInteger(json) ? BigInt(json) : undefined;
  if (typeof json !== "string" || json.length > MAX_INT64_DIGITS || !/^-?[0-9]+$/.test(json))
    return undefined;
  return BigInt(json);
}

/** `round` is what the wire does to a number; one that it makes infinite does not fit. */
function floating(expected: string, round: (value: number) => number, form: NumberForm): Scalar<number> {
  const is = (value: unknown): value is number =>
    typeof value === "number" && (Number.isFinite(round(value)) || !Number.isFinite(value));
  return {
    expected,
    zero: () => 0,
    is,
    isZero: (value) => Object.is(value, 0),
    // JSON has no such numbers; the words are those of protobuf's own JSON form.
    toJson: (value) => (Number.isFinite(value) ? value : String(value)),
    fromJson(json) {
      if (json === "NaN" || json === "Infinity" || json === "-Infinity") return Number(json);
      return is(json) && Number.isFinite(json) ? round(json) : undefined;
    },
    ...form,
  };
}

const MIN_INT32 = -0x8000_0000;
const MAX_INT32 = 0x7fff_ffff;
const MAX_UINT32 = 0xffff_ffff;

function isText(value: unknown): value is string {
  if (typeof value !== "string") return false;
  return typeof nativeIsWellFormed === "function"
    ? Reflect.apply(nativeIsWellFormed, value, []) === true
    : !LONE_SURROGATE.test(value);
}

function parseBase64(json: unknown): Uint8Array | undefined {
  if (typeof json !== "string") return undefined;
  try {
    return fromBase64(json);
  } catch {
    // Whoever asked says what was expected, and where.
    return undefined;
  }
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** Reads a zigzag number: 0, -1, 1, -2 … as 0, 1, 2, 3 … */
function readZigzag32(reader: WireReader): number {
  const value = reader.varint32();
  return (value >>> 1) ^ -(value & 1);
}

function readZigzag64(reader: WireReader): bigint {
  const value = reader.varint64();
  const one = BigInt(1);
  return (value >> one) ^ -(value & one);
}

function writeZigzag64(writer: WireWriter, value: bigint): void {
  writer.varint64((value << BigInt(1)) ^ (value >> BigInt(63)));
}

const text: Scalar<string> = {
  expected: "a string of well-formed Unicode",
  wireType: bytes,
  zero: () => "",
  is: isText,
  isZero: (value) => value === "",
  read: (reader) => reader.string(),
  write: (writer, value) => writer.string(value),
  toJson: (value) => value,
  fromJson: (json) => (isText(json) ? json : undefined),
};

const binary: Scalar<Uint8Array> = {
  expected: "bytes (a Uint8Array; base64 in JSON)",
  wireType: bytes,
  zero: () => new Uint8Array(0),
  is: isBytes,
  isZero: (value) => isBytes(value) && value.length === 0,
  read: (reader) => reader.bytes(),
  write: (writer, value) => writer.bytes(value),
  toJson: toBase64,
  fromJson: parseBase64,
};

const truth: Scalar<boolean> = {
  expected: "true or false",
  wireType: varint,
  zero: () => false,
  is: (value) => typeof value === "boolean",
  isZero: (value) => value === false,
  read: (reader) => reader.bool(),
  write: (writer, value) => writer.varint32(value ? 1 : 0),
  toJson: (value) => value,
  fromJson: (json) => (typeof json === "boolean" ? json : undefined),
};

function signed64(form: BigintForm): Scalar<bigint> {
  const beyond = BigInt(1) << BigInt(63);
  return integer64(-beyond, beyond - BigInt(1), form);
}

function unsigned64(form: BigintForm): Scalar<bigint> {
  return integer64(BigInt(0), (BigInt(1) << BigInt(64)) - BigInt(1), form);
}

/** Made at first use: importing a contract runs nothing, and hosts without bigint run contracts without 64-bit numbers. */
const makers: Readonly<Record<ScalarName, () => Scalar>> = {
  double: () =>
    floating("a number", (value) => value, {
      wireType: fixed64,
      read: (reader) => reader.double(),
      write: (writer, value) => writer.double(value),
    }),
  float: () =>
    floating("a number of at most 3.4e38", Math.fround, {
      wireType: fixed32,
      read: (reader) => reader.float(),
      write: (writer, value) => writer.float(value),
    }),
  int32: () =>
    integer32(MIN_INT32, MAX_INT32, {
      wireType: varint,
      read: (reader) => reader.varint32() | 0,
      write: (writer, value) => writer.int32(value),
    }),
  uint32: () =>
    integer32(0, MAX_UINT32, {
      wireType: varint,
      read: (reader) => reader.varint32(),
      write: (writer, value) => writer.varint32(value),
    }),
  sint32: () =>
    integer32(MIN_INT32, MAX_INT32, {
      wireType: varint,
      read: readZigzag32,
      write: (writer, value) => writer.varint32(((value << 1) ^ (value >> 31)) >>> 0),
    }),
  fixed32: () =>
    integer32(0, MAX_UINT32, {
      wireType: fixed32,
      read: (reader) => reader.fixed32(),
      write: (writer, value) => writer.fixed32(value),
    }),
  sfixed32: () =>
    integer32(MIN_INT32, MAX_INT32, {
      wireType: fixed32,
      read: (reader) => reader.fixed32() | 0,
      write: (writer, value) => writer.fixed32(value),
    }),
  int64: () =>
    signed64({
      wireType: varint,
      read: (reader) => BigInt.asIntN(64, reader.varint64()),
      write: (writer, value) => writer.varint64(value),
    }),
  uint64: () =>
    unsigned64({
      wireType: varint,
      read: (reader) => reader.varint64(),
      write: (writer, value) => writer.varint64(value),
    }),
  sint64: () => signed64({ wireType: varint, read: readZigzag64, write: writeZigzag64 }),
  fixed64: () =>
    unsigned64({
      wireType: fixed64,
      read: (reader) => reader.fixed64(),
      write: (writer, value) => writer.fixed64(value),
    }),
  sfixed64: () =>
    signed64({
      wireType: fixed64,
      read: (reader) => BigInt.asIntN(64, reader.fixed64()),
      write: (writer, value) => writer.fixed64(value),
    }),
  bool: () => truth,
  string: () => text,
  bytes: () => binary,
};

const made: Partial<Record<ScalarName, Scalar>> = {};

/** Returns a scalar type. */
export function scalarOf(name: ScalarName): Scalar {
  return (made[name] ??= makers[name]());
}
