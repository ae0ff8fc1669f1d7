/**
 * CONNECT byte by byte, for what no packet library would write: any client id, any version, any topic of a will.
 */

export interface RawConnect {
  /** The protocol level. @default 4, which is MQTT 3.1.1 */
  readonly version?: number;
  /** Adds the empty properties that MQTT 5 has. @default false */
  readonly properties?: boolean;
  /** @default 60 */
  readonly keepAliveS?: number;
}

/** Writes a CONNECT with a clean session. */
export function connectBytes(clientId: Uint8Array, options: RawConnect = {}): Buffer {
  const { version = 4, properties = false, keepAliveS = 60 } = options;
  const body = Buffer.concat([
    withLength(Buffer.from("MQTT")),
    Buffer.of(version, 2, keepAliveS >> 8, keepAliveS & 255),
    properties ? Buffer.of(0) : Buffer.alloc(0),
    withLength(clientId),
  ]);
  return Buffer.concat([Buffer.of(0x10), remainingLength(body.length), body]);
}

/** Writes a PUBLISH whose topic may be any bytes. */
export function publishBytes(topic: Uint8Array, payload: Uint8Array, messageId = 1): Buffer {
  const body = Buffer.concat([withLength(topic), Buffer.of(messageId >> 8, messageId & 255), payload]);
  return Buffer.concat([Buffer.of(0x32), remainingLength(body.length), body]);
}

/** Writes a length as MQTT does: 7 bits a byte, low ones first. */
export function remainingLength(length: number): Buffer {
  const bytes: number[] = [];
  let rest = length;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 128 : low);
  } while (rest > 0);
  return Buffer.from(bytes);
}

function withLength(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
}
