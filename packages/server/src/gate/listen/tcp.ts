/**
 * MQTT over plain TCP: sockets become transports.
 */
import { createServer, type Socket } from "node:net";
import type { Log } from "../../ops/log.ts";
import { peerAddress } from "./client-address.ts";
import { open, type ListenAddress, type OpenListener } from "./open.ts";
import { takeProxyHeader, type ProxyOptions } from "./proxy-protocol.ts";
import type { Transport, TransportEvents } from "./transport.ts";

/** How long a socket is silent before the kernel starts to probe whether its peer still lives, in ms. */
const PROBE_AFTER_MS = 30_000;

/**
 * How sockets of MQTT are opened. An acknowledgement and an answer are small writes: with Nagle's algorithm a call took
 * 44 ms.
 */
export const SOCKET_OPTIONS = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: PROBE_AFTER_MS,
} as const;

/** A listener for MQTT on a stream of bytes. */
export interface StreamListener {
  readonly address: ListenAddress;
  /** Gets each connection. */
  readonly accept: (transport: Transport) => void;
  readonly log: Log;
  /** Given when each connection begins with a header of the PROXY protocol. */
  readonly proxy?: ProxyOptions | undefined;
}

/**
 * Makes a transport of a socket.
 * @param client address of the client, where it is not the socket's peer
 */
export function socketTransport(socket: Socket, kind: string, client?: string): Transport {
  // Here, not in `start`: a connection that nobody takes can break, too.
  // A reset by the peer is its way to end; "close" follows.
  socket.on("error", () => socket.destroy());
  return {
    kind,
    remoteAddress: client ?? peerAddress(socket),
    get unsentBytes() {
      return socket.writableLength;
    },
    start(events: TransportEvents) {
      socket.on("data", (chunk: Buffer) => events.data(chunk));
      socket.on("drain", () => events.drain());
      socket.on("close", () => events.transportClosed());
    },
    write: (bytes) => void socket.write(bytes),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

/** Listens for MQTT over TCP. Rejects with the system's error when the port cannot be had. */
export function listenTcp({ address, accept, log, proxy }: StreamListener): Promise<OpenListener> {
  const server = createServer(SOCKET_OPTIONS, (socket) => {
    const take = (client?: string): void => accept(socketTransport(socket, "tcp", client));
    if (proxy === undefined) take();
    else takeProxyHeader(socket, proxy, take);
  });
  return open(server, address, (error) =>
    log.error({ err: error }, "a listener failed to take a connection"),
  );
}
