/**
 * Who is connected here, and who they are: sessions by id and by user. Everything is in memory and takes constant time.
 */
import type { Identity } from "../runtime/caller.ts";
import type { LoginOutcome, Sessions } from "../runtime/sessions.ts";
import type { Session } from "./session.ts";

/** The sessions of this process. What it offers beyond {@link Sessions} is the gate's, and synchronous. */
export interface SessionRegistry extends Sessions {
  /** Takes in a session when its connection is let in. */
  add(session: Session): void;
  /** Forgets a session when its connection ends, with its login on this connection and its groups. */
  remove(session: Session): void;
  get(sessionId: string): Session | undefined;
  /** The sessions on which a user is logged in. */
  ofUser(userId: string): ReadonlySet<Session>;
  /** Every session. */
  all(): IterableIterator<Session>;
  readonly size: number;
  /** Binds a login to a session; see {@link Sessions.login}. For a resume, call it in the same turn that `resume` resolved. */
  login(sessionId: string, identity: Identity): LoginOutcome;
  logout(sessionId: string): Identity | undefined;
  endLogin(loginId: string, userId: string): number;
  endUser(userId: string, options?: { readonly exceptLoginId?: string | undefined }): number;
  isOnline(userId: string): boolean;
}
