/**
 * MQTT 3.1.1, as much of it as the SDK needs. Layout of every packet:
 *
 *     type and flags (1 byte) · remaining length (1 to 4 bytes, 7 bits each, low first) · the rest
 *     texts and identifiers are 2 bytes big-endian; a text is its length, then UTF-8
 *
 *     CONNECT     10  0004 "MQTT" 04 · flags 02 (clean session) · keep-alive · client id
 *     CONNACK     20  00 · code
 *     PUBLISH     3x  topic · [identifier at QoS 1] · payload      x = dup 8, QoS 2 or 0, retain 1
 *     PUBACK      40  identifier
 *     SUBSCRIBE   82  identifier · (filter · QoS)…     SUBACK    90  identifier · code…
 *     UNSUBSCRIBE a2  identifier · filter…             UNSUBACK  b0  identifier
 *     PINGREQ     c0                                   PINGRESP  d0             DISCONNECT  e0
 */
import { utf8Decode, utf8Encode } from "@mqplay/shared";
import { MqplayError } from "../../errors.ts";
import type { OutgoingPublish, Subscription } from "../link.ts";

/** A packet that a server sends. */
export type ServerPacket =
  | { readonly type: "CONNACK"; readonly code: number }
  | { readonly type: "SUBACK"; readonly packetId: number; readonly codes: readonly number[] }
  | { readonly type: "UNSUBACK" | "PUBACK"; readonly packetId: number }
  | { readonly type: "PINGRESP" }
  | {
      readonly type: "PUBLISH";
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: 0 | 1;
      readonly packetId: number | undefined;
      readonly retain: boolean;
    };

/** First bytes of CONNACK, PUBACK, SUBACK, UNSUBACK, PINGRESP. */
const FIXED_HEADS: readonly number[] = [0x20, 0x40, 0x90, 0xb0, 0xd0];

/** Bytes of the largest packet that is taken; no answer of a game comes near. A larger one ends the link. */
export const MAX_PACKET_BYTES = 4_194_304;

/** Writes CONNECT, clean session, without will, username and password. */
export function encodeConnect(clientId: string, keepAliveS: number): Uint8Array {
  return frame(0x10, [text("MQTT"), [4, 0x02], int16(keepAliveS), text(clientId)]);
}

/** Writes PUBLISH. */
export function encodePublish({ topic, payload, qos, retain, packetId = 0 }: OutgoingPublish): Uint8Array {
  return frame(0x30 | (qos << 1) | (retain ? 1 : 0), [
    text(topic),
    qos === 0 ? [] : int16(packetId),
    payload,
  ]);
}

/** Writes PUBACK. */
export function encodePuback(packetId: number): Uint8Array {
  return frame(0x40, [int16(packetId)]);
}

/** Writes SUBSCRIBE. */
export function encodeSubscribe(packetId: number, topics: readonly Subscription[]): Uint8Array {
  return frame(0x82, [int16(packetId), ...topics.flatMap(({ topic, qos }) => [text(topic), [qos]])]);
}

/** Writes UNSUBSCRIBE. */
export function encodeUnsubscribe(packetId: number, topics: readonly string[]): Uint8Array {
  return frame(0xa2, [int16(packetId), ...topics.map(text)]);
}

/** Writes PINGREQ. */
export function encodePingreq(): Uint8Array {
  return frame(0xc0, []);
}

/** Writes DISCONNECT. */
export function encodeDisconnect(): Uint8Array {
  return frame(0xe0, []);
}

type Bytes = ArrayLike<number>;

function int16(value: number): Bytes {
  return [value >> 8, value & 0xff];
}

function text(value: string): Bytes {
  const bytes = utf8Encode(value);
  if (bytes.length > 0xffff) throw new MqplayError("invalidArgument", "a topic has at most 65535 bytes");
  const joined = new Uint8Array(2 + bytes.length);
  joined.set(int16(bytes.length));
  joined.set(bytes, 2);
  return joined;
}

