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

/** How long after the notice of a login elsewhere the server's close counts as its consequence, in ms. */
const KICK_WINDOW_MS = 5_000;

/** The connections of one game, one after the other. */
export class Session {
  readonly #deps: ConnectionDeps;
  readonly #listener: SessionListener;
  #state: GameState = { name: "connecting" };
  #connection: Connection | undefined;
  #token: string | undefined;
  #kickedAtMs: number | undefined;
  #cancelDelay: () => void = () => {};
  /** Ends a delay before its time. */
  #retryNow: () => void = () => {};
  readonly #stopWatching: () => void;
  #lostAtMs = 0;

  constructor(deps: ConnectionDeps, listener: SessionListener) {
    this.#deps = deps;
    this.#listener = listener;
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
    const clientId = await within(platform.clock, connectTimeoutMs, this.#chooseClientId(), () =>
      noClientId(connectTimeoutMs),
    );
    if (this.#state.name === "closed") throw closedError();
    const connection: Connection = new Connection(this.#deps, clientId, {
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
    await connection.open();
    // Both may have happened since the last packet of the handshake.
    if (connection.endedBy !== undefined) throw connection.endedBy;
    this.#listener.onReady(connection);
    this.#move({ name: "ready" });
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
    const current = typeof token === "function" ? await token(this.#token) : this.#token;
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
