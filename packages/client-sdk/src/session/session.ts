/**
 * The life of a game's connection: the first one, the ones after a cut, the end. It moves the state machine, and makes
 * one Connection after the other; only the newest one is listened to.
 */
import type { IncomingPublish } from "../link/link.ts";
import type { PrivateTopic } from "@mqplay/shared";
import { within } from "../clock.ts";
import { MqplayError, toMqplayError } from "../errors.ts";
import { backoffMs } from "../link/backoff.ts";
import { mayFollow, type ClosedReason, type GameState } from "../link/state.ts";
import { assertClientId } from "../options.ts";
import { createClientId } from "./client-id.ts";
import { Connection, type ConnectionDeps } from "./connection.ts";
import type { LoginKeeper } from "./keeper.ts";

/** Who hears of the session. */
export interface SessionListener {
  onState(state: GameState): void;
  /** A connection is ready; called before the state changes. */
  onReady(connection: Connection): void;
  /** The connection has ended; another one will be made. */
  onPaused(error: MqplayError): void;
  /** No connection will be made any more. */
  onStopped(error: MqplayError): void;
  onPrivate(topic: PrivateTopic, packetId: number | undefined, plain: Uint8Array): void;
  onOrdinary(packet: IncomingPublish): void;
  onAcknowledged(packetId: number): void;
}

/**
 * The keep-alive of a connection that is made while nobody looks, in s: a hidden page's timers run once a minute, which
 * is too late for a shorter one. More than `gate.maxKeepAliveS` does nothing by default. [connect-3]
 */
const HIDDEN_KEEP_ALIVE_S = 120;

/** Connections that one try may take: to resume, to refresh, to resume again; and one that was refused. */
const MAX_ROUNDS = 4;

/** How long after the notice of a login elsewhere the server's close counts as its consequence, in ms. */
const KICK_WINDOW_MS = 5_000;

/** The connections of one game, one after the other. */
export class Session {
  readonly #deps: ConnectionDeps;
  readonly #listener: SessionListener;
  readonly #keeper: LoginKeeper | undefined;
  #state: GameState = { name: "connecting" };
  #connection: Connection | undefined;
  #token: string | undefined;
  #kickedAtMs: number | undefined;
  #cancelDelay: () => void = () => {};
  /** Ends a delay before its time. */
  #retryNow: () => void = () => {};
  readonly #stopWatching: () => void;
  #lostAtMs = 0;

  constructor(deps: ConnectionDeps, listener: SessionListener, keeper?: LoginKeeper) {
    this.#deps = deps;
    this.#listener = listener;
    this.#keeper = keeper;
    const { token, platform } = deps.options;
    if (typeof token === "string") this.#token = token;
    this.#stopWatching = platform.watchWake?.(() => this.#handleWake()) ?? (() => {});
  }

  get state(): GameState {
    return this.#state;
  }

  /** The client id of the newest connection; empty before the first. */
  get clientId(): string {
    return this.#connection?.clientId ?? "";
  }

  /** The connection, when calls can be sent on it now. */
  get ready(): Connection | undefined {
    return this.#state.name === "ready" ? this.#connection : undefined;
  }

