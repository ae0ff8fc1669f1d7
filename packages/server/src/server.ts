/**
 * The composition root: the house (house.ts) and its doors. It makes them, starts them in order, and stops them in
 * reverse.
 */
import { MqplayError } from "@mqplay/shared";
import { resolveConfig } from "./config/load.ts";
import type { Config, ConfigInput } from "./config/schema.ts";
import { createHttpListener } from "./gate/http/http.ts";
import type { HttpPorts } from "./gate/http/ports.ts";
import { createTrust } from "./gate/listen/client-address.ts";
import {
  buildHouse,
  CLOSE_GRACE_MS,
  drainHouse,
  gatherApplication,
  type Application,
  type ApplicationOptions,
  type House,
} from "./house.ts";
import { formatPlace, Listeners, type Listening } from "./listeners.ts";
import { createHealth, type Health, type Phase } from "./ops/health.ts";
import { createLog, type Log } from "./ops/log.ts";
import { createMetrics } from "./ops/metrics.ts";
import { systemClock } from "./runtime/clock.ts";
import { looksLikeToken } from "./session/identity.ts";
import type { Stores } from "./store/stores.ts";

/** What a program may say when it makes a server. */
export interface ServerOptions extends ApplicationOptions {
  /** Settings over the defaults. Neither a file nor the environment is read. @default all defaults */
  readonly config?: ConfigInput | Config;
  /** Where the log goes. @default a log as the settings below `log` say, on standard output */
  readonly log?: Log;
}

/** The ports of the two listeners that every server has. */
export interface Ports {
  /** MQTT over TCP: the setting `mqtt.port`. */
  readonly mqtt: number;
  /** HTTP, and MQTT over WebSocket: the setting `http.port`. */
  readonly http: number;
}

/** A server: made, started once, stopped once. */
export interface Server {
  /**
   * Opens the ports and resolves when clients are served. When it rejects, nothing is left open.
   * @throws MqplayError `configInvalid` when a port cannot be had or a setting does not fit this machine, `closed` when
   * it was stopped meanwhile
   */
  start(): Promise<void>;
  /**
   * Takes no more clients, lets running calls end (at most `shutdown.drainMs`), closes everything. Idempotent; it may
   * be called while the server starts.
   */
  stop(): Promise<void>;
  /** The ports that were taken. @throws MqplayError `closed` before `start()` has resolved */
  readonly ports: Ports;
  /** Every listener that is open: those of `ports`, then those of the setting `listeners`. Empty before `start()`. */
  readonly listeners: readonly Listening[];
  /** The configuration, complete. */
  readonly config: Config;
  /** Where in its life the server is. */
  readonly phase: Phase;
  /** Does what `stop()` does. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a server; it opens nothing yet.
 * @throws MqplayError `configInvalid` that names every setting that is wrong, `contractInvalid` for modules that do
 * not fit together
 */
export async function createServer(options: ServerOptions = {}): Promise<Server> {
  const config = resolveConfig(options.config);
  const log = options.log ?? createLog(config.log);
  return new GameServer(config, await gatherApplication(options, config, log), log);
}

/** Every room, made and wired: the house and its doors. */
interface Rooms extends House {
  readonly http: HttpPorts;
  readonly listeners: Listeners;
}

class GameServer implements Server {
  readonly config: Config;
  readonly #application: Application;
  readonly #log: Log;
  readonly #health: Health;
  readonly #stopped = new AbortController();
  /** How to close what is open, the last opened first. */
  #undo: (() => Promise<void>)[] = [];
  #stores: Stores | undefined;
  #listeners: Listeners | undefined;
  #ready = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(config: Config, application: Application, log: Log) {
    this.config = config;
    this.#application = application;
    this.#log = log;
    const checks = {
      accounts: async () => this.#stores?.checks.accounts(),
      sessions: async () => this.#stores?.checks.sessions(),
      listeners: async () => this.#listeners?.check(),
    };
    this.#health = createHealth(checks, log.child({ room: "health" }));
  }

