/**
 * MQTT 3.1.1 packets as bytes: where one ends, and the few that the gate writes itself.
 * Everything else is read and written by the broker's own codec.
 */

/** Packet types by their number: the upper half of a packet's first byte. */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;

/** Return codes of CONNACK. */
export const ConnackCode = {
  accepted: 0,
  badProtocol: 1,
  badClientId: 2,
  unavailable: 3,
  refused: 5,
} as const;

/** SUBACK's code for a filter that is not granted. */
export const SUBSCRIBE_REFUSED = 0x80;

/** The peer broke MQTT or a bound, and the connection cannot go on. */
export class ProtocolViolation extends Error {
  /** Whether it was a bound of ours rather than the standard. */
  readonly overLimit: boolean;

  constructor(message: string, overLimit = false) {
    super(message);
    this.overLimit = overLimit;
  }
}

/** Where a packet's parts are: computed from its header alone. */
export interface Extent {
  /** Bytes of the fixed header: the type byte and the length bytes. */
  readonly headerBytes: number;
  /** Bytes of the whole packet. */
  readonly totalBytes: number;
}

/**
 * Reads a fixed header at `offset`; undefined while its length bytes are not all there, before `end`.
 * @throws ProtocolViolation when the length takes more than 4 bytes
 */
export function readExtent(bytes: Uint8Array, offset: number, end = bytes.length): Extent | undefined {
  let length = 0;
  let factor = 1;
  for (let i = 1; i <= 4; i++) {
    const byte = offset + i < end ? bytes[offset + i] : undefined;
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) return { headerBytes: i + 1, totalBytes: i + 1 + length };
    factor *= 128;
  }
  throw new ProtocolViolation("a packet's length takes more than four bytes");
}

/** How many bytes a remaining length takes. */
function lengthBytes(length: number): number {
  if (length < 128) return 1;
  if (length < 16_384) return 2;
  return length < 2_097_152 ? 3 : 4;
}

/** Writes a remaining length at `offset`; returns the offset behind it. */
function writeLength(target: Uint8Array, offset: number, length: number): number {
  let rest = length;
  let at = offset;
  while (rest >= 128) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

/** Makes a packet of a type byte, a packet identifier and nothing else: PUBACK, PUBREC, PUBCOMP, UNSUBACK. */
export function acknowledgement(type: number, packetId: number): Buffer {
  const frame = Buffer.allocUnsafe(4);
  frame[0] = type << 4;
  frame[1] = 2;
  frame[2] = packetId >>> 8;
  frame[3] = packetId & 0xff;
  return frame;
}

/** Makes CONNACK. Session present is false in every one that the gate writes: it writes refusals only. */
export function connack(code: number): Buffer {
  return Buffer.from([PacketType.connack << 4, 2, 0, code]);
}

/** PINGRESP, always the same. */
export const PINGRESP: Buffer = Buffer.from([PacketType.pingresp << 4, 0]);

/** Makes SUBACK. */
export function suback(packetId: number, codes: readonly number[]): Buffer {
  const length = 2 + codes.length;
  const frame = Buffer.allocUnsafe(1 + lengthBytes(length) + length);
  frame[0] = PacketType.suback << 4;
  let at = writeLength(frame, 1, length);
  frame[at++] = packetId >>> 8;
  frame[at++] = packetId & 0xff;
  for (const code of codes) frame[at++] = code;
  return frame;
}

/** Makes a packet of a first byte and a body. */
export function frameOf(firstByte: number, body: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of body) length += part.length;
  const frame = Buffer.allocUnsafe(1 + lengthBytes(length) + length);
  frame[0] = firstByte;
  let at = writeLength(frame, 1, length);
  for (const part of body) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}

/** A PUBLISH at QoS 1 on a private topic, with room left for a payload that is sealed straight into it. */
export interface OpenFrame {
  readonly frame: Buffer;
  /** Where the payload goes. */
  readonly payloadOffset: number;
}

/**
 * Makes a PUBLISH at QoS 1 [topic-2] with `payloadBytes` of room. With `ackFirst` a PUBACK for the same packet identifier stands
 * before it, so that acknowledgement and answer leave in one write.
 */
export function openPublish(
  topicByte: number,
  packetId: number,
  payloadBytes: number,
  ackFirst: boolean,
): OpenFrame {
  const length = 5 + payloadBytes;
  const frame = Buffer.allocUnsafe((ackFirst ? 4 : 0) + 1 + lengthBytes(length) + length);
  const high = packetId >>> 8;
  const low = packetId & 0xff;
  let at = 0;
  if (ackFirst) {
    frame[0] = PacketType.puback << 4;
    frame[1] = 2;
    frame[2] = high;
    frame[3] = low;
    at = 4;
  }
  frame[at++] = 0x32; // PUBLISH, QoS 1
  at = writeLength(frame, at, length);
  frame[at++] = 0;
  frame[at++] = 1;
  frame[at++] = topicByte;
  frame[at++] = high;
  frame[at++] = low;
  return { frame, payloadOffset: at };
}

/** Reads a 16-bit number. */
export function readUint16(bytes: Uint8Array, offset: number): number {
  const high = bytes[offset];
  const low = bytes[offset + 1];
  if (high === undefined || low === undefined) throw new ProtocolViolation("a packet ends within a number");
  return (high << 8) | low;
}

/** Reads the bytes of a length-prefixed field; a view, not a copy. */
export function readField(frame: Buffer, offset: number): Buffer {
  const length = readUint16(frame, offset);
  const end = offset + 2 + length;
  if (end > frame.length) throw new ProtocolViolation("a packet ends within a field");
  return frame.subarray(offset + 2, end);
}

/** Makes a length-prefixed field of a text. */
export function fieldOf(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const field = Buffer.allocUnsafe(2 + bytes);
  field.writeUInt16BE(bytes, 0);
  field.write(text, 2);
  return field;
}
