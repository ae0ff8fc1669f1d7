/**
 * Node: node:crypto, node:net, node:tls and the ws package; mqtt.js as its link.
 */
import { randomBytes } from "node:crypto";
import { createConnection, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import mqtt from "mqtt";
import { WebSocket } from "ws";
import { MqttJsLink, type MqttJsHost } from "../link/mqttjs.ts";
import type { LinkRequest, OpenLink, TlsOptions } from "../link/link.ts";
import type { OpenSocket, Platform } from "./platform.ts";
import { SocketStream } from "./socket-stream.ts";

/** Opens a WebSocket with the ws package. */
export const openSocket: OpenSocket = (url, tls, listener) => {
  const socket = new WebSocket(url, ["mqtt"], { perMessageDeflate: false, ...toNodeTls(tls) });
  let failure: unknown;
  socket.binaryType = "nodebuffer";
  socket.on("open", () => listener.onOpen());
  socket.on("message", (data: unknown, isBinary: boolean) => {
    // A Buffer's slice() shares memory where a Uint8Array's copies: nobody behind this line meets one.
    if (isBinary && data instanceof Uint8Array)
      listener.onMessage(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    else socket.close(1003, "binary messages only");
  });
  socket.on("error", (error) => (failure = error));
  socket.on("close", (code, reason) => listener.onClose(describeClose(code, reason.toString()), failure));
  return {
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes);
    },
    close: () => (socket.readyState === WebSocket.CONNECTING ? socket.terminate() : socket.close(1000)),
  };
};

function describeClose(code: number, reason: string): string {
  return `the WebSocket was closed with code ${code}${reason === "" ? "" : ` "${reason}"`}`;
}

function toNodeTls(tls: TlsOptions | undefined): {
  ca?: string[];
  rejectUnauthorized?: boolean;
  servername?: string;
} {
  if (tls === undefined) return {};
  return {
    ...(tls.ca === undefined ? {} : { ca: typeof tls.ca === "string" ? [tls.ca] : [...tls.ca] }),
    ...(tls.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: tls.rejectUnauthorized }),
    ...(tls.servername === undefined ? {} : { servername: tls.servername }),
  };
}

function openStream({ target, tls }: LinkRequest): Duplex {
  const { scheme, host, port, href } = target;
  switch (scheme) {
    case "mqtt":
      // A call and an acknowledgement are two small writes: without noDelay the second waits for the first's ACK.
      return createConnection({ host, port, noDelay: true });
    case "mqtts":
      return connectTls({
        host,
        port,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...toNodeTls(tls),
      }).setNoDelay(true);
    case "ws":
    case "wss":
      return new SocketStream((listener) => openSocket(href, tls, listener));
  }
}

const host: MqttJsHost = {
  Store: mqtt.Store,
  createClient: (request, options) => new mqtt.MqttClient(() => openStream(request), options),
};

/** Opens a link over mqtt.js, by TCP, TLS or WebSocket. */
export const openMqttJsLink: OpenLink = (request, listener) => new MqttJsLink(host, request, listener);

/** Node as the SDK sees it. */
export const platform: Platform = {
  name: "Node",
  schemes: ["mqtt", "mqtts", "ws", "wss"],
  clock: {
    now: () => Date.now(),
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  },
  randomBytes: (length) => randomBytes(length),
  random: () => Math.random(),
  openLink: openMqttJsLink,
  rethrow: (error) => {
    setTimeout(() => {
      throw error;
    }, 0);
  },
};
