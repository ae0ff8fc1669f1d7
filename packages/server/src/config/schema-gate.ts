/**
 * The settings of the gate: gate/options.ts with bounds and words.
 */
import { z } from "zod";
import { defaultGateOptions as defaults, type GateOptions } from "../gate/options.ts";
import { flag, integer, setting } from "./setting.ts";

/** Each of {@link GateOptions} as a setting; the compiler holds the two together. */
const shape = {
  secret: flag(defaults.secret, {
    text: "Whether payloads of calls, answers and pushes are encrypted by the classic profile. `false` sends them plain (for debugging); the handshake still happens. It hides payloads from a casual look only: use TLS for real confidentiality.",
  }),
  duplicateClientId: setting(z.enum(["refuse", "takeover"]), defaults.duplicateClientId, {
    text: "What a second connection with a client id that is already connected gets: `refuse` turns it away (CONNACK 5) and the first lives on, as old clients expect; `takeover` ends the first.",
  }),
  sysTopics: flag(defaults.sysTopics, {
    text: "Whether clients may read the broker's own `$SYS/#` topics: how many clients there are.",
  }),
  maxConnectBytes: integer(
    defaults.maxConnectBytes,
    { min: 256, max: 1_048_576 },
    {
      text: "Largest CONNECT packet, header included. Ids, wills and credentials of honest clients stay far below.",
      unit: "bytes",
    },
  ),
  maxPacketBytes: integer(
    defaults.maxPacketBytes,
    { min: 256, max: 268_435_455 },
    {
      text: "Largest of any later packet, header included. A larger one ends the connection before it is buffered.",
      unit: "bytes",
    },
  ),
  connectTimeoutMs: integer(
    defaults.connectTimeoutMs,
    { min: 100, max: 120_000 },
    {
      text: "How long a new connection may take until it has sent a valid CONNECT.",
      unit: "ms",
    },
  ),
  maxKeepAliveS: integer(
    defaults.maxKeepAliveS,
    { min: 1, max: 65_535 },
    {
      text: "Longest silence that holds a client id: a keep-alive that is longer, or 0 (none), counts as this when another connection comes with the id. So a dead client frees its id within 1.5 times this.",
      unit: "s",
    },
  ),
  maxUnsentBytes: integer(
    defaults.maxUnsentBytes,
    { min: 1_024, max: 1_073_741_824 },
    {
      text: "Bytes waiting for a client that does not read; beyond it the client is cut off. Bounds the memory that one client can cost.",
      unit: "bytes",
    },
  ),
  maxUnacknowledged: integer(
    defaults.maxUnacknowledged,
    { min: 1, max: 10_000 },
    {
      text: "Answers and pushes that a client has not acknowledged; beyond it the client is cut off.",
      unit: "messages",
    },
  ),
  maxRunningCalls: integer(
    defaults.maxRunningCalls,
    { min: 1, max: 65_535 },
    {
      text: "Calls of one connection that run at once; beyond it its socket is not read until one ends.",
      unit: "calls",
    },
  ),
  maxPacketsPerS: integer(
    defaults.maxPacketsPerS,
    { min: 1, max: 10_000_000 },
    {
      text: "Packets a second that one connection may send over time; beyond it its socket is read slower.",
      unit: "packets/s",
    },
  ),
  maxPacketBurst: integer(
    defaults.maxPacketBurst,
    { min: 1, max: 10_000_000 },
    {
      text: "Packets that one connection may send in a burst.",
      unit: "packets",
    },
  ),
  maxDroppedPerMinute: integer(
    defaults.maxDroppedPerMinute,
    { min: 1, max: 1_000_000 },
    {
      text: "Dropped packets a minute (calls before the handshake, reserved topics, garbage) at which a connection is ended.",
      unit: "packets/min",
    },
  ),
  maxSubscriptions: integer(
    defaults.maxSubscriptions,
    { min: 0, max: 100_000 },
    {
      text: "Ordinary subscriptions of one connection.",
      unit: "filters",
    },
  ),
  maxTopicLevels: integer(
    defaults.maxTopicLevels,
    { min: 1, max: 100 },
    {
      text: "Levels of an ordinary topic (the parts between slashes).",
      unit: "levels",
    },
  ),
  maxRetainedPerClient: integer(
    defaults.maxRetainedPerClient,
    { min: 0, max: 1_000_000 },
    {
      text: "Retained topics that one client may have made.",
      unit: "topics",
    },
  ),
  maxRetained: integer(
    defaults.maxRetained,
    { min: 0, max: 10_000_000 },
    {
      text: "Retained topics in all.",
      unit: "topics",
    },
  ),
  maxRetainedBytes: integer(
    defaults.maxRetainedBytes,
    { min: 0, max: 17_179_869_184 },
    {
      text: "Bytes of retained messages in all; more are delivered and not retained.",
      unit: "bytes",
    },
  ),
  maxOfflineMessages: integer(
    defaults.maxOfflineMessages,
    { min: 0, max: 10_000 },
    {
      text: "Messages kept for a persistent session that is away; the oldest go first.",
      unit: "messages",
    },
  ),
  maxOfflineBytes: integer(
    defaults.maxOfflineBytes,
    { min: 0, max: 1_073_741_824 },
    {
      text: "Bytes of messages kept for one persistent session, the oldest go first; also of messages at QoS 2 that one client has begun and not released, beyond which it is cut off.",
      unit: "bytes",
    },
  ),
  maxOfflineSessions: integer(
    defaults.maxOfflineSessions,
    { min: 0, max: 10_000_000 },
    {
      text: "Persistent sessions that are away, in all; the longest away go first.",
      unit: "sessions",
    },
  ),
  maxConnections: integer(
    defaults.maxConnections,
    { min: 1, max: 10_000_000 },
    {
      text: "MQTT connections in all, WebSocket ones included.",
      unit: "connections",
    },
  ),
  maxConnectionsPerAddress: integer(
    defaults.maxConnectionsPerAddress,
    { min: 1, max: 10_000_000 },
    {
      text: "MQTT connections of one address. High enough for players behind one router of a whole school.",
      unit: "connections",
    },
  ),
} satisfies { [K in keyof GateOptions]: z.ZodType<GateOptions[K]> };

/** The section `gate`. */
export const gateSettings = z.strictObject(shape);
