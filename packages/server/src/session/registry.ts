/**
 * Who is connected here, and who they are: sessions by id and by user. Everything is in memory, takes constant time
 * and happens in one turn, so that logins which race are decided by who comes last. How many sessions there are is
 * bounded by the gate's `maxConnections`.
 */
import { encodeMessage, User, type Push } from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import type { Identity } from "../runtime/caller.ts";
import { systemClock, type Clock } from "../runtime/clock.ts";
import type {
  EndLoginOptions,
  EndUserOptions,
  LoginOutcome,
  Sessions,
  SingleLogin,
} from "../runtime/sessions.ts";
import { EndedLogins } from "./ended-logins.ts";
import type { CloseReason, Session } from "./session.ts";

/** Hears what becomes of sessions. What it throws is logged and harms nothing. */
export interface SessionWatcher {
  /** A client was let in. */
  connected?(session: Session): void;
  /** A connection has ended; `identity` is who was logged in on it until then. */
  disconnected?(session: Session, identity: Identity | undefined): void;
  /** A login was bound to a session. */
  loggedIn?(session: Session, identity: Identity): void;
  /** A session has lost its login, other than by its connection's end; `reason` is why it is closed, if it is. */
  loggedOut?(session: Session, identity: Identity, reason: CloseReason | undefined): void;
  /** A session has begun to listen on `p` or `q`, or logged in while it did: pushes reach its user from now on. */
  reachable?(session: Session, identity: Identity): void;
}

/** What the registry works with. */
export interface SessionRegistryDeps {
  readonly log: Log;
  /** @default the machine's own */
  readonly clock?: Clock;
}

/** What may be said about sessions. */
export interface SessionRegistryOptions {
  /** What a login means for the account's other connections. @default "kick" */
  readonly singleLogin?: SingleLogin;
}

/** The sessions of this process. What it offers beyond {@link Sessions} is the gate's, and all of it is synchronous. */
export interface SessionRegistry extends Sessions {
  /** Takes in a session when its connection is let in. */
  add(session: Session): void;
  /** Forgets a session when its connection ends. Its login goes on: tokens outlive connections. May be called twice. */
  remove(session: Session): void;
  /** The client has subscribed `p` or `q`: the gate says so once per connection. Pushes that were kept for its user go out. */
  listening(session: Session): void;
  get(sessionId: string): Session | undefined;
  /** The sessions on which a user is logged in; those past the login's time included, see {@link isCurrent}. */
  ofUser(userId: string): ReadonlySet<Session>;
  /** Every session. */
  all(): IterableIterator<Session>;
  readonly size: number;
  /** Adds one who hears what becomes of sessions. */
  watch(watcher: SessionWatcher): void;
  login(sessionId: string | undefined, identity: Identity, displaced?: readonly string[]): LoginOutcome;
  logout(sessionId: string): Identity | undefined;
  renew(sessionId: string, identity: Identity): boolean;
  endLogin(userId: string, loginId: string, options?: EndLoginOptions): number;
  endUser(userId: string, options?: EndUserOptions): number;
  isOnline(userId: string, exceptSessionId?: string): boolean;
  /** Tells whether somebody is logged in on a session whose login is not past its time. */
  isCurrent(session: Session): boolean;
}

/** Makes the registry. */
export function createSessionRegistry(
  deps: SessionRegistryDeps,
  options: SessionRegistryOptions = {},
): SessionRegistry {
  return new LocalSessions(deps, options.singleLogin ?? "kick");
}

const NO_SESSIONS: ReadonlySet<Session> = new Set();

/** [push-3] what the earlier connection gets first. */
const OTHER_CLIENT_LOGIN: Push = { module: 0, type: 0, content: Buffer.from("Other client Login") };

/** [push-3] what it gets next; the text is the Go server's, tab included. */
const LOGIN_NOTICE: Push = {
  module: User.number,
  type: User.pushes.onLoginSuccessNotify.number,
  content: encodeMessage(User.pushes.onLoginSuccessNotify.content, { msg: "Login Success Push\t" }),
};

class LocalSessions implements SessionRegistry {
  readonly singleLogin: SingleLogin;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sessions = new Map<string, Session>();
  readonly #users = new Map<string, Set<Session>>();
  readonly #listening = new WeakSet<Session>();
  readonly #watchers: SessionWatcher[] = [];
  readonly #ended = new EndedLogins();

  constructor(deps: SessionRegistryDeps, singleLogin: SingleLogin) {
    this.#clock = deps.clock ?? systemClock;
    this.#log = deps.log;
    this.singleLogin = singleLogin;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Session): void {
    this.#sessions.set(session.id, session);
    this.#tell((watcher) => watcher.connected?.(session));
  }

