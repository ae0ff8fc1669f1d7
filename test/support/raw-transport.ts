/**
 * Bytes to a server and back, over TCP, TLS, WebSocket or secure WebSocket: what a raw MQTT client stands on.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import WebSocket from "ws";

/** An open connection as bytes. */
export interface RawTransport {
  write(bytes: Uint8Array): void;
  /** Drops the connection at once, without any farewell. */
  destroy(): void;
  /** Stops and starts reading, as a client does that is too slow or dead. */
  pause(): void;
  resume(): void;
  /** How many bytes wait here because the peer does not read. */
  readonly unsentBytes: number;
  /** The subprotocol that the server chose; empty when it chose none, undefined where there is no such thing. */
  readonly subprotocol: string | undefined;
}

export interface RawTransportEvents {
  onBytes(bytes: Uint8Array): void;
  onClose(): void;
}

/** Offered in a WebSocket's opening handshake; the empty list offers none. */
export type Subprotocols = readonly string[];

/** Opens a connection to mqtt:, mqtts:, ws: or wss:. Rejects when it cannot be opened. Certificates are not checked. */
export async function openTransport(
  url: string,
  events: RawTransportEvents,
  subprotocols: Subprotocols = ["mqtt"],
): Promise<RawTransport> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol === "ws:" || protocol === "wss:") return openWebSocket(url, events, subprotocols);
  const address = { host: hostname, port: Number(port) };
  const socket =
    protocol === "mqtts:" ? connectTls({ ...address, rejectUnauthorized: false }) : connectTcp(address);
  return openSocket(socket, protocol === "mqtts:" ? "secureConnect" : "connect", events);
}

async function openSocket(socket: Socket, opened: string, events: RawTransportEvents): Promise<RawTransport> {
  socket.setNoDelay(true);
  socket.on("data", (bytes) => events.onBytes(bytes));
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once(opened, () => resolve());
  });
  // A reset is a way for the server to close; `close` follows it.
  socket.on("error", () => undefined);
  socket.once("close", () => events.onClose());
  return {
    write: (bytes) => void (socket.writable && socket.write(bytes)),
    destroy: () => void socket.destroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    get unsentBytes() {
      return socket.writableLength;
    },
    subprotocol: undefined,
  };
}

async function openWebSocket(
  url: string,
  events: RawTransportEvents,
  subprotocols: Subprotocols,
): Promise<RawTransport> {
  const socket = new WebSocket(url, [...subprotocols], {
    perMessageDeflate: false,
    rejectUnauthorized: false,
  });
  socket.on("message", (data, isBinary) => {
    if (!isBinary) throw new Error("the server sent a WebSocket text message");
    events.onBytes(
      Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : data,
    );
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () => resolve());
  });
  socket.on("error", () => undefined);
  socket.once("close", () => events.onClose());
  return {
    write: (bytes) => void (socket.readyState === WebSocket.OPEN && socket.send(bytes)),
    destroy: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    get unsentBytes() {
      return socket.bufferedAmount;
    },
    subprotocol: socket.protocol,
  };
}
