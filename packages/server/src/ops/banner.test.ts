import { expect, test } from "vitest";
import { resolveConfig } from "../config/load.ts";
import type { ListenerKind } from "../config/schema-listen.ts";
import { formatBanner } from "./banner.ts";

const at = (kind: ListenerKind, port: number, host = "127.0.0.1") => ({
  kind,
  host,
  port,
  setting: "x",
  proxyProtocol: false,
});

test("names every listener as a client writes it", () => {
  const config = resolveConfig({ http: { root: "page" }, store: { data: ":memory:" } });
  const text = formatBanner(config, [
    at("tcp", 1883),
    at("https", 8443, "0.0.0.0"),
    at("tls", 8883, "192.0.2.1"),
    at("wss", 9443, "2001:db8::1"),
    at("ws", 9000, "::"),
    at("http", 8081, "game.lan"),
    { ...at("tcp", 1884), proxyProtocol: true },
  ]);
  expect(text.split("\n").slice(1, 9)).toEqual([
    "  Demo page  https://localhost:8443/",
    "  MQTT       mqtt://localhost:1883",
    "  WebSocket  wss://localhost:8443/ws",
    "  MQTT, TLS  mqtts://192.0.2.1:8883",
    "  WebSocket  wss://[2001:db8::1]:9443/ws",
    "  WebSocket  ws://localhost:9000/ws",
    "  WebSocket  ws://game.lan:8081/ws",
    "  MQTT       mqtt://localhost:1884  for proxies only",
  ]);
});

test("is empty where no person reads", () => {
  expect(formatBanner(resolveConfig({ log: { format: "json" } }), [at("tcp", 1)])).toBe("");
  expect(formatBanner(resolveConfig({ log: { level: "silent" } }), [at("tcp", 1)])).toBe("");
});
