/**
 * MQTT over plain TCP: sockets become transports.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { Transport, TransportEvents } from "./transport.ts";

/** How long a socket is silent before the kernel starts to probe whether its peer still lives, in ms. */
const PROBE_AFTER_MS = 30_000;

/** Makes a transport of a socket. */
export function socketTransport(socket: Socket, kind: string): Transport {
  return {
    kind,
    // An IPv4 peer of a dual-stack listener is the same address as one of an IPv4 listener.
    remoteAddress: (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, ""),
    get unsentBytes() {
      return socket.writableLength;
    },
    start(events: TransportEvents) {
      socket.on("data", (chunk: Buffer) => events.data(chunk));
      socket.on("drain", () => events.drain());
      socket.on("close", () => events.transportClosed());
      // A reset by the peer is its way to end; "close" follows.
      socket.on("error", () => socket.destroy());
    },
    write: (bytes) => void socket.write(bytes),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

/** A listener that is open. */
export interface OpenListener {
  /** The port it listens on: the one asked for, or the free one that 0 took. */
  readonly port: number;
  /** Takes no more connections. Those that are open live on. */
  close(): Promise<void>;
}

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/**
 * Listens for MQTT over TCP. Rejects with the system's error when the port cannot be had.
 * @param accept gets each connection
 */
export function listenTcp(
  address: ListenAddress,
  accept: (transport: Transport) => void,
): Promise<OpenListener> {
  // An acknowledgement and an answer are small writes: with Nagle's algorithm a call took 44 ms.
  const server = createServer(
    { noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS },
    (socket) => accept(socketTransport(socket, "tcp")),
  );
  return open(server, address);
}

/** Opens a server of sockets. */
export function open(server: Server, { host, port }: ListenAddress): Promise<OpenListener> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 1_024 }, () => {
      server.off("error", reject);
      const at = server.address();
      if (at === null || typeof at === "string") {
        reject(new Error("the listener has no port"));
        return;
      }
      resolve({
        port: at.port,
        close: () => new Promise((closed) => server.close(() => closed())),
      });
    });
  });
}
