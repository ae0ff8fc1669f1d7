/**
 * SUBSCRIBE and UNSUBSCRIBE: taken apart so that the gate can decide on each filter, and put together again for the
 * broker with only those that are its business.
 */
import { fieldOf, frameOf, ProtocolViolation, readExtent, readField, readUint16 } from "./frame.ts";
import { topicText } from "./topic-guard.ts";

/** One filter of a SUBSCRIBE. */
export interface FilterRequest {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
}

/** A SUBSCRIBE in parts. */
export interface SubscribePacket {
  readonly packetId: number;
  readonly filters: readonly FilterRequest[];
}

/** An UNSUBSCRIBE in parts. */
export interface UnsubscribePacket {
  readonly packetId: number;
  readonly filters: readonly string[];
}

function qosOf(byte: number | undefined): 0 | 1 | 2 {
  if (byte === 0 || byte === 1 || byte === 2) return byte;
  throw new ProtocolViolation("a filter asks for a QoS that does not exist");
}

function start(frame: Buffer, firstByte: number): { packetId: number; at: number } {
  if (frame[0] !== firstByte) throw new ProtocolViolation("a packet has reserved flags set");
  const extent = readExtent(frame, 0);
  const at = extent?.headerBytes ?? frame.length;
  const packetId = readUint16(frame, at);
  if (packetId === 0) throw new ProtocolViolation("a packet identifier of 0");
  return { packetId, at: at + 2 };
}

function filterAt(frame: Buffer, at: number): { text: string; end: number } {
  const bytes = readField(frame, at);
  const text = topicText(bytes);
  if (text === undefined) throw new ProtocolViolation("a filter is no UTF-8");
  return { text, end: at + 2 + bytes.length };
}

/** Reads a SUBSCRIBE. @throws ProtocolViolation when it breaks MQTT */
export function parseSubscribe(frame: Buffer): SubscribePacket {
  const { packetId, at: first } = start(frame, 0x82);
  const filters: FilterRequest[] = [];
  for (let at = first; at < frame.length;) {
    const { text, end } = filterAt(frame, at);
    filters.push({ filter: text, qos: qosOf(frame[end]) });
    at = end + 1;
  }
  if (filters.length === 0) throw new ProtocolViolation("a SUBSCRIBE without a filter");
  return { packetId, filters };
}

/** Reads an UNSUBSCRIBE. @throws ProtocolViolation when it breaks MQTT */
export function parseUnsubscribe(frame: Buffer): UnsubscribePacket {
  const { packetId, at: first } = start(frame, 0xa2);
  const filters: string[] = [];
  for (let at = first; at < frame.length;) {
    const { text, end } = filterAt(frame, at);
    filters.push(text);
    at = end;
  }
  if (filters.length === 0) throw new ProtocolViolation("an UNSUBSCRIBE without a filter");
  return { packetId, filters };
}

function idBytes(packetId: number): Uint8Array {
  return Uint8Array.of(packetId >>> 8, packetId & 0xff);
}

/** Writes a SUBSCRIBE. */
export function formatSubscribe(packet: SubscribePacket): Buffer {
  const filters = packet.filters.flatMap(({ filter, qos }) => [fieldOf(filter), Uint8Array.of(qos)]);
  return frameOf(0x82, [idBytes(packet.packetId), ...filters]);
}

/** Writes an UNSUBSCRIBE. */
export function formatUnsubscribe(packet: UnsubscribePacket): Buffer {
  return frameOf(0xa2, [idBytes(packet.packetId), ...packet.filters.map(fieldOf)]);
}
