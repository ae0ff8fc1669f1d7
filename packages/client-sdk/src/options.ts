/**
 * What `connect()` takes: every option, its default and why; resolved and checked once, at the door.
 */
import {
  DEFAULT_CALL_TIMEOUT_MS,
  MAX_CLIENT_ID_BYTES,
  MIN_CLIENT_ID_BYTES,
  utf8Encode,
  type Encoding,
} from "@mqplay/shared";
import type { AbortSignalLike } from "./calls/call-options.ts";
import { MqplayError } from "./errors.ts";
import type { OpenLink, TlsOptions } from "./link/link.ts";
import type { Platform } from "./platform/platform.ts";
import type { Tokens } from "./session/keeper.ts";
import type { TraceEvent } from "./trace.ts";

/** How a lost connection is made anew. Delays are drawn evenly from 0 to a bound that doubles with each try (full jitter). */
export interface ReconnectOptions {
  /** Bound of the first delay, in ms. @default 500 */
  readonly firstDelayMs?: number;
  /** Highest bound of a delay, in ms. @default 5000, so that a game is back within 10 s of the network */
  readonly maxDelayMs?: number;
  /** How long to try before the game is closed as lost, in ms. @default 300000: five minutes, a tunnel or a lift */
  readonly giveUpAfterMs?: number;
}

/**
 * Gives the token for the next connection; undefined connects as nobody.
 * @param current the token of the game's newest login, if there was one
 */
export type TokenSource = (current: string | undefined) => string | undefined | Promise<string | undefined>;

/** Where the SDK says what it noticed. Nothing is said by default. */
export interface Logger {
  /** An anomaly that it lived through: a push that no one can read, an answer that came too late. */
  warn(message: string, error?: unknown): void;
}

/** The options of `connect()`. */
export interface ConnectOptions {
  /** How calls are written unless a call says otherwise. @default "json", which can be read in every tool */
  readonly encoding?: Encoding;
  /** How long a call may take, in ms, unless it says otherwise. @default 10000 */
  readonly timeoutMs?: number;
  /** How long one try to connect may take until the game is ready, in ms. @default 10000 */
  readonly connectTimeoutMs?: number;
  /**
   * An access token of an earlier login: the connection is that user's from the start. [connect-5]
   * A function is asked before every connection, with the token known so far: the place to refresh it.
   */
  readonly token?: string | TokenSource;
  /**
   * Keeps the login: resumes it with every connection, refreshes it before it ends, and tells by `login` when it is
   * over. `memoryTokens()`, `localStorageTokens(key)` or `customTokens(store)`; instead of `token`. @default nobody does
   */
  readonly tokens?: Tokens;
  /**
   * The client id, 32 to 64 bytes. @default 32 random characters, new for each connection
   * Give one only to servers that know it; a second connection with it is refused.
   */
  readonly clientId?: string;
  /** False for servers whose configuration says `"secret": false`: payloads travel plain. [handshake-7] @default true */
  readonly secret?: boolean;
  /** Keep-alive in s: a dead link is noticed after 1.5 times as long. @default 6, so that it takes at most 9 s */
  readonly keepAliveS?: number;
  /** False closes the game when its connection is lost. @default { } */
  readonly reconnect?: ReconnectOptions | false;
  /** Calls that may be under way or waiting at once; more are refused with `callLimit`. @default 1024 */
  readonly maxPendingCalls?: number;
  /** Bytes that a call or message may have; larger ones are refused here. @default 262000, what the server takes by default */
  readonly maxPayloadBytes?: number;
  /** What `mqtts://` and `wss://` check, in Node. */
  readonly tls?: TlsOptions;
  /** Ends connecting, from `connect()` on until the game is ready. */
  readonly signal?: AbortSignalLike;
  /** The link to use. @default mqtt.js in Node, the light link elsewhere */
  readonly link?: OpenLink;
  /** The host's sockets, time and random. @default those of Node or of the browser; mini-games give their own */
  readonly platform?: Platform;
  /** Told of every packet and handshake. Shows keys and passwords: for developers' tools only. */
  readonly trace?: (event: TraceEvent) => void;
  /** Where anomalies are reported. @default nowhere */
  readonly logger?: Logger;
}

/** The same, complete. */
export interface ResolvedOptions {
  readonly encoding: Encoding;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly token: string | TokenSource | undefined;
  readonly tokens: Tokens | undefined;
  readonly clientId: string | undefined;
  readonly secret: boolean;
  readonly keepAliveS: number;
  readonly reconnect: Required<ReconnectOptions> | undefined;
  readonly maxPendingCalls: number;
  readonly maxPayloadBytes: number;
  readonly tls: TlsOptions | undefined;
  readonly signal: AbortSignalLike | undefined;
  readonly openLink: OpenLink;
  readonly platform: Platform;
  readonly trace: ((event: TraceEvent) => void) | undefined;
  readonly logger: Logger;
}