function frame(head: number, parts: readonly Bytes[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = [head];
  let rest = length;
  do {
    header.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  const bytes = new Uint8Array(header.length + length);
  let at = 0;
  for (const part of [header, ...parts]) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Splits what comes in into packets, wherever the messages of the socket are cut. */
export class PacketReader {
  #rest: Uint8Array = new Uint8Array(0);

  /** Takes bytes. Returns the packets that are complete. @throws MqplayError `malformed` on what is no MQTT */
  read(bytes: Uint8Array): ServerPacket[] {
    let buffer = bytes;
    if (this.#rest.length > 0) {
      buffer = new Uint8Array(this.#rest.length + bytes.length);
      buffer.set(this.#rest);
      buffer.set(bytes, this.#rest.length);
    }
    const packets: ServerPacket[] = [];
    let at = 0;
    for (;;) {
      const body = locate(buffer, at);
      if (body === undefined) break;
      packets.push(decode(buffer[at] ?? 0, buffer.subarray(body.start, body.end)));
      at = body.end;
    }
    this.#rest = buffer.slice(at);
    return packets;
  }
}

/** Finds a packet's body, or returns undefined while it is not complete. */
function locate(buffer: Uint8Array, at: number): { start: number; end: number } | undefined {
  const head = buffer[at];
  if (head === undefined) return undefined;
  // By its first byte alone, so that nobody waits for the rest of what is no MQTT.
  if (!isServerHead(head))
    throw malformed(`byte 0x${head.toString(16)} begins no packet that a server sends to this client`);
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const byte = buffer[at + 1 + i];
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << (7 * i);
    if (byte > 0x7f) continue;
    if (length > MAX_PACKET_BYTES)
      throw malformed(`a packet of ${length} bytes is announced, at most ${MAX_PACKET_BYTES} are taken`);
    const start = at + 2 + i;
    return start + length <= buffer.length ? { start, end: start + length } : undefined;
  }
  throw malformed("a packet's length has more than 4 bytes");
}

/** Flags are fixed, but for PUBLISH; there QoS 2 is more than was subscribed. */
function isServerHead(head: number): boolean {
  const isPublish = head >> 4 === 3;
  return isPublish ? (head & 0x04) === 0 : FIXED_HEADS.includes(head);
}

function decode(head: number, body: Uint8Array): ServerPacket {
  switch (head) {
    case 0x20:
      assertLength(body, 2, "CONNACK");
      return { type: "CONNACK", code: body[1] ?? 0 };
    case 0x40:
      return { type: "PUBACK", packetId: readId(body, 0, "PUBACK") };
    case 0x90:
      return { type: "SUBACK", packetId: readId(body, 0, "SUBACK"), codes: [...body.subarray(2)] };
    case 0xb0:
      return { type: "UNSUBACK", packetId: readId(body, 0, "UNSUBACK") };
    case 0xd0:
      return { type: "PINGRESP" };
    default:
      return decodePublish(head, body);
  }
}

function decodePublish(head: number, body: Uint8Array): ServerPacket {
  const qos = (head >> 1) & 1;
  assertLength(body, 2, "PUBLISH");
  const end = 2 + (((body[0] ?? 0) << 8) | (body[1] ?? 0));
  assertLength(body, end, "PUBLISH");
  return {
    type: "PUBLISH",
    topic: utf8Decode(body.subarray(2, end)),
    qos: qos === 0 ? 0 : 1,
    packetId: qos === 0 ? undefined : readId(body, end, "PUBLISH"),
    // A copy: what a listener keeps must not hold the whole buffer.
    payload: body.slice(qos === 0 ? end : end + 2),
    retain: (head & 1) === 1,
  };
}

function readId(body: Uint8Array, at: number, what: string): number {
  assertLength(body, at + 2, what);
  return ((body[at] ?? 0) << 8) | (body[at + 1] ?? 0);
}

function assertLength(body: Uint8Array, least: number, what: string): void {
  if (body.length < least) throw malformed(`${what} is too short`);
}

function malformed(detail: string): MqplayError {
  return new MqplayError("malformed", detail);
}
