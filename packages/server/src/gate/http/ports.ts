/**
 * The HTTP ports: Node's servers, plain and with TLS, and what bounds them. All of them hand their requests and upgrades
 * to the same handlers, and share one limit of connections.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Log } from "../../ops/log.ts";
import { open, type ListenAddress, type OpenListener } from "../listen/open.ts";
import { SOCKET_OPTIONS } from "../listen/tcp.ts";
import { guardTls, tlsOptions, type TlsSetup } from "../listen/tls.ts";

/** What bounds the HTTP ports. */
export interface PortOptions {
  /** How long a request's headers may take, in ms. */
  readonly headersTimeoutMs: number;
  /** How long a whole request may take, in ms. */
  readonly requestTimeoutMs: number;
  /** Connections at once, of all ports together; those that became WebSocket ones not counted. */
  readonly maxConnections: number;
}

/** What a port offers: everything, or MQTT over WebSocket (and the health that a load balancer asks for) alone. */
export type Serves = "all" | "mqtt";

/** One HTTP port. */
export interface HttpAddress extends ListenAddress {
  readonly serves: Serves;
  /** Given where the port speaks TLS. */
  readonly tls?: TlsSetup | undefined;
}

/** Who gets what comes in. */
export interface PortHandlers {
  readonly log: Log;
  request(request: IncomingMessage, response: ServerResponse, serves: Serves): void;
  /** @param release to be called when the connection is taken over and counts no more */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, release: () => void): void;
}

/** The HTTP ports. */
export interface HttpPorts {
  /** Opens a port. Rejects with the system's error when it cannot be had. */
  listen(address: HttpAddress): Promise<OpenListener>;
  /** Closes the ports, lets replies that are under way end, at most `drainMs`, and closes the rest. */
  stop(drainMs: number): Promise<void>;
}

/** How often Node looks for requests that take too long, in ms. */
const TIMEOUT_CHECK_MS = 1_000;

/** How long a connection may be silent, in ms: longer than calls by HTTP take, and the end of who never reads a reply. */
const SILENCE_MS = 120_000;

/** How long an idle connection is kept for the next request, in ms: longer than load balancers do, or they send into a closed one. */
const KEEP_ALIVE_MS = 65_000;

/** Bytes of a request's headers: tokens and a browser's own headers stay far below. */
const MAX_HEADER_BYTES = 16_384;

/** Makes the HTTP ports; none is open yet. */
export function createPorts(options: PortOptions, handlers: PortHandlers): HttpPorts {
  const connections = new Connections(options.maxConnections);
  const servers: {
    readonly server: Server;
    readonly listener: OpenListener;
    readonly endHandshakes: () => void;
  }[] = [];
  const settings: ServerOptions = {
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A WebSocket client that promised no keep-alive and vanished is found out by the kernel's probes.
    ...SOCKET_OPTIONS,
  };

  async function listen({ serves, tls, ...address }: HttpAddress): Promise<OpenListener> {
    const take = (request: IncomingMessage, response: ServerResponse): void =>
      handlers.request(request, response, serves);
    let server: Server;
    let endHandshakes = (): void => undefined;
    if (tls === undefined) {
      server = createServer(settings, take);
      server.on("connection", (socket) => connections.enter(socket));
    } else {
      const secure = createTlsServer({ ...settings, ...tlsOptions(tls) }, take);
      endHandshakes = guardTls(secure, tls, handlers.log);
      secure.on("secureConnection", (socket) => connections.enter(socket));
      server = secure;
    }
    server.setTimeout(SILENCE_MS); // ws takes it off the connections that become its own
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      handlers.upgrade(request, socket, head, () => connections.leave(socket)),
    );
    const listener = await open(server, address, (error) =>
      handlers.log.error({ err: error }, "a listener failed to take a connection"),
    );
    servers.push({ server, listener, endHandshakes });
    return listener;
  }

  function stop(drainMs: number): Promise<void> {
    for (const { server, endHandshakes } of servers) {
      server.close();
      endHandshakes();
      server.closeIdleConnections();
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        for (const { server } of servers) server.closeAllConnections();
      }, drainMs);
      connections.whenEmpty(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  return { listen, stop };
}

/** `server.maxConnections` would count WebSocket connections, which the gate bounds. */
class Connections {
  readonly #max: number;
  readonly #open = new Set<Duplex>();
  #whenEmpty: (() => void) | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes a connection in, or ends it when there are too many. */
  enter(socket: Duplex): void {
    if (this.#open.size >= this.#max) {
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    socket.once("close", () => this.leave(socket));
  }

  /** A connection is no longer ours: it is gone, or became a WebSocket one. */
  leave(socket: Duplex): void {
    if (this.#open.delete(socket) && this.#open.size === 0) this.#whenEmpty?.();
  }

  /** Calls back when the last one has gone. */
  whenEmpty(callback: () => void): void {
    this.#whenEmpty = callback;
    if (this.#open.size === 0) callback();
  }
}
