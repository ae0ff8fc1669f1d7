/**
 * What a developer's tool can watch of a connection. It shows keys, passwords and tokens: never turn it on in a game
 * that players run.
 */

/** An MQTT packet's kind. */
export type PacketType =
  | "CONNECT"
  | "CONNACK"
  | "PUBLISH"
  | "PUBACK"
  | "PUBREC"
  | "PUBREL"
  | "PUBCOMP"
  | "SUBSCRIBE"
  | "SUBACK"
  | "UNSUBSCRIBE"
  | "UNSUBACK"
  | "PINGREQ"
  | "PINGRESP"
  | "DISCONNECT"
  | "AUTH";

/** One MQTT packet, as it left or came in. */
export interface PacketTrace {
  readonly kind: "packet";
  readonly direction: "out" | "in";
  readonly type: PacketType;
  readonly topic?: string;
  readonly qos?: 0 | 1 | 2;
  readonly packetId?: number;
  /** The payload as on the wire. */
  readonly payload?: Uint8Array;
  /** The payload opened; absent where nothing is sealed. */
  readonly plain?: Uint8Array;
  /** What else the packet says, in words: topics and their QoS, a code and its meaning. */
  readonly note?: string;
  /** When, in ms since 1970. */
  readonly atMs: number;
}

/** How a connection's key came to be, step by step. [handshake-2] */
export interface HandshakeTrace {
  readonly kind: "handshake";
  readonly clientId: Uint8Array;
  readonly serverString: Uint8Array;
  /** The client id's bytes, then the server string's. */
  readonly joined: Uint8Array;
  /** The same with B[32] and B[6], then B[48] and B[31] swapped. */
  readonly swapped: Uint8Array;
  /** MD5 of `swapped`: the AES key and the first counter block. */
  readonly key: Uint8Array;
  /** When, in ms since 1970. */
  readonly atMs: number;
}

/** What `options.trace` is called with. */
export type TraceEvent = PacketTrace | HandshakeTrace;
