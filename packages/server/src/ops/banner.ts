/**
 * What a person sees when the server is up: where to look, where to connect, where data lies.
 */
import { resolve } from "node:path";
import type { Config } from "../config/schema.ts";
import type { ListenerKind } from "../config/schema-listen.ts";
import { formatPlace, type Listening } from "../listeners.ts";

/** Addresses that mean "all of this machine's"; a person connects to it by name. */
const ANY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::", "127.0.0.1", "::1"]);

/** How a client gets to each kind of listener. */
const WAYS: Readonly<Record<ListenerKind, readonly [name: string, scheme: string, path: string]>> = {
  tcp: ["MQTT", "mqtt", ""],
  tls: ["MQTT, TLS", "mqtts", ""],
  ws: ["WebSocket", "ws", "/ws"],
  wss: ["WebSocket", "wss", "/ws"],
  http: ["WebSocket", "ws", "/ws"],
  https: ["WebSocket", "wss", "/ws"],
};

/** Writes the block; empty when the log is JSON, for then no person reads. */
export function formatBanner(config: Config, listeners: readonly Listening[]): string {
  if (config.log.format === "json" || config.log.level === "silent") return "";
  const page = listeners.find(({ kind }) => kind === "http" || kind === "https");
  const rows = [
    ...(config.http.root === "" || page === undefined
      ? []
      : [["Demo page", `${page.kind}://${placeOf(page)}/`]]),
    ...listeners.map((listener) => {
      const [name, scheme, path] = WAYS[listener.kind];
      const note = listener.proxyProtocol ? "  for proxies only" : "";
      return [name, `${scheme}://${placeOf(listener)}${path}${note}`];
    }),
    ["Data", describeData(config)],
    ["Log", `level ${config.log.level}; more with MQPLAY_LOG_LEVEL=debug`],
  ];
  const lines = rows.map(([name = "", value = ""]) => `  ${name.padEnd(10)} ${value}`);
  return `\n${lines.join("\n")}\n\n  Ctrl+C stops the server.\n\n`;
}

function placeOf({ host, port }: Listening): string {
  return formatPlace(ANY_ADDRESS.has(host) ? "localhost" : host, port);
}

function describeData({ store }: Config): string {
  if (store.accounts !== "embedded") return "accounts in MySQL";
  return store.data === ":memory:" ? "in memory: gone when the server ends" : resolve(store.data);
}
