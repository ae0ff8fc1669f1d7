/**
 * What bounds the gate: every limit that acts on a client's bytes, with its unit, default and reason.
 * The configuration (config/schema.ts) offers each of them under `gate`.
 */

/** The gate's limits and rules, complete. */
export interface GateOptions {
  /** False sends payloads plain; the handshake still happens. [handshake-7] */
  readonly secret: boolean;
  /** What a second connection with a connected client id gets: CONNACK 5, or the first one's place. [connect-3] */
  readonly duplicateClientId: "refuse" | "takeover";
  /** Whether clients may read `$SYS/#`. [topic-8] */
  readonly sysTopics: boolean;
  /** Bytes of a CONNECT, header included. Ids, will and credentials of honest clients stay far below. */
  readonly maxConnectBytes: number;
  /** Bytes of any later packet, header included; a larger one ends the connection at its header. */
  readonly maxPacketBytes: number;
  /** How long a connection may take until CONNACK, in ms. */
  readonly connectTimeoutMs: number;
  /** Keep-alive in s as which larger ones and 0 count when another connection comes with the id: a dead peer frees it in time. [connect-3] */
  readonly maxKeepAliveS: number;
  /** Unsent bytes at which a client that does not read is cut off. */
  readonly maxUnsentBytes: number;
  /** Answers and pushes that a client has not acknowledged yet; beyond it the client is cut off. At most 10,000. */
  readonly maxUnacknowledged: number;
  /** Calls of one connection that run at once; beyond it its socket is not read. */
  readonly maxRunningCalls: number;
  /** Packets a second that one connection may send over time; beyond it its socket is read slower. */
  readonly maxPacketsPerS: number;
  /** Packets that it may send in a burst. */
  readonly maxPacketBurst: number;
  /** Dropped packets (calls before the key, reserved topics, garbage) a minute before the connection is ended. [bad-7] */
  readonly maxDroppedPerMinute: number;
  /** Ordinary subscriptions of one connection. */
  readonly maxSubscriptions: number;
  /** Levels of an ordinary topic. */
  readonly maxTopicLevels: number;
  /** Retained topics that one client may have made. */
  readonly maxRetainedPerClient: number;
  /** Retained topics in all. */
  readonly maxRetained: number;
  /** Bytes of retained messages in all. */
  readonly maxRetainedBytes: number;
  /** Messages queued for a persistent session that is away; older ones go first. At most 10,000. */
  readonly maxOfflineMessages: number;
  /** Bytes of messages kept for one client: those queued, or at QoS 2 those on their way in. */
  readonly maxOfflineBytes: number;
  /** Persistent sessions that are away, in all; the longest away go first. */
  readonly maxOfflineSessions: number;
  /** Connections in all. */
  readonly maxConnections: number;
  /** Connections of one address. */
  readonly maxConnectionsPerAddress: number;
}

/** The defaults of {@link GateOptions}. */
export const defaultGateOptions: GateOptions = {
  secret: true,
  duplicateClientId: "refuse",
  sysTopics: false,
  maxConnectBytes: 4_096,
  maxPacketBytes: 262_144,
  connectTimeoutMs: 5_000,
  maxKeepAliveS: 120,
  maxUnsentBytes: 1_048_576,
  maxUnacknowledged: 1_024,
  maxRunningCalls: 64,
  maxPacketsPerS: 2_000,
  maxPacketBurst: 4_000,
  maxDroppedPerMinute: 120,
  maxSubscriptions: 64,
  maxTopicLevels: 16,
  maxRetainedPerClient: 64,
  maxRetained: 10_000,
  maxRetainedBytes: 67_108_864,
  maxOfflineMessages: 1_000,
  maxOfflineBytes: 1_048_576,
  maxOfflineSessions: 1_000,
  maxConnections: 50_000,
  maxConnectionsPerAddress: 1_000,
};
