/**
 * Why a link could not be opened, in words that say what was tried and what to look at.
 */
import { MqplayError } from "../errors.ts";
import type { LinkTarget } from "./target.ts";

const CONNACK_MEANINGS: Readonly<Record<number, string>> = {
  1: "it does not speak MQTT 3.1.1",
  2: "it does not accept the client id: 32 to 64 bytes, no control characters", // [connect-2]
  3: "it is not available: overloaded, shutting down or starting",
  4: "it does not accept the username or password",
  5: "the client id is connected already, or is not allowed in", // [connect-3]
};

/** The error of a CONNACK with a code other than 0. */
export function refusedByConnack(target: LinkTarget, code: number): MqplayError {
  const meaning = CONNACK_MEANINGS[code] ?? "a code that MQTT 3.1.1 does not know";
  return new MqplayError(
    "connectFailed",
    `${target.href} refused the connection with CONNACK code ${code}: ${meaning}`,
    {
      fromPeer: true,
      state: code,
    },
  );
}

/** The error of a link that opened, but on which no CONNACK came in time. */
export function noConnack(target: LinkTarget, timeoutMs: number, reached: boolean): MqplayError {
  return new MqplayError(
    "connectFailed",
    reached
      ? `${target.href} accepted the connection but sent no CONNACK within ${timeoutMs} ms: is it an MQTT server?`
      : `${target.href} could not be reached within ${timeoutMs} ms: is the address right and the network there?`,
  );
}

/** The error of a link that ended before CONNACK without saying why. */
export function closedBeforeConnack(target: LinkTarget, reason: string, cause?: unknown): MqplayError {
  return new MqplayError(
    "connectFailed",
    `${target.href} ended the connection before CONNACK (${reason}): is it an MQTT server, and is its path right?`,
    { cause },
  );
}

/** The error of bytes that are no MQTT. */
export function notMqtt(target: LinkTarget, cause: unknown): MqplayError {
  return new MqplayError(
    "connectFailed",
    `${target.href} answered with something that is not MQTT: is it an MQTT server?`,
    {
      cause,
    },
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) {
    return error.errors.map((inner: unknown) => messageOf(inner)).join("; ");
  }
  return error instanceof Error ? error.message : String(error);
}

function explain(target: LinkTarget, error: unknown): string {
  const { host, port, href } = target;
  const code = codeOf(error);
  const message = messageOf(error);
  const status = /Unexpected server response: (\d{3})/.exec(message)?.[1];
  if (status !== undefined) {
    return `${href} is an HTTP server that answered ${status} instead of opening a WebSocket: is the path right (usually /ws)?`;
  }
  if (code === "ECONNREFUSED")
    return `nothing listens at ${host}:${port} (connection refused): is the server running, is the port right?`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "EAI_FAIL" || code === "EAI_NODATA") {
    return `the name ${host} could not be found (${code}): is it spelt right, is the network there?`;
  }
  if (code === "ECONNRESET" || code === "EPIPE") {
    return `${href} ended the connection before CONNACK (${code}): is it an MQTT server?`;
  }
  if (code === "ETIMEDOUT" || code === "EHOSTUNREACH" || code === "ENETUNREACH") {
    return `${host}:${port} could not be reached (${code}): is the address right, does a firewall stand between?`;
  }
  if (
    code === "ERR_SSL_WRONG_VERSION_NUMBER" ||
    /wrong version number|packet length too long/i.test(message)
  ) {
    return `${host}:${port} does not speak TLS: use ${target.scheme === "wss" ? "ws" : "mqtt"}:// there, or the port of its TLS listener`;
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `the certificate of ${host}:${port} is for another name: ${message}`;
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return `the certificate of ${host}:${port} is not trusted (${code}): pass its authority as tls.ca, or tls.rejectUnauthorized: false in development`;
  }
  return `${href} could not be connected: ${message === "" ? code : message}; is the server running, are address and path right?`;
}

/** The error of a socket that could not be opened, from what the host said. */
export function connectFailure(target: LinkTarget, error: unknown): MqplayError {
  return new MqplayError("connectFailed", explain(target, error), { cause: error });
}
