/**
 * A message as protobuf. Out: zero scalars are left out, repeated numbers are packed. In: unknown fields are passed
 * over, of a field sent twice the last counts, repeated numbers are taken packed or not.
 */
import { MqplayError } from "../errors.ts";
import { isRecord, parseKey, pathOf, zeroMessage, type Field, type Layout } from "./field.ts";
import type { Scalar } from "./scalar.ts";
import type { MessageType } from "./contract.ts";
import { malformed, WireReader, WireType, WireWriter } from "./wire.ts";

/** The numbers of the two fields of a map's entry. */
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;

/**
 * Encodes a message of a contract to protobuf; zero scalars are left out.
 * @throws MqplayError `invalidArgument` when a value has the wrong type
 */
export function encodeMessage<T>(type: MessageType<T>, message: T): Uint8Array {
  const writer = WireWriter.take();
  writeMessage(type.layout, message, writer);
  return writer.finish();
}

/** Decodes protobuf. @throws MqplayError `malformed` on bytes that are no such message */
export function decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array): T {
  // The layout was followed, and the generator wrote it and `T` from one source: here the two meet.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return readMessage(type.layout, new WireReader(bytes), "") as T;
}

/** Writes a message's fields. @throws MqplayError `invalidArgument` when a value has the wrong type */
function writeMessage(layout: Layout, message: unknown, writer: WireWriter): void {
  if (!isRecord(message)) throw unfit(layout.name, "an object");
  for (const field of layout.fields) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    if (field.key !== undefined) writeMap(field, field.key, value, writer);
    else if (field.spec.repeated === true) writeList(field, value, writer);
    else if (!field.hasZero || field.scalar?.isZero(value) !== true) {
      writer.varint32(field.tag);
      writeValue(field, value, writer);
    }
  }
}

function writeValue(field: Field, value: unknown, writer: WireWriter): void {
  if (field.scalar !== undefined) {
    if (!field.scalar.is(value)) throw unfit(field.name, field.scalar.expected);
    field.scalar.write(writer, value);
  } else if (field.layout !== undefined) {
    const mark = writer.enter();
    writeMessage(field.layout(), value, writer);
    writer.leave(mark);
  }
}

function writeList(field: Field, list: unknown, writer: WireWriter): void {
  if (!Array.isArray(list)) throw unfit(field.name, "an array");
  if (list.length === 0) return;
  if (field.packed) {
    writer.varint32(field.tag);
    const mark = writer.enter();
    for (const element of list) writeValue(field, element, writer);
    writer.leave(mark);
    return;
  }
  for (const element of list) {
    writer.varint32(field.tag);
    writeValue(field, element, writer);
  }
}

function writeMap(field: Field, keyType: Scalar, map: unknown, writer: WireWriter): void {
  if (!isRecord(map)) throw unfit(field.name, "an object");
  for (const text of Object.keys(map)) {
    const key = parseKey(keyType, text);
    if (key === undefined) throw unfit(field.name, `keys that are ${keyType.expected}`);
    writer.varint32(field.tag);
    const mark = writer.enter();
    writer.varint32((ENTRY_KEY << 3) | keyType.wireType);
    keyType.write(writer, key);
    writer.varint32((ENTRY_VALUE << 3) | field.wireType);
    writeValue(field, map[text], writer);
    writer.leave(mark);
  }
}

/** The error of a value that `check` would have refused, made before it becomes bytes that mean something else. */
function unfit(name: string, expected: string): MqplayError {
  return new MqplayError("invalidArgument", `${name}: expected ${expected}`, { path: name });
}

/** Reads a message up to the reader's end. @throws MqplayError `malformed` */
function readMessage(layout: Layout, reader: WireReader, path: string): object {
  const message = zeroMessage(layout);
  while (reader.position < reader.end) {
    const tag = reader.varint32();
    const field = layout.byNumber.get(tag >>> 3);
    if (field !== undefined && readField(field, tag & 7, message, reader, path)) {
      if (field.spec.oneof !== undefined) keepOnly(field, layout.oneofs.get(field.spec.oneof) ?? [], message);
    } else if (tag >>> 3 !== 0) reader.skip(tag & 7);
    else throw malformed("a field has the number 0");
  }
  assertRequired(layout, message, path);
  return message;
}

/** Reads what follows a tag; returns false, having read nothing, when its wire type is not the field's. */
function readField(
  field: Field,
  wireType: number,
  message: Record<string, unknown>,
  reader: WireReader,
  path: string,
): boolean {
  if (field.shape === "single") {
    if (wireType !== field.wireType) return false;
    message[field.name] = readValue(field, reader, path);
    return true;
  }
  const held = message[field.name];
  if (field.key !== undefined && isRecord(held) && wireType === WireType.bytes) {
    readEntry(field, field.key, held, reader, path);
  } else if (Array.isArray(held) && field.packed && wireType === WireType.bytes) {
    const outer = reader.enter();
    while (reader.position < reader.end) held.push(readValue(field, reader, path));
    reader.leave(outer);
  } else if (Array.isArray(held) && wireType === field.wireType) {
    held.push(readValue(field, reader, path));
  } else return false;
  return true;
}

function readValue(field: Field, reader: WireReader, path: string): unknown {
  if (field.layout === undefined) return field.scalar?.read(reader);
  const outer = reader.enter();
  const message = readMessage(field.layout(), reader, pathOf(path, field.name));
  reader.leave(outer);
  return message;
}

/** Reads a map's entry: a message of a key and a value, both zero when missing. */
function readEntry(
  field: Field,
  keyType: Scalar,
  map: Record<string, unknown>,
  reader: WireReader,
  path: string,
): void {
  const outer = reader.enter();
  let key = keyType.zero();
  let value: unknown;
  while (reader.position < reader.end) {
    const tag = reader.varint32();
    if (tag === ((ENTRY_KEY << 3) | keyType.wireType)) key = keyType.read(reader);
    else if (tag === ((ENTRY_VALUE << 3) | field.wireType)) value = readValue(field, reader, path);
    else reader.skip(tag & 7);
  }
  reader.leave(outer);
  map[String(key)] = value ?? zeroOfElement(field, pathOf(path, field.name));
}

function zeroOfElement(field: Field, path: string): unknown {
  // A message without bytes is one whose fields are all zero.
  return field.layout === undefined
    ? field.scalar?.zero()
    : readMessage(field.layout(), new WireReader(new Uint8Array(0)), path);
}

/** Of a oneof's members the last one sent counts. */
function keepOnly(field: Field, members: readonly Field[], message: Record<string, unknown>): void {
  for (const other of members) if (other !== field) delete message[other.name];
}

/** Refuses a message that lacks a message it requires: the type says that it is there. */
export function assertRequired(
  layout: Layout,
  message: Readonly<Record<string, unknown>>,
  path: string,
): void {
  for (const field of layout.required) {
    if (message[field.name] === undefined)
      throw malformed("is required and missing", pathOf(path, field.name));
  }
}
