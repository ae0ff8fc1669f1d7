/**
 * HTTP: who asks for what, and who answers. In come requests and upgrades, by whatever port (ports.ts); a request goes
 * to the page, to a call, to health or metrics, an upgrade on `/ws` to the gate. It decides the way and nothing else.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Health } from "../../ops/health.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { requestAddress } from "../listen/client-address.ts";
import { CALL_PREFIX, createCallHandler, type CallDeps, type CallOptions } from "./call.ts";
import { createPageHandler, type PageOptions } from "./page.ts";
import { createPorts, type HttpPorts, type PortOptions, type Serves } from "./ports.ts";
import { allowMethods, putCommonHeaders, send, sendJson } from "./reply.ts";

/** What HTTP works with. */
export interface HttpDeps extends CallDeps {
  /** Takes over a WebSocket connection on {@link WS_PATH}. */
  readonly acceptUpgrade: (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    remoteAddress: string,
  ) => void;
  readonly health: Health;
  /** What `/metrics` shows; undefined where it shows nothing. */
  readonly metrics: Metrics | undefined;
  readonly log: Log;
}

/** What bounds the HTTP ports. */
export interface HttpOptions extends CallOptions, PageOptions, PortOptions {}

/** Where MQTT over WebSocket is served. [connect-1] */
export const WS_PATH = "/ws";

/** Makes what HTTP ports serve. @throws MqplayError `configInvalid` when the page's folder does not exist */
export function createHttpListener(deps: HttpDeps, options: HttpOptions): HttpPorts {
  const answerCall = createCallHandler(deps, options);
  const answerPage = createPageHandler(options);

  async function route(request: IncomingMessage, response: ServerResponse, serves: Serves): Promise<void> {
    putCommonHeaders(response);
    if (deps.health.stopping) response.setHeader("Connection", "close");
    const path = pathOf(request);
    if (serves === "all" && path.startsWith(CALL_PREFIX)) return answerCall(request, response, path);
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
        if (deps.metrics === undefined || serves !== "all") break;
        return allowMethods(request, response, ["GET", "HEAD"])
          ? answerMetrics(deps.metrics, response)
          : undefined;
      case WS_PATH:
        return answerPlainWs(response);
      default:
    }
    if (serves === "all") answerPage(request, response, path);
    else
      send(
        response,
        404,
        "text/plain; charset=utf-8",
        `Only MQTT over WebSocket is served here, on ${WS_PATH}.\n`,
      );
  }

  return createPorts(options, {
    log: deps.log,
    request(request, response, serves) {
      route(request, response, serves).catch((error: unknown) => {
        deps.log.error(
          { err: error, method: request.method, path: pathOf(request) },
          "a request failed: this is a bug",
        );
        if (response.headersSent) response.destroy();
        else sendJson(response, 500, '{"state":255,"msg":"Internal Server Error"}');
      });
    },
    upgrade(request, socket, head, release) {
      if (pathOf(request) !== WS_PATH) return refuseUpgrade(socket, "404 Not Found");
      if (deps.health.phase !== "running") return refuseUpgrade(socket, "503 Service Unavailable");
      release();
      deps.acceptUpgrade(request, socket, head, requestAddress(request, deps.isTrusted));
    },
  });
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
