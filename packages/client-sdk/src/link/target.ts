/**
 * The server's address: parsed by hand, for mini-game hosts have no URL class.
 */
import { MqplayError } from "../errors.ts";

/** How a link reaches the server. */
export type LinkScheme = "mqtt" | "mqtts" | "ws" | "wss";

/** A parsed address. */
export interface LinkTarget {
  readonly scheme: LinkScheme;
  /** A name or an address; IPv6 without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query of WebSocket addresses, `/ws` when the address names none; empty for TCP. */
  readonly path: string;
  /** The whole address as it is used, for WebSocket and for messages. */
  readonly href: string;
}

// The registered ports of the four schemes.
const DEFAULT_PORTS: Readonly<Record<LinkScheme, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };

/** The path of the WebSocket listener. [connect-1] */
const DEFAULT_PATH = "/ws";

const ADDRESS = /^([a-z]+):\/\/(\[[0-9a-f:.]+\]|[^/:?#@[\]\s]+)(?::(\d{1,5}))?(\/[^#\s]*)?$/i;

function isScheme(text: string): text is LinkScheme {
  return Object.hasOwn(DEFAULT_PORTS, text);
}

/** Parses a server's address. @throws MqplayError `invalidArgument` with path `url` */
export function parseTarget(url: string): LinkTarget {
  const [, rawScheme, rawHost, rawPort, rawPath] = ADDRESS.exec(url) ?? [];
  const scheme = rawScheme?.toLowerCase();
  const port = rawPort === undefined ? undefined : Number(rawPort);
  if (
    scheme === undefined ||
    rawHost === undefined ||
    !isScheme(scheme) ||
    port === 0 ||
    (port ?? 0) > 65_535
  ) {
    throw new MqplayError(
      "invalidArgument",
      `"url" must be mqtt://host:port, mqtts://host:port, ws://host:port/ws or wss://host:port/ws, got ${JSON.stringify(url)}`,
      { path: "url" },
    );
  }
  const actualPort = port ?? DEFAULT_PORTS[scheme];
  const isWebSocket = scheme === "ws" || scheme === "wss";
  const path = isWebSocket ? (rawPath === undefined || rawPath === "/" ? DEFAULT_PATH : rawPath) : "";
  return {
    scheme,
    host: rawHost.startsWith("[") ? rawHost.slice(1, -1) : rawHost,
    port: actualPort,
    path,
    href: `${scheme}://${rawHost}:${actualPort}${path}`,
  };
}
