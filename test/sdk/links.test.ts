/**
 * One contract suite for every link: mqtt.js by TCP and by WebSocket, the light link by WebSocket.
 */
import { describe } from "vitest";
import type { OpenLink } from "@mqplay/client-sdk";
import { lightLink } from "@mqplay/client-sdk/light";
import { mqttJsLink } from "@mqplay/client-sdk/mqttjs";
import { describeLink, type LinkFactory } from "../../packages/client-sdk/src/link/link.contract.ts";
import { parseTarget } from "../../packages/client-sdk/src/link/target.ts";
import { startScriptedServer } from "./scripted-server.ts";

const clock = {
  now: () => Date.now(),
  after(delayMs: number, task: () => void) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

function factory(openLink: OpenLink, transport: "tcp" | "ws"): LinkFactory {
  return async (script, listener, { keepAliveS = 60 } = {}) => {
    const { port, server } = await startScriptedServer(transport, script);
    const target = parseTarget(
      transport === "tcp" ? `mqtt://127.0.0.1:${port}` : `ws://127.0.0.1:${port}/ws`,
    );
    const request = {
      target,
      clientId: "c".repeat(32),
      keepAliveS,
      connectTimeoutMs: 5_000,
      tls: undefined,
      clock,
    };
    return { link: openLink(request, listener), server };
  };
}

describe("mqtt.js over TCP", () => {
  describeLink(factory(mqttJsLink, "tcp"));
});
describe("mqtt.js over WebSocket", () => {
  describeLink(factory(mqttJsLink, "ws"));
});
describe("the light link over WebSocket", () => {
  describeLink(factory(lightLink, "ws"));
});
