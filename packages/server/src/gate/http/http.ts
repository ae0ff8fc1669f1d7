/**
 * The HTTP port: who asks for what, and who answers. In come requests and upgrades; a request goes to the page, to a
 * call, to health or metrics, an upgrade on `/ws` to the gate. It decides the way and nothing else.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Health } from "../../ops/health.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { CALL_PREFIX, createCallHandler, type CallDeps, type CallOptions } from "./call.ts";
import { createPageHandler, type PageOptions } from "./page.ts";
import { allowMethods, putCommonHeaders, send, sendJson } from "./reply.ts";

/** What the HTTP port works with. */
export interface HttpDeps extends CallDeps {
  /** Takes over a WebSocket connection on {@link WS_PATH}. */
  readonly acceptUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly health: Health;
  /** What `/metrics` shows; undefined where it shows nothing. */
  readonly metrics: Metrics | undefined;
  readonly log: Log;
}

/** What bounds the HTTP port. */
export interface HttpOptions extends CallOptions, PageOptions {
  /** How long a request's headers may take, in ms. */
  readonly headersTimeoutMs: number;
  /** How long a whole request may take, in ms. */
  readonly requestTimeoutMs: number;
  /** Connections at once, those that became WebSocket ones not counted. */
  readonly maxConnections: number;
}

/** The HTTP port. */
export interface HttpListener {
  /** Opens the port. Resolves with the one that was taken. Rejects when it cannot be had. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>;
  /** Closes the port, lets replies that are under way end, at most `drainMs`, and closes the rest. */
  stop(drainMs: number): Promise<void>;
}

/** Where MQTT over WebSocket is served. [connect-1] */
export const WS_PATH = "/ws";

/** How often Node looks for requests that take too long, in ms. */
const TIMEOUT_CHECK_MS = 1_000;

/** How long a connection may be silent, in ms: longer than calls by HTTP take, and the end of who never reads a reply. */
const SILENCE_MS = 120_000;

/** How long an idle connection is kept for the next request, in ms: longer than load balancers do, or they send into a closed one. */
const KEEP_ALIVE_MS = 65_000;

/** Bytes of a request's headers: tokens and a browser's own headers stay far below. */
const MAX_HEADER_BYTES = 16_384;

/** Makes the HTTP port. @throws MqplayError `configInvalid` when the page's folder does not exist */
export function createHttpListener(deps: HttpDeps, options: HttpOptions): HttpListener {
  const answerCall = createCallHandler(deps, options);
  const answerPage = createPageHandler(options);

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    putCommonHeaders(response);
    if (deps.health.stopping) response.setHeader("Connection", "close");
    const path = pathOf(request);
    if (path.startsWith(CALL_PREFIX)) return answerCall(request, response, path);
    switch (path) {
      case "/healthz":
        return allowMethods(request, response, ["GET", "HEAD"])
          ? sendJson(response, 200, '{"status":"ok"}')
          : undefined;
      case "/readyz":
        return allowMethods(request, response, ["GET", "HEAD"])
          ? answerReady(deps.health, response)
          : undefined;
      case "/metrics":
        if (deps.metrics === undefined) break;
        return allowMethods(request, response, ["GET", "HEAD"])
          ? answerMetrics(deps.metrics, response)
          : undefined;
      case WS_PATH:
        return answerPlainWs(response);
      default:
    }
    answerPage(request, response, path);
  }

  const server = createServer(
    {
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    },
    (request, response) => {
      route(request, response).catch((error: unknown) => {
        deps.log.error(
          { err: error, method: request.method, path: pathOf(request) },
          "a request failed: this is a bug",
        );
        if (response.headersSent) response.destroy();
        else sendJson(response, 500, '{"state":255,"msg":"Internal Server Error"}');
      });
    },
  );
  server.setTimeout(SILENCE_MS); // ws takes it off the connections that become its own
  const connections = boundConnections(server, options.maxConnections);
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (pathOf(request) !== WS_PATH) return refuseUpgrade(socket, "404 Not Found");
    if (deps.health.phase !== "running") return refuseUpgrade(socket, "503 Service Unavailable");
    connections.release(socket);
    deps.acceptUpgrade(request, socket, head);
  });

  return {
    listen: ({ host, port }) => listen(server, host, port),
    stop: (drainMs) => stop(server, connections, drainMs),
  };
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? "/";
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}

async function answerReady(health: Health, response: ServerResponse): Promise<void> {
  const readiness = await health.ready();
  sendJson(response, readiness.status === "ready" ? 200 : 503, JSON.stringify(readiness));
}

async function answerMetrics(metrics: Metrics, response: ServerResponse): Promise<void> {
  const text = await metrics.text();
  response.setHeader("Cache-Control", "no-store");
  send(response, 200, metrics.contentType, text);
}

function answerPlainWs(response: ServerResponse): void {
  response.setHeader("Upgrade", "websocket");
  send(
    response,
    426,
    "text/plain; charset=utf-8",
    "MQTT over WebSocket is spoken here: connect with a WebSocket client.\n",
  );
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on("error", () => socket.destroy()); // the peer is gone already
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

interface Connections {
  /** A connection is no longer ours: it became a WebSocket one. */
  release(socket: Duplex): void;
  readonly size: number;
  /** Calls back when the last one has gone. */
  onEmpty(callback: () => void): void;
}

/** `server.maxConnections` would count WebSocket connections, which the gate bounds. */
function boundConnections(server: Server, max: number): Connections {
  const open = new Set<Duplex>();
  let whenEmpty: (() => void) | undefined;
  const release = (socket: Duplex): void => {
    if (open.delete(socket) && open.size === 0) whenEmpty?.();
  };
  server.on("connection", (socket: Socket) => {
    if (open.size >= max) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once("close", () => release(socket));
  });
  return {
    release,
    get size() {
      return open.size;
    },
    onEmpty(callback) {
      whenEmpty = callback;
      if (open.size === 0) callback();
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve({ port: typeof address === "object" && address !== null ? address.port : port });
    });
  });
}

function stop(server: Server, connections: Connections, drainMs: number): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    server.close();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), drainMs);
    connections.onEmpty(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
