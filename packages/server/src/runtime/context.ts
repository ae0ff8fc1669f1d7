/**
 * What a handler gets beside its request: who calls, how long it may take, where to log, how to push.
 */
import type { PushContract } from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import type { CallOrigin } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { ModulePushes, PushOptions } from "./pushes.ts";
import type { Sessions } from "./sessions.ts";

/** The user who calls. */
export interface CallUser {
  /** The user's id: a lower-case UUID. */
  readonly userId: string;
  /** The login by which the user is known. */
  readonly loginId: string;
}

/** One call, as its handler sees it. */
export interface CallContext {
  /** Who is logged in, or undefined. Comes from the connection, whatever the parameters say. [module-3] */
  readonly user: CallUser | undefined;
  /** The connection's session. */
  readonly sessionId: string;
  /** Who calls: the user's id, else the session's. [module-5] */
  readonly caller: string;
  /** The peer's address without the port. */
  readonly remoteAddress: string;
  readonly via: CallOrigin;
  /**
   * The key of a call that the SDK sends again after a cut, or undefined; only functions whose contract says
   * `idempotent` have one. The runtime runs it once as long as the server lives; who writes the key down with what the
   * call does is safe from a restart in between as well. [call-5]
   */
  readonly once: string | undefined;
  /**
   * Aborted when the time limit strikes or the connection ends; what comes after is dropped. A call with a key goes on
   * without its connection, for its caller comes back for the answer.
   */
  readonly signal: AbortSignal;
  /** A log whose lines carry the call's name and caller. */
  readonly log: Log;
  /** Sends one of the module's pushes to the calling session. */
  push<T>(push: PushContract<T>, content: T, options?: PushOptions): void;
  /** Sends the module's pushes to others, and keeps groups. */
  readonly pushes: ModulePushes;
  /** Binds and ends logins. */
  readonly sessions: Sessions;
}

/** A call of a function whose contract says `user`: somebody is logged in. */
export interface UserCallContext extends CallContext {
  readonly user: CallUser;
}

/** A session that is over for modules: its connection has ended, or its login has. */
export interface EndedSession {
  readonly sessionId: string;
  /** Who was logged in on it until then, or undefined. */
  readonly userId: string | undefined;
}

/** What a module gets when it starts, for what it does outside of calls. */
export interface ModuleContext {
  readonly log: Log;
  readonly pushes: ModulePushes;
  readonly sessions: Sessions;
  /** The time and timers. What a module does by it, tests move by hand. */
  readonly clock: Clock;
  /** Aborted when the module is stopped. */
  readonly signal: AbortSignal;
}
