/**
 * connect(): the one object that a game holds. The composition root: here the rooms are put together, and nowhere else.
 */
import {
  classicProfile,
  States,
  Topics,
  User,
  type DecodedAnswer,
  type ModuleContract,
} from "@mqplay/shared";
import { platform as host } from "#platform";
import { createKeys } from "./calls/call-key.ts";
import { Calls, type CallStats } from "./calls/calls.ts";
import {
  createModuleClient,
  type ModuleClient,
  type ModuleClientDeps,
  type ModuleOptions,
} from "./calls/module-client.ts";
import type { OutgoingCall } from "./calls/pending.ts";
import { Emitter, type Unsubscribe } from "./emitter.ts";
import { MqplayError } from "./errors.ts";
import { parseTarget } from "./link/target.ts";
import type { ClosedReason, GameState } from "./link/state.ts";
import { OrdinaryTopics, type OrdinaryMqtt } from "./mqtt.ts";
import { resolveOptions, type ConnectOptions, type ResolvedOptions } from "./options.ts";
import { protobufForm, requireProtobuf, type ProtobufForm } from "./protobuf.ts";
import { Pushes, type ReceivedPush } from "./pushes.ts";
import { Login, type LoginState } from "./session/login.ts";
import type { LoginKeeper } from "./session/keeper.ts";
import { tokensAfter, type IssuedTokens } from "./session/tokens.ts";
import { Session } from "./session/session.ts";
import type { Connection } from "./session/connection.ts";

/** What `game.on` tells, by event. */
export interface GameEvents {
  /** The connection's state has changed. */
  state: GameState;
  /** Somebody has logged in, is known better, or is logged in no more. */
  login: LoginState;
  /** The game is closed for good; the last event. */
  closed: { readonly reason: ClosedReason; readonly error: MqplayError | undefined };
  /** The account logged in on another client; the server closes this connection next. [push-3] */
  kicked: { readonly message: string };
}

/** Counters of one game. */
export interface GameStats extends CallStats {
  /** Pushes that could not be read. */
  readonly unreadablePushes: number;
}

/** A connected game. */
export interface Game {
  /** Where the connection stands. */
  readonly state: GameState;
  /** Who is logged in, as far as this end knows. */
  readonly login: LoginState;
  /** The client id of the connection. A secret: with the server string it gives the key, and it may be a token. */
  readonly clientId: string;
  /** The functions and pushes of the built-in User module. */
  readonly user: ModuleClient<typeof User>;
  /** Ordinary MQTT topics on the same connection. */
  readonly mqtt: OrdinaryMqtt;
  readonly stats: GameStats;
  /** The typed client of a module, from its contract. @throws MqplayError `contractInvalid` */
  module<M extends ModuleContract>(contract: M, options?: ModuleOptions): ModuleClient<M>;
  /** Listens to an event. */
  on<E extends keyof GameEvents>(event: E, listener: (value: GameEvents[E]) => void): Unsubscribe;
  /** Listens to every push, of whatever module, as numbers and bytes. */
  onPush(listener: (push: ReceivedPush) => void): Unsubscribe;
  /**
   * The access token that later connections of this game are made with, so that its user stays logged in. [connect-5]
   * @throws MqplayError `invalidArgument` in a game that was given `tokens`: they say it
   */
  setToken(token: string | undefined): void;
  /** Says DISCONNECT and ends everything; calls under way are rejected. Closing twice does no harm. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Connects to an mqplay server and shakes hands; fulfilled when calls can be made.
 *
 * @param url `mqtt://host:1883`, `mqtts://host:8883` (Node only), `ws://host:8080/ws` or `wss://host/ws`
 * @throws MqplayError `invalidArgument` on a wrong option or address; `connectFailed` when the server could not be
 * reached or refused; `handshakeFailed` when it is not an mqplay server. Each says what was tried.
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Game> {
  return connectWith(protobufForm, url, options);
}

/** The same, with protobuf or without it. */
export async function connectWith(
  protobuf: ProtobufForm | undefined,
  url: string,
  options: ConnectOptions,
): Promise<Game> {
  const resolved = resolveOptions(options, host);
  if (resolved.encoding === "protobuf") requireProtobuf(protobuf);
  const game = new ConnectedGame(url, resolved, protobuf);
  await game.start();
  return game;
}

class ConnectedGame implements Game {
  readonly user: ModuleClient<typeof User>;
  readonly mqtt: OrdinaryTopics;
  readonly #options: ResolvedOptions;
  readonly #protobuf: ProtobufForm | undefined;
  readonly #events: Emitter<GameEvents>;
  readonly #calls: Calls;
  readonly #createKey: () => string;
  readonly #pushes: Pushes;
  readonly #session: Session;
  readonly #login: Login;
  readonly #keeper: LoginKeeper | undefined;

