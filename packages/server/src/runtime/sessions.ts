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
      /** The login that this session had before, if it was another: its tokens are the caller's to end. */
      readonly former: Identity | undefined;
    }
  /** The policy is `refuse` and the account is logged in on another connection. */
  | { readonly outcome: "refused" }
  /** The session has ended, or it never was: whoever logged in is gone. */
  | { readonly outcome: "gone" }
  /** The login was ended between its beginning and now, by another login or by whoever ended them all. */
  | { readonly outcome: "stale" };

/** How logins end. */
export interface EndLoginOptions {
  /** A session that loses its login like the others and is not closed: the caller's, whose answer is due. */
  readonly openSessionId?: string | undefined;
}

/** How all logins of a user end. */
export interface EndUserOptions extends EndLoginOptions {
  /** The login that goes on, like the one that changed the password. */
  readonly exceptLoginId?: string | undefined;
}

/** The sessions, as a module sees them. Tokens are not their business: whoever ends a login ends its tokens first. */
export interface Sessions {
  /**
   * Logs a session in. Under `kick` the account's other connections get the pushes of [push-3], lose their login and
   * are closed; a login that this session had before ends first.
   * @param sessionId undefined for a login without a connection, as by HTTP
   * @param displaced ids of the logins that ended when this one began; none of them can be bound any more
   */
  login(
    sessionId: string | undefined,
    identity: Identity,
    displaced?: readonly string[],
  ): LoginOutcome | Promise<LoginOutcome>;
  /**
   * Ends the login of a session, and closes other connections of that login; this one lives on. Returns the login
   * that ended, or undefined when there was none.
   */
  logout(sessionId: string): Identity | undefined | Promise<Identity | undefined>;
  /** Gives a session's login more time, if it is still this login: its tokens were renewed. */
  renew(sessionId: string, identity: Identity): boolean | Promise<boolean>;
  /** Ends one login wherever it is bound: its connections are closed. Returns how many lost it. */
  endLogin(userId: string, loginId: string, options?: EndLoginOptions): number | Promise<number>;
  /** Ends every login of a user but the one excepted: the connections are closed. Returns how many lost theirs. */
  endUser(userId: string, options?: EndUserOptions): number | Promise<number>;
  /** Tells whether a user is logged in on a connection (other than the one excepted), and not past the login's time. */
  isOnline(userId: string, exceptSessionId?: string): boolean | Promise<boolean>;
  /** The policy for a second login of an account. */
  readonly singleLogin: SingleLogin;
  /**
   * Notes a moment before a login is looked up or begun; {@link stampLogin} binds it to the identity that came of it.
   * A login that is ended after its mark is `stale` when it comes to be bound.
   */
  markLogin(): number;
  stampLogin(identity: Identity, mark: number): void;
}
