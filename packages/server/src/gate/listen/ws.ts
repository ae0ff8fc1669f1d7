/**
 * MQTT over WebSocket on `/ws`: WebSockets become transports. [connect-1]
 * Each write is one frame; ws' own stream would make six of one PUBLISH.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { Transport, TransportEvents } from "./transport.ts";

/** The subprotocols that clients of MQTT 3.1.1 and 3.1 offer; those that offer none are let in as well. [connect-1] */
const SUBPROTOCOLS = ["mqtt", "mqttv3.1"] as const;

/** How long a peer has to answer the closing handshake before the socket is cut, in ms. */
const CLOSE_WAIT_MS = 1_000;

/** Bytes that wait in a frame of a WebSocket before the socket counts as slow: Node's own mark for sockets. */
const SLOW_FROM_BYTES = 65_536;

/** Takes WebSocket upgrades. */
export interface WebSocketDoor {
  /** Takes over an upgrade request. Its path has been checked by the caller. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/**
 * Makes the door for WebSockets.
 * @param maxMessageBytes largest WebSocket message; MQTT packets may be split or joined at will
 * @param accept gets each connection
 */
export function createWebSocketDoor(
  maxMessageBytes: number,
  accept: (transport: Transport) => void,
): WebSocketDoor {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  return {
    accept(request, socket, head) {
      const address = (request.socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
      request.socket.setNoDelay(true);
      const kind = "encrypted" in request.socket ? "wss" : "ws";
      server.handleUpgrade(request, socket, head, (client) =>
        accept(webSocketTransport(client, address, kind)),
      );
    },
  };
}

function webSocketTransport(client: WebSocket, remoteAddress: string, kind: string): Transport {
  let slow = false;
  let drained: () => void = () => {};
  return {
    kind,
    remoteAddress,
    get unsentBytes() {
      return client.bufferedAmount;
    },
    start(events: TransportEvents) {
      client.on("message", (data, isBinary) => {
        // MQTT travels in binary frames only (MQTT 3.1.1, 6.0).
        if (!isBinary) client.terminate();
        else events.data(asBuffer(data));
      });
      client.on("close", () => events.transportClosed());
      // A broken frame or a reset; "close" follows.
      client.on("error", () => client.terminate());
      drained = () => events.drain();
    },
    write(bytes) {
      if (client.readyState !== client.OPEN) return;
      client.send(bytes, sent);
      if (client.bufferedAmount >= SLOW_FROM_BYTES) slow = true;
    },
    pause: () => client.pause(),
    resume: () => client.resume(),
    end() {
      client.close(1000);
      const timer = setTimeout(() => client.terminate(), CLOSE_WAIT_MS);
      client.once("close", () => clearTimeout(timer));
    },
    destroy: () => client.terminate(),
  };

  function sent(): void {
    if (!slow || client.bufferedAmount > 0) return;
    slow = false;
    drained();
  }
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