  constructor(url: string, options: ResolvedOptions, protobuf: ProtobufForm | undefined) {
    const { platform, logger } = options;
    const { clock, rethrow } = platform;
    const target = parseTarget(url);
    if (!platform.schemes.includes(target.scheme)) {
      const known = platform.schemes.map((scheme) => `${scheme}://`).join(", ");
      throw new MqplayError(
        "invalidArgument",
        `"url": ${platform.name} connects by ${known}, not by ${target.scheme}://`,
        { path: "url" },
      );
    }
    this.#options = options;
    this.#protobuf = protobuf;
    this.#events = new Emitter(rethrow);
    this.#calls = new Calls({ clock, logger, protobuf }, options.maxPendingCalls);
    this.#createKey = createKeys(() => platform.random());
    this.#pushes = new Pushes({
      clock,
      logger,
      rethrow,
      protobuf,
      onKicked: (message) => this.#handleKicked(message),
    });
    this.mqtt = new OrdinaryTopics({ connection: () => this.#readyConnection(), rethrow });
    this.#login = new Login((state) => this.#events.emit("login", state));
    this.#keeper = options.tokens?.createKeeper({
      clock,
      random: () => platform.random(),
      logger,
      login: this.#login,
      createKey: this.#createKey,
      call: (call) => this.#calls.call(call),
    });
    this.#session = new Session(
      { profile: classicProfile, options, target },
      {
        onState: (state) => this.#handleState(state),
        onReady: (connection) => this.#handleReady(connection),
        onPaused: (error) => this.#calls.pause(error),
        onStopped: (error) => {
          this.#keeper?.stop();
          this.#calls.stop(error);
        },
        onPrivate: (topic, packetId, plain) => this.#handlePrivate(topic, packetId, plain),
        onOrdinary: (packet) => this.mqtt.handleMessage(packet),
        onAcknowledged: (packetId) => {
          if (this.#keeper?.handleAcknowledged(packetId) !== true) this.#calls.handleAcknowledged(packetId);
        },
      },
      this.#keeper,
    );
    if (options.token !== undefined) this.#login.begin(undefined, undefined);
    this.user = this.#createModule(User, {
      onResponse: (func, response) => {
        const change = tokensAfter(func, response);
        if (change !== undefined) this.#handleIssued(change.tokens);
      },
    });
  }

  get state(): GameState {
    return this.#session.state;
  }

  get login(): LoginState {
    return this.#login.state;
  }

  get clientId(): string {
    return this.#session.clientId;
  }

  get stats(): GameStats {
    return { ...this.#calls.stats, unreadablePushes: this.#pushes.unreadable };
  }

  start(): Promise<void> {
    return this.#session.start();
  }

  module<M extends ModuleContract>(contract: M, { instance }: ModuleOptions = {}): ModuleClient<M> {
    return this.#createModule(
      contract,
      instance === undefined ? {} : { instanceName: `${contract.name}@${instance}` },
    );
  }

  on<E extends keyof GameEvents>(event: E, listener: (value: GameEvents[E]) => void): Unsubscribe {
    return this.#events.on(event, listener);
  }

  onPush(listener: (push: ReceivedPush) => void): Unsubscribe {
    return this.#pushes.onPush(listener);
  }

  setToken(token: string | undefined): void {
    if (this.#keeper !== undefined) {
      throw new MqplayError("invalidArgument", `"tokens" says by which token this game connects`, {
        path: "token",
      });
    }
    this.#session.setToken(token);
  }

  async close(): Promise<void> {
    this.#session.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #createModule<M extends ModuleContract>(
    contract: M,
    more: Pick<ModuleClientDeps, "instanceName" | "onResponse">,
  ): ModuleClient<M> {
    const { encoding, timeoutMs } = this.#options;
    return createModuleClient(contract, {
      ...more,
      encoding,
      protobuf: this.#protobuf,
      timeoutMs,
      createKey: this.#createKey,
      call: (call) => this.#call(call),
      listen: (module, push, listener) => this.#pushes.on(module, push, listener),
    });
  }

  async #call(call: OutgoingCall): Promise<DecodedAnswer> {
    const answer = await (this.#keeper ?? this.#calls).call(call);
    const { state } = answer;
    // Also what a token that was no longer valid looks like: such a connection is nobody's. [connect-5]
    if (state === States.needLogin.state || state === States.loginTimeOut.state) this.#login.end("expired");
    return answer;
  }

  #handleIssued(tokens: IssuedTokens | undefined): void {
    if (this.#keeper !== undefined) {
      this.#keeper.handleIssued(tokens);
      return;
    }
    this.#session.setToken(tokens?.token);
    if (tokens === undefined) {
      this.#login.end("loggedOut");
      return;
    }
    const { userId, expireAt } = tokens;
    const untilMs = expireAt > 0 ? this.#options.platform.clock.now() + expireAt * 1_000 : undefined;
    this.#login.begin(userId === undefined ? undefined : { userId, userName: "" }, untilMs);
  }

  #handlePrivate(topic: string, packetId: number | undefined, plain: Uint8Array): void {
    if (this.#keeper?.handleMessage(topic, packetId, plain) === true) return;
    if (topic === Topics.json || topic === Topics.protobuf) {
      if (this.#calls.handleMessage(topic, packetId, plain)) return;
    }
    this.#pushes.handleMessage(topic, plain);
  }

  #handleReady(connection: Connection): void {
    this.#calls.start(connection);
    // When this connection ends before SUBACK, the next one restores them.
    this.mqtt
      .restore(connection)
      .catch((error: unknown) => this.#options.logger.warn("topics were not restored", error));
  }

  #handleState(state: GameState): void {
    this.#events.emit("state", state);
    if (state.name === "closed") this.#events.emit("closed", { reason: state.reason, error: state.error });
  }

  #handleKicked(message: string): void {
    this.#session.markKicked();
    this.#events.emit("kicked", { message });
    this.#login.end("kicked");
  }

  #readyConnection(): Connection {
    const connection = this.#session.ready;
    if (connection !== undefined) return connection;
    throw new MqplayError("notConnected", `there is no connection: the game is ${this.state.name}`);
  }
}