  /** Makes the first connection. Rejects with why it could not be made, and is closed then. */
  async start(): Promise<void> {
    const { signal } = this.#deps.options;
    let onAbort: () => void = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => {
        const error = abortedBy(signal?.reason);
        this.#close("closed", error);
        reject(error);
      };
    });
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted === true) onAbort();
    try {
      await Promise.race([aborted, this.#connect()]);
    } catch (error) {
      this.#close("failed", toMqplayError(error));
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** The token that the next connections are made with; undefined makes them as nobody. */
  setToken(token: string | undefined): void {
    this.#token = token;
  }

  /** The account logged in elsewhere: when the server ends the connection, it is not made anew. [push-3] */
  markKicked(): void {
    this.#kickedAtMs = this.#deps.options.platform.clock.now();
  }

  /** Ends everything. Closing twice does no harm. */
  close(): void {
    this.#close("closed", undefined);
  }

  async #connect(): Promise<void> {
    const { platform, connectTimeoutMs } = this.#deps.options;
    const { clock } = platform;
    const deadlineMs = clock.now() + connectTimeoutMs;
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const limitMs = Math.max(1, deadlineMs - clock.now());
      const connection = await this.#createConnection(limitMs);
      try {
        await connection.open();
        const isAdmitted = await connection.race(
          this.#admit(connection, Math.max(1, deadlineMs - clock.now())),
        );
        // Both may have happened since the last packet.
        if (connection.endedBy !== undefined) throw connection.endedBy;
        if (isAdmitted) {
          this.#listener.onReady(connection);
          this.#move({ name: "ready" });
          return;
        }
        connection.close(new MqplayError("closed", "the connection with the new token takes its place"));
      } catch (error) {
        connection.close(toMqplayError(error));
        if (this.#keeper?.handleRefused(error, connection.clientId) !== true) throw error;
      }
    }
    throw new MqplayError(
      "connectFailed",
      "the login could not be resumed: the server gives tokens and takes none",
    );
  }

  /** Whether the game may have a connection. */
  async #admit(connection: Connection, limitMs: number): Promise<boolean> {
    if (this.#keeper === undefined) return true;
    const { clock } = this.#deps.options.platform;
    const late = (): MqplayError =>
      new MqplayError("connectFailed", `the login could not be resumed within ${limitMs} ms`);
    return within(clock, limitMs, this.#keeper.admit(connection, limitMs), late);
  }

  async #createConnection(timeoutMs: number): Promise<Connection> {
    const { platform, keepAliveS } = this.#deps.options;
    const clientId = await within(platform.clock, timeoutMs, this.#chooseClientId(), () =>
      noClientId(timeoutMs),
    );
    if (this.#state.name === "closed") throw closedError();
    // Without a keeper, a token would have to wait that long for its id after a cut.
    const isLong =
      platform.isHidden?.() === true && (this.#keeper !== undefined || this.#token === undefined);
    const terms = {
      clientId,
      timeoutMs,
      keepAliveS: isLong ? Math.max(keepAliveS, HIDDEN_KEEP_ALIVE_S) : keepAliveS,
    };
    const connection: Connection = new Connection(this.#deps, terms, {
      onPrivate: (topic, packetId, plain) => {
        if (this.#connection === connection) this.#listener.onPrivate(topic, packetId, plain);
      },
      onOrdinary: (packet) => {
        if (this.#connection === connection) this.#listener.onOrdinary(packet);
      },
      onAcknowledged: (packetId) => {
        if (this.#connection === connection) this.#listener.onAcknowledged(packetId);
      },
      onEnded: (error) => {
        if (this.#connection === connection) this.#handleEnded(error);
      },
    });
    this.#connection = connection;
    return connection;
  }

  #handleEnded(error: MqplayError): void {
    if (this.#state.name !== "ready") return;
    const { reconnect, platform } = this.#deps.options;
    if (this.#wasKicked()) {
      this.#close(
        "kicked",
        new MqplayError("closed", "the account logged in on another client", {
          cause: error,
          fromPeer: true,
        }),
      );
    } else if (reconnect === undefined) {
      this.#close("lost", error);
    } else {
      this.#listener.onPaused(error);
      this.#lostAtMs = platform.clock.now();
      this.#scheduleReconnect(1, error);
    }
  }

  #scheduleReconnect(attempt: number, error: MqplayError): void {
    const { reconnect, platform } = this.#deps.options;
    if (reconnect === undefined) return;
    const forMs = platform.clock.now() - this.#lostAtMs;
    if (forMs >= reconnect.giveUpAfterMs) {
      const detail = `the connection could not be made anew within ${reconnect.giveUpAfterMs} ms: ${error.detail}`;
      this.#close("lost", new MqplayError("connectionLost", detail, { cause: error }));
      return;
    }
    const delayMs = backoffMs(attempt, platform.random(), reconnect);
    this.#move({ name: "reconnecting", attempt, delayMs, error });
    this.#retryNow = () => {
      this.#cancelDelay();
      this.#retryNow = () => {};
      this.#connect().catch((failure: unknown) => {
        if (this.#state.name === "reconnecting") this.#scheduleReconnect(attempt + 1, toMqplayError(failure));
      });
    };
    this.#cancelDelay = platform.clock.after(delayMs, this.#retryNow);
  }

  #handleWake(): void {
    if (this.#state.name === "reconnecting") this.#retryNow();
  }

  async #chooseClientId(): Promise<string> {
    const { token, clientId, platform } = this.#deps.options;
    const known = this.#keeper === undefined ? this.#token : await this.#keeper.nextToken();
    const current = typeof token === "function" ? await token(known) : known;
    assertClientId(current, "token");
    return current ?? clientId ?? createClientId(platform);
  }

  /** The Go server tells a client of its own second login too, and goes on: only an end that follows at once is a kick. */
  #wasKicked(): boolean {
    const kickedAtMs = this.#kickedAtMs;
    return kickedAtMs !== undefined && this.#deps.options.platform.clock.now() - kickedAtMs <= KICK_WINDOW_MS;
  }

  #close(reason: ClosedReason, error: MqplayError | undefined): void {
    if (this.#state.name === "closed") return;
    this.#cancelDelay();
    this.#stopWatching();
    this.#move({ name: "closed", reason, error });
    const cause = error ?? closedError();
    this.#connection?.close(cause);
    this.#listener.onStopped(cause);
  }

  #move(state: GameState): void {
    if (!mayFollow(this.#state.name, state.name)) {
      throw new MqplayError("internal", `state ${state.name} may not follow ${this.#state.name}`);
    }
    this.#state = state;
    this.#listener.onState(state);
  }
}

function closedError(): MqplayError {
  return new MqplayError("closed", "the game was closed by close()");
}

function noClientId(limitMs: number): MqplayError {
  const detail = `there was no client id within ${limitMs} ms: the function given as "token", or the host's random source, did not answer`;
  return new MqplayError("connectFailed", detail);
}

function abortedBy(reason: unknown): MqplayError {
  return new MqplayError("callAborted", "connecting was given up by its signal", { cause: reason });
}
