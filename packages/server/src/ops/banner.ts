/**
 * What a person sees when the server is up: where to look, where to connect, where data lies.
 */
import { resolve } from "node:path";
import type { Config } from "../config/schema.ts";

/** Ports that were taken. */
export interface Ports {
  readonly mqtt: number;
  readonly http: number;
}

/** Addresses that mean "all of this machine's"; a person connects to it by name. */
const ANY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::", "127.0.0.1", "::1"]);

/** Writes the block; empty when the log is JSON, for then no person reads. */
export function formatBanner(config: Config, ports: Ports): string {
  if (config.log.format === "json" || config.log.level === "silent") return "";
  const host = ANY_ADDRESS.has(config.host)
    ? "localhost"
    : config.host.includes(":")
      ? `[${config.host}]`
      : config.host;
  const rows = [
    ...(config.http.root === "" ? [] : [["Demo page", `http://${host}:${ports.http}/`]]),
    ["MQTT", `mqtt://${host}:${ports.mqtt}`],
    ["WebSocket", `ws://${host}:${ports.http}/ws`],
    ["Data", describeData(config)],
    ["Log", `level ${config.log.level}; more with MQPLAY_LOG_LEVEL=debug`],
  ];
  const lines = rows.map(([name = "", value = ""]) => `  ${name.padEnd(10)} ${value}`);
  return `\n${lines.join("\n")}\n\n  Ctrl+C stops the server.\n\n`;
}

function describeData({ store }: Config): string {
  if (store.accounts !== "embedded") return "accounts in MySQL";
  return store.data === ":memory:" ? "in memory: gone when the server ends" : resolve(store.data);
}
