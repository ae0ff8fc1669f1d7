/**
 * CONNECT: read by the gate before the broker sees it, because who is let in is decided here.
 */
import { isUtf8 } from "node:buffer";
import { ProtocolViolation, readExtent, readField, readUint16 } from "./frame.ts";

/** What the gate needs of a CONNECT. Username and password are not among it. [connect-4] */
export interface ConnectPacket {
  /** 3 (MQTT 3.1) or 4 (3.1.1); another number is answered with CONNACK 1. */
  readonly protocolLevel: number;
  /** The client id's bytes: a view. [handshake-2] counts bytes, not characters. */
  readonly clientIdBytes: Buffer;
  /** The client id as text; undefined when its bytes are no UTF-8. */
  readonly clientId: string | undefined;
  /** False keeps the client's ordinary subscriptions and messages while it is away. */
  readonly cleanSession: boolean;
  /** The longest silence that the client promises, in s; 0 promises nothing. */
  readonly keepAliveS: number;
  /** The topic of its will, or undefined when it has none. */
  readonly willTopic: string | undefined;
}

/** Protocol levels that the gate speaks. */
const LEVELS: ReadonlySet<number> = new Set([3, 4]);

/**
 * Reads a CONNECT.
 * @throws ProtocolViolation when it is none, or breaks MQTT 3.1.1 in a way that has no return code
 */
export function parseConnect(frame: Buffer): ConnectPacket {
  if (frame[0] !== 0x10) throw new ProtocolViolation("the first packet is no CONNECT");
  const extent = readExtent(frame, 0);
  if (extent === undefined) throw new ProtocolViolation("CONNECT has no length");
  let at = extent.headerBytes;
  const name = readField(frame, at).toString("latin1");
  at += 2 + name.length;
  // The top bit marks a bridge in MQTT 3.1 and 3.1.1; it changes nothing here.
  const protocolLevel = byteAt(frame, at) & 0x7f;
  if (name !== "MQTT" && name !== "MQIsdp") throw new ProtocolViolation("CONNECT names another protocol");
  if (!LEVELS.has(protocolLevel)) {
    return {
      protocolLevel,
      clientIdBytes: Buffer.alloc(0),
      clientId: undefined,
      cleanSession: true,
      keepAliveS: 0,
      willTopic: undefined,
    };
  }
  const flags = byteAt(frame, at + 1);
  const keepAliveS = readUint16(frame, at + 2);
  at += 4;
  checkFlags(flags);
  const clientIdBytes = readField(frame, at);
  at += 2 + clientIdBytes.length;
  let willTopic: string | undefined;
  if ((flags & 0x04) !== 0) {
    const topic = readField(frame, at);
    if (topic.length === 0 || !isUtf8(topic)) throw new ProtocolViolation("the will has no valid topic");
    willTopic = topic.toString();
    at += 2 + topic.length;
    at += 2 + readField(frame, at).length;
  }
  if ((flags & 0x80) !== 0) at += 2 + readField(frame, at).length;
  if ((flags & 0x40) !== 0) at += 2 + readField(frame, at).length;
  if (at !== frame.length) throw new ProtocolViolation("CONNECT is longer than its fields");
  return {
    protocolLevel,
    clientIdBytes,
    clientId: isUtf8(clientIdBytes) ? clientIdBytes.toString() : undefined,
    cleanSession: (flags & 0x02) !== 0,
    keepAliveS,
    willTopic,
  };
}

function byteAt(frame: Buffer, at: number): number {
  const byte = frame[at];
  if (byte === undefined) throw new ProtocolViolation("CONNECT ends too early");
  return byte;
}

function checkFlags(flags: number): void {
  const will = (flags & 0x04) !== 0;
  const willQos = (flags >>> 3) & 0x03;
  if ((flags & 0x01) !== 0) throw new ProtocolViolation("CONNECT sets a reserved flag");
  if (willQos === 3 || (!will && (flags & 0x38) !== 0))
    throw new ProtocolViolation("CONNECT has will flags that do not fit");
  if ((flags & 0x40) !== 0 && (flags & 0x80) === 0)
    throw new ProtocolViolation("CONNECT has a password but no username");
}
