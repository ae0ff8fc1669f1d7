/**
 * The gate: everything that touches a client. Bytes come in by its listeners, calls go to the runtime, ordinary messages
 * to the broker, answers and pushes back to the clients.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Profile } from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import { systemClock, type Clock } from "../runtime/clock.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Resume } from "../session/identity.ts";
import type { SessionRegistry } from "../session/registry.ts";
import { Admission } from "./admission.ts";
import { createBroker } from "./broker.ts";
import { createCalls } from "./calls.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import type { ListenAddress, OpenListener } from "./listen/open.ts";
import type { ProxyOptions } from "./listen/proxy-protocol.ts";
import { listenTcp } from "./listen/tcp.ts";
import { listenTls, type TlsSetup } from "./listen/tls.ts";
import type { Transport } from "./listen/transport.ts";
import { createWebSocketDoor } from "./listen/ws.ts";
import type { GateMetrics } from "./metrics.ts";
import type { GateOptions } from "./options.ts";
import { PushEncoder } from "./pushes.ts";

/** What the gate works with. */
export interface GateDeps {
  readonly runtime: Pick<Runtime, "invoke">;
  readonly sessions: Pick<SessionRegistry, "add" | "remove" | "login" | "listening">;
  readonly resume: Resume;
  readonly profile: Profile;
  readonly metrics: GateMetrics;
  readonly log: Log;
  /** What clients' time and budgets are measured by. @default the machine's own */
  readonly clock?: Clock;
}

/** How a listener for MQTT differs from plain TCP. */
export interface ListenOptions {
  readonly tls?: TlsSetup | undefined;
  readonly proxy?: ProxyOptions | undefined;
}

/** Takes clients in. */
export interface Gate {
  /** Listens for MQTT over TCP, or over TLS. Rejects with the system's error when the port cannot be had. */
  listen(address: ListenAddress, options?: ListenOptions): Promise<OpenListener>;
  /** Takes over a WebSocket upgrade on `/ws`; the caller has checked the path and knows the client. [connect-1] */
  acceptUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, remoteAddress: string): void;
  /** Takes a connection in. */
  accept(transport: Transport): void;
  /** Connections that are open. */
  readonly connections: number;
  /**
   * Takes no more connections, waits until the calls that run have been answered, at most `drainMs`, then closes every
   * client. Idempotent.
   */
  stop(drainMs: number): Promise<void>;
}

/** How often connections are looked at for their time, in ms: how late a time limit may strike. */
const CHECK_EVERY_MS = 250;

/** How often a stopping gate looks whether calls still run, in ms. */
const DRAIN_CHECK_MS = 10;

/** How long clients may take to close when the gate stops, in ms. */
const CLOSE_WAIT_MS = 1_000;

/** Makes a gate; it listens nowhere yet. */
export async function createGate(deps: GateDeps, options: GateOptions): Promise<Gate> {
  const { metrics, log, clock = systemClock } = deps;
  const admission = new Admission(options);
  const connections = new Set<Connection>();
  const listeners: OpenListener[] = [];
  let stopping: Promise<void> | undefined;
  let onEmpty: (() => void) | undefined;
  const connectionDeps: ConnectionDeps = {
    ...deps,
    clock,
    admission,
    broker: await createBroker(deps, options),
    takeCall: createCalls(deps),
    pushEncoder: new PushEncoder(),
    ended(connection) {
      connections.delete(connection);
      metrics.open--;
      if (connections.size === 0) onEmpty?.();
    },
  };
  const webSockets = createWebSocketDoor(options.maxPacketBytes, accept);
  const timer = setInterval(() => {
    const nowMs = clock.monotonicMs();
    for (const connection of connections) connection.checkTime(nowMs);
  }, CHECK_EVERY_MS);
  timer.unref();

  function accept(transport: Transport): void {
    const refused = stopping === undefined ? admission.enter(transport.remoteAddress) : "unavailable";
    if (refused !== undefined) {
      metrics.refused[refused]++;
      transport.destroy();
      return;
    }
    metrics.open++;
    connections.add(new Connection(connectionDeps, options, transport));
  }

  async function drain(drainMs: number): Promise<void> {
    const untilMs = performance.now() + drainMs;
    const running = (): boolean => [...connections].some((connection) => connection.runningCalls > 0);
    while (running() && performance.now() < untilMs) await wait(DRAIN_CHECK_MS);
  }

  async function stop(drainMs: number): Promise<void> {
    const closing = listeners.map((listener) => listener.close());
    await drain(drainMs);
    clearInterval(timer);
    const empty = new Promise<void>((resolve) => {
      onEmpty = resolve;
      if (connections.size === 0) resolve();
    });
    for (const connection of connections) connection.close("shutdown");
    const giveUp = new AbortController();
    await Promise.race([empty, wait(CLOSE_WAIT_MS, giveUp.signal)]);
    giveUp.abort();
    await connectionDeps.broker.close();
    await Promise.all(closing);
    log.debug({}, "the gate has stopped");
  }

  return {
    async listen(address, { tls, proxy } = {}) {
      const asked = { address, accept, log, proxy };
      const listener = await (tls === undefined ? listenTcp(asked) : listenTls(asked, tls));
      listeners.push(listener);
      return listener;
    },
    acceptUpgrade: (...upgrade) => webSockets.accept(...upgrade),
    accept,
    get connections() {
      return connections.size;
    },
    stop: (drainMs) => (stopping ??= stop(drainMs)),
  };
}

/** Resolves after a while, or once nobody waits any more. */
function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