  get phase(): Phase {
    return this.#health.phase;
  }

  get ports(): Ports {
    const [mqtt, http] = this.listeners;
    if (mqtt === undefined || http === undefined)
      throw new MqplayError("closed", "the server has no ports before start() has resolved");
    return { mqtt: mqtt.port, http: http.port };
  }

  get listeners(): readonly Listening[] {
    return this.#ready ? (this.#listeners?.open ?? []) : [];
  }

  start(): Promise<void> {
    if (this.#starting !== undefined || this.#stopping !== undefined) {
      return Promise.reject(
        new MqplayError("closed", "a server starts once; make a new one with createServer()"),
      );
    }
    this.#starting = this.#start();
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    try {
      const rooms = await this.#build();
      await rooms.listeners.readCertificates();
      this.#undo.push(() => rooms.http.stop(CLOSE_GRACE_MS));
      // First, so that /readyz can say what is waited for.
      await rooms.listeners.openHttp();
      await rooms.stores.waitUntilReady({ signal: this.#stopped.signal });
      await rooms.runtime.start();
      this.#undo.push(() => drainHouse(rooms, this.config.shutdown.drainMs));
      await rooms.listeners.openMqtt();
      this.#stopped.signal.throwIfAborted();
      this.#ready = true;
      this.#health.enter("running");
      const { mqtt: mqttPort, http: httpPort } = this.ports;
      const more = this.listeners
        .slice(2)
        .map(({ kind, host, port }) => `${kind}://${formatPlace(host, port)}`);
      this.#log.info(
        { host: this.config.host, mqttPort, httpPort, ...(more.length === 0 ? {} : { listeners: more }) },
        "the server is ready",
      );
    } catch (error) {
      await this.#close();
      // Whatever broke off because the server was stopped meanwhile: that is the reason.
      this.#stopped.signal.throwIfAborted();
      throw error;
    }
  }

  async #stop(): Promise<void> {
    this.#health.enter("stopping");
    this.#stopped.abort(new MqplayError("closed", "the server was stopped while it started"));
    // Its caller gets its error; what it had opened it has closed.
    await this.#starting?.catch(() => undefined);
    await this.#close();
    this.#log.info({}, "the server has stopped");
  }

  /** Makes every room. What needs closing from here on is noted. */
  async #build(): Promise<Rooms> {
    const { config } = this;
    const logOf = (room: string): Log => this.#log.child({ room });
    const house = await buildHouse({
      config,
      application: this.#application,
      clock: systemClock,
      log: this.#log,
      opened: (close) => this.#undo.push(close),
    });
    const { stores, sessions, pushes, user, runtime, gate, gateMetrics } = house;
    this.#stores = stores;
    const tlsStats = { failedHandshakes: 0 };
    const metrics = config.metrics.enabled
      ? createMetrics({ gate: gateMetrics, runtime, sessions, pushes, tls: tlsStats })
      : undefined;
    const isTrusted = createTrust(config.trustedProxies);
    const http = createHttpListener(
      {
        runtime,
        identify: async (token) => (looksLikeToken(token) ? user.resolveToken(token) : undefined),
        acceptUpgrade: (...upgrade) => gate.acceptUpgrade(...upgrade),
        isTrusted,
        health: this.#health,
        metrics,
        log: logOf("http"),
      },
      config.http,
    );
    const listeners = new Listeners({ gate, http, isTrusted, tlsStats, log: logOf("listen") }, config);
    this.#listeners = listeners;
    this.#undo.push(async () => listeners.close());
    return { ...house, http, listeners };
  }

  /** Closes what is open, in reverse order. One that fails does not keep the others from it. */
  async #close(): Promise<void> {
    const undo = this.#undo.toReversed();
    this.#undo = [];
    for (const close of undo) {
      try {
        await close();
      } catch (error) {
        this.#log.error({ err: error }, "a part of the server failed to close");
      }
    }
  }
}
