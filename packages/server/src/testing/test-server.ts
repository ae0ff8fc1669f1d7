/**
 * A server for tests: the same house as createServer's (house.ts), in memory, with no port, no file and no socket.
 * Clients come in by streams within the process; time stands still until the test moves it.
 */
import { PushModule, User, type ModuleContract } from "@mqplay/shared";
import { resolveConfig } from "../config/load.ts";
import type { Config, ConfigInput } from "../config/schema.ts";
import type { GateMetrics } from "../gate/metrics.ts";
import {
  buildHouse,
  gatherApplication,
  type Application,
  type ApplicationOptions,
  type House,
} from "../house.ts";
import type { CodeMessage } from "../modules/user/code-sender.ts";
import type { RuntimeStats } from "../runtime/runtime.ts";
import { createRecordedLog, type RecordedLine, type RecordedLog } from "../runtime/testing/recorded-log.ts";
import type { PushStats } from "../session/pushes.ts";
import { TestClient, type TestClientDeps, type TestClientOptions } from "./test-client.ts";
import { settle, TestClock } from "./test-clock.ts";

/** What a test may say when it makes a server. */
export interface TestServerOptions extends ApplicationOptions {
  /** Settings over the defaults. Stores are in memory unless it says otherwise; ports and the log's settings have no effect. */
  readonly config?: ConfigInput;
}

/** How a user comes in. */
export interface TestUserOptions extends TestClientOptions {
  /** @default "player1", "player2" … */
  readonly username?: string;
  /**
   * With a password the user registers, or logs in where the account is there: by the real functions, 10 ms for the
   * hash. Without, the account is made and logged in without any, in no time; no password will match it.
   */
  readonly password?: string;
}

/** A client with a user logged in. */
export class TestUser extends TestClient {
  readonly username: string;
  #userId = "";

  constructor(deps: TestClientDeps, username: string, options: TestClientOptions) {
    super(deps, options);
    this.username = username;
  }

  /** The user's id, as handlers see it: `call.user.userId`. */
  get userId(): string {
    return this.#userId;
  }

  /** Notes who was logged in. */
  become(userId: string): void {
    this.#userId = userId;
  }
}

/** What the server has counted so far. */
export interface TestMetrics {
  readonly gate: Readonly<GateMetrics>;
  readonly runtime: RuntimeStats;
  readonly pushes: PushStats;
  /** Clients that are connected now. */
  readonly sessions: number;
  /** Calls that run now. */
  readonly runningCalls: number;
}

/** How long the end of calls and modules may take, in ms of real time, before the clock is moved to end them. */
const STOP_WAIT_MS = 1_000;

/** By how much it is moved then, in ms: beyond what the runtime gives a module to stop. */
const STOP_ADVANCE_MS = 60_000;

/**
 * Starts a server in memory: `await using server = await createTestServer({ modules: [arena] })`.
 * @throws MqplayError as createServer and its `start()`
 */
