/**
 * What modules may do to sessions: bind a login to one, end logins. Addressed by session id or user id and
 * asynchronous where it must be, so that a module in another process can ask the gates in the same words.
 */
import type { Identity } from "./caller.ts";

/** What a login means for the account's other connections. */
export type SingleLogin = "kick" | "refuse" | "allow";

/** Every {@link SingleLogin}, for configuration. */
export const SINGLE_LOGIN_POLICIES = ["kick", "refuse", "allow"] as const satisfies readonly SingleLogin[];

/** What became of an attempt to bind a login to a session. */
export type LoginOutcome =
  | {
      readonly outcome: "bound";
      /** Logins that ended by it: this session's former one, and those of connections that were closed. */
      readonly ended: readonly Identity[];
    }
  /** The policy is `refuse` and the account is logged in on another connection. */
  | { readonly outcome: "refused" }
  /** The session has ended, or it never was: whoever logged in is gone. */
  | { readonly outcome: "gone" }
  /** The login itself was ended between its lookup and now. */
  | { readonly outcome: "stale" };

/** Which logins of a user {@link Sessions.endUser} spares. */
export interface EndUserOptions {
  /** The login that goes on, like the one that changed the password. */
  readonly exceptLoginId?: string | undefined;
}

/** The sessions, as a module sees them. */
export interface Sessions {
  /**
   * Logs a session in. Under `kick` the account's other connections get the pushes of [push-3], lose their login and
   * are closed; a login that this session had before ends first.
   */
  login(sessionId: string, identity: Identity): LoginOutcome | Promise<LoginOutcome>;
  /** Ends the login of a session; the connection lives on. Returns the login that ended, or undefined when there was none. */
  logout(sessionId: string): Identity | undefined | Promise<Identity | undefined>;
  /** Ends one login wherever it is bound: its connections are closed. Returns how many. */
  endLogin(loginId: string, userId: string): number | Promise<number>;
  /** Ends every login of a user but the one excepted: the connections are closed. Returns how many. */
  endUser(userId: string, options?: EndUserOptions): number | Promise<number>;
  /** Tells whether a user is logged in on a connection, and not past the login's time. */
  isOnline(userId: string): boolean | Promise<boolean>;
}
