/**
 * Bounds what TLS handshakes cost: how long one may take, and how many are under way at once. A peer that only opens
 * connections gets no further than here: the gate and HTTP see a connection once its handshake is done.
 */
import type { Socket } from "node:net";
import type { Server as TlsServer, TLSSocket } from "node:tls";

/** What bounds handshakes. */
export interface HandshakeOptions {
  /** How long one may take, in ms. Node's own default is 120 s. */
  readonly handshakeTimeoutMs: number;
  /** Handshakes at once, of one listener. */
  readonly maxHandshakes: number;
}

/** The handshakes of one listener that are under way. */
export interface Handshakes {
  /** Ends them. */
  end(): void;
}

/** Names a connection by its peer: TLS gives no public way from its socket to the one below. */
export function peerOf(socket: Socket | TLSSocket): string {
  return `${socket.remoteAddress ?? ""} ${socket.remotePort ?? ""}`;
}

/**
 * Bounds the number of handshakes; their time is bounded by the server's own `handshakeTimeout`. When one too many
 * begins, the oldest makes room: an honest one is done in a few round trips, so the oldest is the likeliest never to end.
 * @param onFailed hears of each that failed, with the system's code
 */
export function boundHandshakes(
  server: TlsServer,
  maxHandshakes: number,
  onFailed: (code: string, address: string | undefined) => void,
): Handshakes {
  // In the order in which they began.
  const underWay = new Map<string, Socket>();

  server.on("connection", (socket: Socket) => {
    for (const [peer, oldest] of underWay) {
      if (underWay.size < maxHandshakes) break;
      underWay.delete(peer);
      oldest.destroy();
    }
    const peer = peerOf(socket);
    underWay.set(peer, socket);
    socket.once("close", () => {
      if (underWay.get(peer) === socket) underWay.delete(peer);
    });
  });
  server.on("secureConnection", (socket) => void underWay.delete(peerOf(socket)));
  server.on("tlsClientError", (error: Error & { code?: string }, socket) => {
    onFailed(error.code ?? "unknown", socket.remoteAddress);
    socket.destroy();
  });

  return {
    end() {
      for (const socket of underWay.values()) socket.destroy();
    },
  };
}
