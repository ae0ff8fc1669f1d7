/**
 * The composition root: the only place that knows all rooms. It makes them, starts them in order, and stops them in
 * reverse.
 */
import { classicProfile, MqplayError } from "@mqplay/shared";
import { loadModules } from "./config/load-modules.ts";
import { resolveConfig } from "./config/load.ts";
import type { Config, ConfigInput } from "./config/schema.ts";
import { createGate, type Gate } from "./gate/gate.ts";
import { createHttpListener } from "./gate/http/http.ts";
import type { HttpPorts } from "./gate/http/ports.ts";
import { createTrust } from "./gate/listen/client-address.ts";
import { createGateMetrics } from "./gate/metrics.ts";
import { Listeners, type Listening } from "./listeners.ts";
import type { UserCallbacks } from "./modules/user/callbacks.ts";
import {
  createConsoleCodeSender,
  createWebhookCodeSender,
  type CodeSender,
} from "./modules/user/code-sender.ts";
import { createPushModule } from "./modules/push/push.ts";
import { createUserModule } from "./modules/user/user.ts";
import { createHealth, type Health, type Phase } from "./ops/health.ts";
import { createLog, type Log } from "./ops/log.ts";
import { createMetrics } from "./ops/metrics.ts";
import { systemClock } from "./runtime/clock.ts";
import type { ServerModule } from "./runtime/define-module.ts";
import { createRuntime, type Runtime } from "./runtime/runtime.ts";
import { createResume, looksLikeToken } from "./session/identity.ts";
import { createPushService } from "./session/pushes.ts";
import { createSessionRegistry } from "./session/registry.ts";
import { createStores, type Stores } from "./store/stores.ts";

/** What a program may say when it makes a server. */
export interface ServerOptions {
  /** Settings over the defaults. Neither a file nor the environment is read. @default all defaults */
  readonly config?: ConfigInput | Config;
  /** The application's own modules, besides those that the setting `modules` names. @default none */
  readonly modules?: readonly ServerModule[];
  /** What the application hears of its users. @default nothing */
  readonly callbacks?: UserCallbacks;
  /** Sends verification codes. @default what the setting `user.codeSender` names */
  readonly codeSender?: CodeSender;
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

/** How long replies and clients may take to leave once their calls have ended, in ms. */
const CLOSE_GRACE_MS = 1_000;

/**
 * Makes a server; it opens nothing yet.
 * @throws MqplayError `configInvalid` that names every setting that is wrong, `contractInvalid` for modules that do
 * not fit together
 */
export async function createServer(options: ServerOptions = {}): Promise<Server> {
  const config = resolveConfig(options.config);
  const log = options.log ?? createLog(config.log);
  const modules = [...(options.modules ?? []), ...(await loadModules(config.modules, process.cwd()))];
  const codeSender = options.codeSender ?? createCodeSender(config, log);
  if (config.user.verification === "code" && codeSender === undefined) {
    throw new MqplayError(
      "configInvalid",
      '"user.verification" is "code", but nothing sends codes: set "user.codeSender"',
      {
        path: "user.codeSender",
      },
    );
  }
  return new GameServer(config, { modules, codeSender, callbacks: options.callbacks }, log);
}

function createCodeSender({ user }: Config, log: Log): CodeSender | undefined {
  if (user.codeSender === "none") return undefined;
  if (user.codeSender === "console") return createConsoleCodeSender(log.child({ room: "user" }));
  return createWebhookCodeSender({
    url: user.codeSender,
    ...(user.codeSenderSecret === "" ? {} : { secret: user.codeSenderSecret }),
  });
}

/** What the application brings. */
interface Application {
  readonly modules: readonly ServerModule[];
  readonly codeSender: CodeSender | undefined;
  readonly callbacks: UserCallbacks | undefined;
}

/** Every room, made and wired. */
interface Rooms {
  readonly stores: Stores;
  readonly runtime: Runtime;
  readonly gate: Gate;
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
      this.#undo.push(() => this.#drain(rooms));
      await rooms.listeners.openMqtt();
      this.#stopped.signal.throwIfAborted();
      this.#ready = true;
      this.#health.enter("running");
      const { mqtt: mqttPort, http: httpPort } = this.ports;
      const more = this.listeners.slice(2).map(({ kind, host, port }) => `${kind}://${host}:${port}`);
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
    const { modules, codeSender, callbacks } = this.#application;
    const logOf = (room: string): Log => this.#log.child({ room });
    const clock = systemClock;

    const stores = await openStores(config, logOf("store"));
    this.#stores = stores;
    this.#undo.push(() => stores.close());

    const sessionLog = logOf("session");
    const sessions = createSessionRegistry(
      { clock, log: sessionLog },
      { singleLogin: config.user.singleLogin },
    );
    const pushes = createPushService({ sessions, outbox: stores.outbox, log: sessionLog });
    const user = createUserModule(
      { ...stores, sessions, codeSender, callbacks, clock, log: logOf("user") },
      config.user,
    );
    sessions.watch(user.watcher);
    const runtime = createRuntime(
      {
        builtInModules: [user.module, createPushModule(pushes)],
        modules,
        sessions,
        pushes,
        clock,
        log: logOf("runtime"),
      },
      config.runtime,
    );

    const resume = createResume({ resolveToken: (token) => user.resolveToken(token), log: sessionLog });
    const gateMetrics = createGateMetrics();
    const gate = await createGate(
      { runtime, sessions, resume, profile: classicProfile, metrics: gateMetrics, log: logOf("gate") },
      config.gate,
    );
    this.#undo.push(() => gate.stop(0));
    const metrics = config.metrics.enabled
      ? createMetrics({ gate: gateMetrics, runtime, sessions, pushes })
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
    const listeners = new Listeners({ gate, http, isTrusted, log: logOf("listen") }, config);
    this.#listeners = listeners;
    this.#undo.push(async () => listeners.close());
    return { stores, runtime, gate, http, listeners };
  }

  /** Lets running calls end. The gate waits a little longer, so that what the runtime ends is still answered. */
  async #drain({ gate, runtime }: Rooms): Promise<void> {
    const { drainMs } = this.config.shutdown;
    await Promise.all([gate.stop(drainMs + CLOSE_GRACE_MS), runtime.stop(drainMs)]);
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

function openStores({ store, codes, lockout, outbox }: Config, log: Log): Promise<Stores> {
  const { accounts, sessions, data } = store;
  return createStores(
    { accounts, sessions, dataDir: data, codes, attempts: lockout, outbox },
    { now: Date.now, log },
  );
}
