/**
 * MQTT over TLS; and TLS for whatever else listens: the certificate that follows its files, the bounds of handshakes.
 */
import { constants } from "node:crypto";
import { createServer as createTcpServer, type Socket } from "node:net";
import { createServer, type SecureContextOptions, type Server as TlsServer, type TlsOptions } from "node:tls";
import type { Log } from "../../ops/log.ts";
import type { Certificate } from "./certificate.ts";
import { boundHandshakes, peerOf, type HandshakeOptions } from "./handshakes.ts";
import { open, type OpenListener } from "./open.ts";
import { takeProxyHeader } from "./proxy-protocol.ts";
import { SOCKET_OPTIONS, socketTransport, type StreamListener } from "./tcp.ts";

/** What TLS listeners count. */
export interface TlsStats {
  failedHandshakes: number;
}

/** What a TLS listener works with. */
export interface TlsSetup extends HandshakeOptions {
  readonly certificate: Certificate;
  readonly stats: TlsStats;
}

/** The options of a server with TLS, Node's `tls` or `https`. */
export function tlsOptions(setup: TlsSetup): TlsOptions {
  return { ...contextOptions(setup), handshakeTimeout: setup.handshakeTimeoutMs };
}

/** Below TLS 1.2 nothing is safe any more (RFC 8996). */
function contextOptions({ certificate }: TlsSetup): SecureContextOptions {
  const { cert, key } = certificate.current;
  // A client of TLS 1.2 may ask for new keys again and again, each time at the price of a handshake.
  return { cert, key, minVersion: "TLSv1.2", secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}

/**
 * Makes a server, made with {@link tlsOptions}, follow its certificate and bound its handshakes. Connections that are
 * open keep the certificate that they began with.
 * @returns ends the handshakes that are under way
 */
export function guardTls(server: TlsServer, setup: TlsSetup, log: Log): () => void {
  setup.certificate.onChange(() => server.setSecureContext(contextOptions(setup)));
  const handshakes = boundHandshakes(server, setup.maxHandshakes, (code, address) => {
    setup.stats.failedHandshakes++;
    log.debug({ code, address }, "a TLS handshake failed");
  });
  return () => handshakes.end();
}

/** Listens for MQTT over TLS. Rejects with the system's error when the port cannot be had. */
export async function listenTls(listener: StreamListener, setup: TlsSetup): Promise<OpenListener> {
  const { accept, log, proxy } = listener;
  // Clients that a proxy speaks for, by the connection below TLS.
  const clients = new Map<string, string>();
  const server = createServer({ ...SOCKET_OPTIONS, ...tlsOptions(setup) }, (socket) =>
    accept(socketTransport(socket, "tls", clients.get(peerOf(socket)))),
  );
  const endHandshakes = guardTls(server, setup, log);

  function begin(socket: Socket, client: string | undefined): void {
    if (client !== undefined) {
      const peer = peerOf(socket);
      clients.set(peer, client);
      socket.once("close", () => clients.delete(peer));
    }
    server.emit("connection", socket);
  }

  const door =
    proxy === undefined
      ? server
      : createTcpServer(SOCKET_OPTIONS, (socket) =>
          takeProxyHeader(socket, proxy, (client) => begin(socket, client)),
        );
  const opened = await open(door, listener.address, (error) =>
    log.error({ err: error }, "a listener failed to take a connection"),
  );
  return {
    port: opened.port,
    get listening() {
      return opened.listening;
    },
    close() {
      const closed = opened.close();
      endHandshakes();
      return closed;
    },
  };
}