// A try must leave room for a slow radio link's handshakes: DNS, TCP, TLS, CONNECT, `s`.
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
// 1.5 times 6 s is below the 10 s within which a player should see that the network is gone.
const DEFAULT_KEEP_ALIVE_S = 6;
// Far above what a game has under way, far below the 65535 packet identifiers of a connection.
const DEFAULT_MAX_PENDING_CALLS = 1_024;
// The gate ends a connection at a packet of more than 262144 bytes, topic and header included.
const DEFAULT_MAX_PAYLOAD_BYTES = 262_000;
// The largest packet that MQTT 3.1.1 can write.
const MAX_REMAINING_LENGTH = 268_435_455;
const DEFAULT_RECONNECT: Required<ReconnectOptions> = {
  firstDelayMs: 500,
  maxDelayMs: 5_000,
  giveUpAfterMs: 300_000,
};
const MAX_TIMER_MS = 2_147_483_647;
const silent: Logger = { warn: () => {} };

/** Fills in the defaults and checks every value. @throws MqplayError `invalidArgument` with the option's path */
export function resolveOptions(options: ConnectOptions, host: Platform): ResolvedOptions {
  const platform = options.platform ?? host;
  const encoding = options.encoding ?? "json";
  if (encoding !== "json" && encoding !== "protobuf") {
    throw invalid("encoding", `must be "json" or "protobuf", got ${JSON.stringify(encoding)}`);
  }
  if (options.token !== undefined && options.clientId !== undefined) {
    throw invalid("clientId", 'and "token" exclude each other: a token is the client id of its connection');
  }
  if (options.tokens !== undefined && (options.token !== undefined || options.clientId !== undefined)) {
    throw invalid("tokens", 'says by which token to connect: leave "token" and "clientId" out');
  }
  if (typeof options.token !== "function") assertClientId(options.token, "token");
  assertClientId(options.clientId, "clientId");
  return {
    encoding,
    timeoutMs: number(options.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS, "timeoutMs", 1, MAX_TIMER_MS),
    connectTimeoutMs: number(
      options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      "connectTimeoutMs",
      1,
      MAX_TIMER_MS,
    ),
    token: options.token,
    tokens: options.tokens,
    clientId: options.clientId,
    secret: options.secret ?? true,
    keepAliveS: number(options.keepAliveS ?? DEFAULT_KEEP_ALIVE_S, "keepAliveS", 1, 65_535),
    reconnect: resolveReconnect(options.reconnect),
    maxPendingCalls: number(
      options.maxPendingCalls ?? DEFAULT_MAX_PENDING_CALLS,
      "maxPendingCalls",
      1,
      32_768,
    ),
    maxPayloadBytes: number(
      options.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES,
      "maxPayloadBytes",
      1,
      MAX_REMAINING_LENGTH,
    ),
    tls: options.tls,
    signal: options.signal,
    openLink: options.link ?? platform.openLink,
    platform,
    trace: guard(options.trace, platform),
    logger: options.logger ?? silent,
  };
}

/** A tool's fault must not end the connection that it watches. */
function guard(trace: ConnectOptions["trace"], platform: Platform): ConnectOptions["trace"] {
  if (trace === undefined) return undefined;
  return (event) => {
    try {
      trace(event);
    } catch (error) {
      platform.rethrow(error);
    }
  };
}

function resolveReconnect(
  reconnect: ReconnectOptions | false | undefined,
): Required<ReconnectOptions> | undefined {
  if (reconnect === false) return undefined;
  const filled = { ...DEFAULT_RECONNECT, ...reconnect };
  return {
    firstDelayMs: number(filled.firstDelayMs, "reconnect.firstDelayMs", 1, MAX_TIMER_MS),
    maxDelayMs: number(filled.maxDelayMs, "reconnect.maxDelayMs", 1, MAX_TIMER_MS),
    giveUpAfterMs: number(filled.giveUpAfterMs, "reconnect.giveUpAfterMs", 0, Number.MAX_SAFE_INTEGER),
  };
}

function number(value: number, path: string, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw invalid(path, `must be an integer from ${min} to ${max}, got ${String(value)}`);
  }
  return value;
}

/** @throws MqplayError `invalidArgument` when it is no client id. The value itself is not in the message: a token is a secret. */
export function assertClientId(value: string | undefined, path: string): void {
  if (value === undefined) return;
  const bytes = utf8Encode(value).length;
  if (bytes < MIN_CLIENT_ID_BYTES || bytes > MAX_CLIENT_ID_BYTES) {
    throw invalid(path, `must have ${MIN_CLIENT_ID_BYTES} to ${MAX_CLIENT_ID_BYTES} bytes, got ${bytes}`);
  }
}

function invalid(path: string, problem: string): MqplayError {
  return new MqplayError("invalidArgument", `"${path}" ${problem}`, { path });
}