export async function createTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { store, ...settings } = options.config ?? {};
  const config = resolveConfig({ ...settings, store: { data: ":memory:", ...store } });
  const codes: CodeMessage[] = [];
  const codeSender = options.codeSender ?? { send: async (message) => void codes.push(message) };
  const log = createRecordedLog();
  const application = await gatherApplication({ ...options, codeSender }, config, log);
  const server = new TestServer(config, application, log, codes);
  try {
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** A server in memory. Made by {@link createTestServer}. */
export class TestServer {
  /** The configuration, complete. */
  readonly config: Config;
  /** What the server tells time by. */
  readonly clock: TestClock = new TestClock();
  /** Codes that were sent, oldest first, unless the options brought a `codeSender`. */
  readonly codes: readonly CodeMessage[];
  readonly #application: Application;
  readonly #log: RecordedLog;
  readonly #clients = new Set<TestClient>();
  #undo: (() => Promise<void>)[] = [];
  #house: House | undefined;
  #closing: Promise<void> | undefined;
  #users = 0;

  constructor(config: Config, application: Application, log: RecordedLog, codes: readonly CodeMessage[]) {
    this.config = config;
    this.codes = codes;
    this.#application = application;
    this.#log = log;
  }

  /** Every line that was logged so far, oldest first. Secrets in it are the test's own. */
  get logs(): readonly RecordedLine[] {
    return this.#log.lines;
  }

  /** What was counted so far. */
  get metrics(): TestMetrics {
    const { gateMetrics, runtime, pushes, sessions } = this.#open;
    return {
      gate: gateMetrics,
      runtime: runtime.stats,
      pushes: pushes.stats,
      sessions: sessions.size,
      runningCalls: runtime.running,
    };
  }

  /** Connects somebody who is not logged in. */
  async guest(options: TestClientOptions = {}): Promise<TestClient> {
    const client = new TestClient(this.#clientDeps(), options);
    this.#clients.add(client);
    await client.connect();
    return client;
  }

  /** Connects somebody and logs them in; the account is made where there is none of that name. */
  async user(options: TestUserOptions = {}): Promise<TestUser> {
    const { password } = options;
    const username = options.username ?? `player${++this.#users}`;
    const user = new TestUser(this.#clientDeps(), username, options);
    this.#clients.add(user);
    await user.connect();
    await (password === undefined
      ? this.#enter(user, options.remoteAddress)
      : this.#logIn(user, username, password));
    return user;
  }

  /** Freezes or thaws an account; frozen, its logins end at once. Returns false when there is no such account. */
  setFrozen(userId: string, frozen: boolean): Promise<boolean> {
    return this.#open.user.setFrozen(userId, frozen);
  }

  /** Starts it; {@link createTestServer} has done it. */
  async start(): Promise<void> {
    this.#house = await buildHouse({
      config: this.config,
      application: this.#application,
      clock: this.clock,
      log: this.#log,
      opened: (close) => this.#undo.push(close),
    });
    await this.#house.stores.waitUntilReady();
    const { runtime } = this.#house;
    this.#undo.push(() => this.#stopRuntime(runtime.stop(0)));
    await runtime.start();
  }

  /** Ends every client, stops the modules, closes everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Does what `close()` does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #open(): House {
    if (this.#house === undefined)
      throw new Error("the test server is not started: make it by createTestServer()");
    return this.#house;
  }

  #clientDeps(): TestClientDeps {
    const { gate, sessions } = this.#open;
    const contracts: ModuleContract[] = [User, PushModule];
    for (const { contract } of this.#application.modules)
      if (!contracts.includes(contract)) contracts.push(contract);
    return { gate, sessions, contracts, secret: this.config.gate.secret, logs: this.logs };
  }

  async #enter(user: TestUser, remoteAddress = "127.0.0.1"): Promise<void> {
    const { sessions, user: users } = this.#open;
    const { sessionId } = user;
    const session = sessions.get(sessionId);
    if (session === undefined) throw new Error(`the connection of ${user.username} has ended`);
    const call = { via: "mqtt" as const, sessionId, signal: session.ended.signal };
    const { userId, tokens } = await users.enter(call, user.username, remoteAddress);
    user.become(userId);
    user.keepTokens(tokens);
  }

  async #logIn(user: TestUser, username: string, password: string): Promise<void> {
    const { stores, sessions } = this.#open;
    const calls = user.module(User);
    const account = await stores.accounts.findByName(username);
    if (account !== undefined) await calls.login({ username, password });
    else await calls.register({ username, password });
    user.become(sessions.get(user.sessionId)?.identity?.userId ?? "");
  }

  async #close(): Promise<void> {
    for (const client of this.#clients) client.forget();
    // What their ends bring about happens before the modules stop, as it does when clients leave.
    await settle();
    for (const close of this.#undo.toReversed()) await close();
  }

  /** The runtime ends calls and modules by the clock, which stands still. */
  async #stopRuntime(stopped: Promise<void>): Promise<void> {
    await this.clock.advance(0);
    const late = new AbortController();
    const wait = new Promise<"late">((resolve) => {
      const timer = setTimeout(() => resolve("late"), STOP_WAIT_MS);
      late.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    });
    if ((await Promise.race([stopped, wait])) === "late") await this.clock.advance(STOP_ADVANCE_MS);
    late.abort();
    await stopped;
  }
}
