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

/** Takes WebSocket upgrades. */
export interface WebSocketDoor {
  /**
   * Takes over an upgrade request. Its path has been checked by the caller.
   * @param remoteAddress the client's, which behind a proxy is not the socket's peer
   */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, remoteAddress: string): void;
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
    accept(request, socket, head, remoteAddress) {
      request.socket.setNoDelay(true);
      const kind = "encrypted" in request.socket ? "wss" : "ws";
      server.handleUpgrade(request, socket, head, (client) =>
        accept(webSocketTransport(client, socket, remoteAddress, kind)),
      );
    },
  };
}

/**
 * The library reads and answers pings and closings; what is sent goes straight to the socket, frame and payload in one
 * buffer. Its own `send` hands the socket two, which costs a third of the calls that a core can answer.
 */
function webSocketTransport(
  client: WebSocket,
  socket: Duplex,
  remoteAddress: string,
  kind: string,
): Transport {
  // Here, not in `start`: a connection that nobody takes can break, too.
  // A broken frame or a reset; "close" follows.
  client.on("error", () => client.terminate());
  return {
    kind,
    remoteAddress,
    get unsentBytes() {
      return socket.writableLength;
    },
    start(events: TransportEvents) {
      client.on("message", (data, isBinary) => {
        // MQTT travels in binary frames only (MQTT 3.1.1, 6.0).
        if (isBinary) events.data(asBuffer(data));
        else client.terminate();
      });
      client.on("close", () => events.transportClosed());
      socket.on("drain", () => events.drain());
    },
    write(bytes) {
      if (client.readyState === client.OPEN) socket.write(binaryFrame(bytes));
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
}

/** Makes a server's frame: final, binary, unmasked (RFC 6455, 5.2). */
function binaryFrame(payload: Buffer): Buffer {
  const { length } = payload;
  const headerBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = 0x82;
  if (headerBytes === 2) frame[1] = length;
  else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  payload.copy(frame, headerBytes);
  return frame;
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
