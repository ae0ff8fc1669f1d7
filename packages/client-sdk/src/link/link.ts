/**
 * One MQTT 3.1.1 connection, as the SDK needs it: CONNECT, SUBSCRIBE, PUBLISH at QoS 0 and 1, DISCONNECT.
 * A link knows nothing of keys, calls or reconnecting: it is opened once, and closed once.
 * Packet identifiers are chosen by who uses it, for a call's answer carries its call's. [answer-1]
 */
import type { Clock } from "../clock.ts";
import type { PacketTrace } from "../trace.ts";
import type { LinkTarget } from "./target.ts";

/** What `mqtts://` and `wss://` check of the server, in Node. Browsers use their own certificate store. */
export interface TlsOptions {
  /** PEM of the authorities to trust instead of the host's. */
  readonly ca?: string | readonly string[];
  /** False accepts any certificate: for development with self-signed ones. @default true */
  readonly rejectUnauthorized?: boolean;
  /** The name that the certificate must carry. @default the URL's host */
  readonly servername?: string;
}

/** What a link is opened with. */
export interface LinkRequest {
  readonly target: LinkTarget;
  readonly clientId: string;
  /** The keep-alive that the server is told, in s: it ends a link from which it hears nothing for 1.5 times as long. */
  readonly keepAliveS: number;
  /** The link's own: it closes itself when its question has no answer for 1.5 times as long, in s. @default keepAliveS */
  readonly probeS?: number;
  /** How long until CONNACK, in ms. */
  readonly connectTimeoutMs: number;
  readonly tls: TlsOptions | undefined;
  readonly clock: Clock;
}

/** A PUBLISH that came in; the link has acknowledged it. */
export interface IncomingPublish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  /** Undefined at QoS 0. */
  readonly packetId: number | undefined;
  readonly retain: boolean;
}

/** A PUBLISH to send. */
export interface OutgoingPublish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  /** Needed at QoS 1. */
  readonly packetId: number | undefined;
  readonly retain: boolean;
}

/** A topic filter and the QoS asked for. */
export interface Subscription {
  readonly topic: string;
  readonly qos: 0 | 1;
}

/** A packet as `trace` shows it, before payloads are opened. */
export type LinkPacket = Omit<PacketTrace, "kind" | "atMs" | "plain">;

/** Who hears of a link's life. Nothing is called any more after `onClosed`. */
export interface LinkListener {
  onPublish(packet: IncomingPublish): void;
  /** A PUBLISH of ours was acknowledged. */
  onAcknowledged(packetId: number): void;
  /**
   * The link has ended, once, whoever ended it; only after `opened` was fulfilled.
   * @param reason what happened, in words; the cause where there is one
   */
  onClosed(reason: string, cause?: unknown): void;
  /** Every packet, for developers' tools; undefined when nobody watches. */
  readonly onPacket: ((packet: LinkPacket) => void) | undefined;
}

/** SUBACK's code for a filter that was refused. */
export const SUBSCRIPTION_REFUSED = 0x80;

/** One connection. */
export interface Link {
  /** Fulfilled by CONNACK 0; rejected with `connectFailed`, which says what was tried. */
  readonly opened: Promise<void>;
  /** Sends SUBSCRIBE. Fulfilled with SUBACK's codes, one for each topic; rejected when the link ends before. */
  subscribe(packetId: number, topics: readonly Subscription[]): Promise<readonly number[]>;
  /** Sends UNSUBSCRIBE. Fulfilled by UNSUBACK. */
  unsubscribe(packetId: number, topics: readonly string[]): Promise<void>;
  /** Sends PUBLISH at once. @throws MqplayError `connectionLost` when the link is not open: nothing was sent then */
  publish(packet: OutgoingPublish): void;
  /** Sends DISCONNECT if the link is open, and ends it. Returns at once; what follows is ignored. */
  close(): void;
}

/** Opens a link. Never throws: a failure rejects `opened`. */
export type OpenLink = (request: LinkRequest, listener: LinkListener) => Link;