  remove(session: Session): void {
    if (!this.#sessions.delete(session.id)) return;
    const identity = this.#unbind(session);
    this.#tell((watcher) => watcher.disconnected?.(session, identity));
  }

  listening(session: Session): void {
    if (this.#listening.has(session)) return;
    this.#listening.add(session);
    const { identity } = session;
    if (identity !== undefined) this.#tell((watcher) => watcher.reachable?.(session, identity));
  }

  get(sessionId: string): Session | undefined {
    return this.#sessions.get(sessionId);
  }

  ofUser(userId: string): ReadonlySet<Session> {
    return this.#users.get(userId) ?? NO_SESSIONS;
  }

  all(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  watch(watcher: SessionWatcher): void {
    this.#watchers.push(watcher);
  }

  login(sessionId: string | undefined, identity: Identity, displaced: readonly string[] = []): LoginOutcome {
    const { userId, loginId } = identity;
    // Those that this login ended, not all others: of two that begin at once the token store knows the later one, and
    // the later one must win, whichever is bound first.
    for (const ended of displaced) this.#ended.addLogin(userId, ended);
    if (this.#ended.isStale(identity)) return { outcome: "stale" };
    const session = sessionId === undefined ? undefined : this.#sessions.get(sessionId);
    if (this.singleLogin === "refuse" && this.#isElsewhere(identity, session)) return { outcome: "refused" };
    const former = session?.identity;
    if (session !== undefined) this.#unbind(session);
    // Also for one who is gone by now: the others' tokens ended when this login began.
    if (this.singleLogin !== "allow") this.#displace(identity, session);
    if (session === undefined) {
      if (sessionId === undefined) return { outcome: "bound", former: undefined };
      this.#ended.addLogin(userId, loginId);
      return { outcome: "gone" };
    }
    if (former !== undefined && former.loginId !== loginId) {
      this.#tell((watcher) => watcher.loggedOut?.(session, former, undefined));
      this.endLogin(former.userId, former.loginId);
    }
    this.#bind(session, identity);
    return { outcome: "bound", former: former?.loginId === loginId ? undefined : former };
  }

  logout(sessionId: string): Identity | undefined {
    const identity = this.#sessions.get(sessionId)?.identity;
    if (identity !== undefined)
      this.endLogin(identity.userId, identity.loginId, { openSessionId: sessionId });
    return identity;
  }

  renew(sessionId: string, identity: Identity): boolean {
    const session = this.#sessions.get(sessionId);
    if (session?.identity?.loginId !== identity.loginId) return false;
    session.identity = identity;
    return true;
  }

  endLogin(userId: string, loginId: string, options: EndLoginOptions = {}): number {
    this.#ended.addLogin(userId, loginId);
    return this.#endWhere(userId, options, (identity) => identity.loginId === loginId);
  }

  endUser(userId: string, options: EndUserOptions = {}): number {
    const { exceptLoginId } = options;
    this.#ended.addUser(userId, exceptLoginId);
    return this.#endWhere(userId, options, (identity) => identity.loginId !== exceptLoginId);
  }

  isOnline(userId: string, exceptSessionId?: string): boolean {
    for (const session of this.ofUser(userId)) {
      if (session.id !== exceptSessionId && this.isCurrent(session)) return true;
    }
    return false;
  }

  isCurrent(session: Session): boolean {
    return session.identity !== undefined && session.identity.expiresAtMs > this.#clock.nowMs();
  }

  markLogin(): number {
    return this.#ended.mark();
  }

  stampLogin(identity: Identity, mark: number): void {
    this.#ended.stamp(identity, mark);
  }

  /** Another login of the account has a connection; one of the same login is no other client. */
  #isElsewhere({ userId, loginId }: Identity, session: Session | undefined): boolean {
    for (const other of this.ofUser(userId)) {
      if (other !== session && other.identity?.loginId !== loginId && this.isCurrent(other)) return true;
    }
    return false;
  }

  /** [push-3] the account's other connections are told, lose their login and are closed. */
  #displace({ userId, loginId }: Identity, session: Session | undefined): void {
    for (const other of this.ofUser(userId)) {
      if (other === session) continue;
      other.link.push(OTHER_CLIENT_LOGIN, "json");
      other.link.push(LOGIN_NOTICE, "protobuf");
      this.#end(other, other.identity?.loginId === loginId ? "replaced" : "kicked");
    }
  }

  #endWhere(userId: string, options: EndLoginOptions, matches: (identity: Identity) => boolean): number {
    let count = 0;
    for (const session of this.ofUser(userId)) {
      if (session.identity === undefined || !matches(session.identity)) continue;
      this.#end(session, session.id === options.openSessionId ? undefined : "loggedOut");
      count += 1;
    }
    return count;
  }

  #end(session: Session, reason: CloseReason | undefined): void {
    const identity = this.#unbind(session);
    if (identity !== undefined) this.#tell((watcher) => watcher.loggedOut?.(session, identity, reason));
    if (reason !== undefined) session.link.close(reason);
  }

  #bind(session: Session, identity: Identity): void {
    session.identity = identity;
    const ofUser = this.#users.get(identity.userId);
    if (ofUser === undefined) this.#users.set(identity.userId, new Set([session]));
    else ofUser.add(session);
    this.#tell((watcher) => watcher.loggedIn?.(session, identity));
    if (this.#listening.has(session)) this.#tell((watcher) => watcher.reachable?.(session, identity));
  }

  #unbind(session: Session): Identity | undefined {
    const { identity } = session;
    if (identity === undefined) return undefined;
    session.identity = undefined;
    const ofUser = this.#users.get(identity.userId);
    ofUser?.delete(session);
    if (ofUser?.size === 0) this.#users.delete(identity.userId);
    return identity;
  }

  #tell(event: (watcher: SessionWatcher) => void): void {
    for (const watcher of this.#watchers) {
      try {
        event(watcher);
      } catch (error) {
        this.#log.error({ err: error }, "A watcher of sessions threw");
      }
    }
  }
}
