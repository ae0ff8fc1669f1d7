/**
 * What an application may hear of its users. A callback is told, not asked: what it throws is logged, and nobody
 * waits for it.
 */
import type { Log } from "../../ops/log.ts";
import type { Identity } from "../../runtime/caller.ts";

/** A connection. */
export interface ConnectEvent {
  readonly sessionId: string;
  readonly remoteAddress: string;
}

/** A connection's end. */
export interface DisconnectEvent extends ConnectEvent {
  /** Who was logged in on it until then. */
  readonly userId: string | undefined;
}

/** A new account. */
export interface RegisterEvent {
  readonly userId: string;
  readonly name: string;
  readonly remoteAddress: string;
}

/** A login that was bound to a connection, by name and password or by a token; by HTTP there is no connection. */
export interface LoginEvent {
  readonly userId: string;
  readonly loginId: string;
  readonly sessionId: string | undefined;
}

/** A connection that lost its login while it was there. */
export interface LogoutEvent extends LoginEvent {
  /** Why it is closed as well (`kicked`, `replaced`, `loggedOut`), or undefined when it lives on. */
  readonly reason: string | undefined;
}

/** What an application hears of its users. */
export interface UserCallbacks {
  readonly onConnect?: (event: ConnectEvent) => void | Promise<void>;
  readonly onDisconnect?: (event: DisconnectEvent) => void | Promise<void>;
  readonly onRegister?: (event: RegisterEvent) => void | Promise<void>;
  readonly onLogin?: (event: LoginEvent) => void | Promise<void>;
  readonly onLogout?: (event: LogoutEvent) => void | Promise<void>;
}

/** What is said of a session; the registry's sessions have it. */
interface WatchedSession {
  readonly id: string;
  readonly remoteAddress: string;
}

/** Calls an application's callbacks. It is a watcher of sessions, too: give it to the registry. */
export class CallbackCaller {
  readonly #callbacks: UserCallbacks;
  readonly #log: Log;

  constructor(callbacks: UserCallbacks, log: Log) {
    this.#callbacks = callbacks;
    this.#log = log;
  }

  connected({ id, remoteAddress }: WatchedSession): void {
    this.#call("onConnect", this.#callbacks.onConnect, { sessionId: id, remoteAddress });
  }

  disconnected({ id, remoteAddress }: WatchedSession, identity: Identity | undefined): void {
    const event = { sessionId: id, remoteAddress, userId: identity?.userId };
    this.#call("onDisconnect", this.#callbacks.onDisconnect, event);
  }

  registered(event: RegisterEvent): void {
    this.#call("onRegister", this.#callbacks.onRegister, event);
  }

  loggedIn(session: WatchedSession | undefined, { userId, loginId }: Identity): void {
    this.#call("onLogin", this.#callbacks.onLogin, { userId, loginId, sessionId: session?.id });
  }

  loggedOut(session: WatchedSession, { userId, loginId }: Identity, reason: string | undefined): void {
    this.#call("onLogout", this.#callbacks.onLogout, { userId, loginId, sessionId: session.id, reason });
  }

  #call<T>(name: string, callback: ((event: T) => void | Promise<void>) | undefined, event: T): void {
    if (callback === undefined) return;
    const failed = (error: unknown): void =>
      this.#log.error({ err: error, callback: name }, "A callback threw");
    try {
      const told = callback(event);
      if (told instanceof Promise) told.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
