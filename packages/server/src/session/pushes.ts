/**
 * Pushes from modules to the sessions of this process: addressed by session, user, group or to everyone; kept for
 * users who are away where the module asks for it.
 *
 * Pushes to one user go out in the order in which they were sent, those that were kept before all others. A push to
 * everyone goes out in batches, so that a large one stalls no call; a push to one session may overtake it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Encoding, Push } from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import type { Identity } from "../runtime/caller.ts";
import type {
  PushBody,
  PushForm,
  PushOptions,
  PushOutcome,
  PushService,
  PushTarget,
} from "../runtime/pushes.ts";
import type { OutboxStore } from "../store/outbox/outbox.ts";
import { Groups } from "./groups.ts";
import type { SessionRegistry } from "./registry.ts";
import type { Session } from "./session.ts";

/** What the push service works with. */
export interface PushServiceDeps {
  readonly sessions: SessionRegistry;
  readonly log: Log;
  /** Where pushes wait for users who are away; without it they are dropped and counted. */
  readonly outbox?: OutboxStore | undefined;
}

/** Makes the push service, and has the registry tell it who comes and goes. */
export function createPushService(deps: PushServiceDeps): LocalPushes {
  const pushes = new LocalPushes(deps);
  deps.sessions.watch({
    disconnected: (session) => pushes.forget(session),
    loggedOut: (session) => pushes.forget(session),
    reachable: (session, identity) => void pushes.deliverKept(session, identity),
  });
  return pushes;
}

/** Sessions that get a push in one turn of the event loop: some ms of work. */
const BATCH = 500;

/** What has been pushed since the start. */
export interface PushStats {
  readonly sent: number;
  readonly kept: number;
  readonly dropped: number;
}

/** {@link PushService} for the sessions of this process. */
export class LocalPushes implements PushService {
  readonly #sessions: SessionRegistry;
  readonly #log: Log;
  readonly #outbox: OutboxStore | undefined;
  readonly #groups = new Groups();
  /** Users whose kept pushes are on their way: what is sent to them meanwhile waits behind. */
  readonly #delivering = new Map<string, Promise<void>>();
  readonly #stats = { sent: 0, kept: 0, dropped: 0 };

  constructor(deps: PushServiceDeps) {
    this.#sessions = deps.sessions;
    this.#log = deps.log;
    this.#outbox = deps.outbox;
  }

  get stats(): PushStats {
    return this.#stats;
  }

  send(target: PushTarget, body: PushBody, options: PushOptions = {}): PushOutcome | Promise<PushOutcome> {
    const message = new Outgoing(body, options);
    if ("session" in target) return this.#toSessions(this.#byIds([target.session]), message);
    if ("sessions" in target) return this.#toMany(this.#byIds(target.sessions), message);
    if ("user" in target) return this.#toUser(target.user, message);
    if ("users" in target) return this.#toUsers(target.users, message);
    if ("group" in target) return this.#toMany(this.#groups.members(target.group), message);
    return this.#toMany(this.#sessions.all(), message);
  }

  join(group: string, sessionId: string): boolean {
    const session = this.#sessions.get(sessionId);
    return session !== undefined && this.#groups.join(group, session);
  }

  leave(group: string, sessionId: string): void {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) this.#groups.leave(group, session);
  }

  sizeOf(group: string): number {
    return this.#groups.members(group).size;
  }

  /** A session has ended or lost its login. */
  forget(session: Session): void {
    this.#groups.leaveAll(session);
  }

  /**
   * A user can be reached on a session: what was kept goes out, in order. Never rejects. Nobody waits for it: a login is
   * answered after its own two round trips to the store, and this one is made beside it.
   */
  async deliverKept(session: Session, { userId }: Identity): Promise<void> {
    const outbox = this.#outbox;
    if (outbox === undefined || this.#delivering.has(userId)) return;
    const delivering = this.#deliver(outbox, session, userId).finally(() => this.#delivering.delete(userId));
    this.#delivering.set(userId, delivering);
    await delivering;
  }

  async #deliver(outbox: OutboxStore, session: Session, userId: string): Promise<void> {
    try {
      for (const { push, encoding } of await outbox.take(userId)) {
        this.#count(session.link.push(push, encoding) ? "sent" : "dropped");
      }
    } catch (error) {
      this.#log.warn(
        { err: error, user: userId },
        "Kept pushes wait for the next login: their store is away",
      );
    }
  }

  #toUser(userId: string, message: Outgoing): PushOutcome | Promise<PushOutcome> {
    const delivering = this.#delivering.get(userId);
    if (delivering !== undefined) return delivering.then(() => this.#toUser(userId, message));
    const outcome = this.#toSessions(this.#current(userId), message);
    const { keep } = message.options;
    if (outcome.sent > 0) return outcome;
    if (keep !== undefined && this.#outbox !== undefined)
      return this.#keep(this.#outbox, userId, message, keep.ttlMs);
    if (outcome.dropped > 0) return outcome;
    this.#count("dropped");
    return { sent: 0, kept: 0, dropped: 1 };
  }

  async #keep(outbox: OutboxStore, userId: string, message: Outgoing, ttlMs: number): Promise<PushOutcome> {
    const encoding = message.keptEncoding;
    const { dropped } = await outbox.keep(userId, { push: message.as(encoding), encoding }, ttlMs);
    this.#count("kept");
    this.#stats.dropped += dropped;
    return { sent: 0, kept: 1, dropped };
  }

  async #toUsers(userIds: readonly string[], message: Outgoing): Promise<PushOutcome> {
    const total = { sent: 0, kept: 0, dropped: 0 };
    let inBatch = 0;
    for (const userId of new Set(userIds)) {
      const { sent, kept, dropped } = await this.#toUser(userId, message);
      total.sent += sent;
      total.kept += kept;
      total.dropped += dropped;
      inBatch += 1;
      if (inBatch % BATCH === 0) await nextTurn();
    }
    return total;
  }

  /** As many as fit into one turn at once; more in batches. */
  #toMany(sessions: Iterable<Session>, message: Outgoing): PushOutcome | Promise<PushOutcome> {
    const all = [...sessions];
    if (all.length <= BATCH) return this.#toSessions(all, message);
    return this.#inBatches(all, message);
  }

  async #inBatches(sessions: readonly Session[], message: Outgoing): Promise<PushOutcome> {
    const total = { sent: 0, kept: 0, dropped: 0 };
    for (let from = 0; from < sessions.length; from += BATCH) {
      if (from > 0) await nextTurn();
      const { sent, dropped } = this.#toSessions(sessions.slice(from, from + BATCH), message);
      total.sent += sent;
      total.dropped += dropped;
    }
    return total;
  }

  #toSessions(sessions: Iterable<Session>, message: Outgoing): PushOutcome {
    let sent = 0;
    let dropped = 0;
    for (const session of sessions) {
      if (session.id === message.options.exceptSession) continue;
      if (message.pushTo(session)) sent += 1;
      else dropped += 1;
    }
    this.#stats.sent += sent;
    this.#stats.dropped += dropped;
    return { sent, kept: 0, dropped };
  }

  *#byIds(sessionIds: readonly string[]): Generator<Session> {
    for (const sessionId of new Set(sessionIds)) {
      const session = this.#sessions.get(sessionId);
      if (session !== undefined) yield session;
      else this.#count("dropped");
    }
  }

  /** [user-3] a session past its login's time is nobody's. */
  *#current(userId: string): Generator<Session> {
    for (const session of this.#sessions.ofUser(userId)) if (this.#sessions.isCurrent(session)) yield session;
  }

  #count(what: keyof PushStats): void {
    this.#stats[what] += 1;
  }
}

/** One push on its way: each form is made once, whoever it goes to. */
class Outgoing {
  readonly options: PushOptions;
  readonly #body: PushBody;
  readonly #form: PushForm;
  #json: Push | undefined;
  #protobuf: Push | undefined;

  constructor(body: PushBody, options: PushOptions) {
    this.#body = body;
    this.options = options;
    this.#form = options.form ?? "auto";
  }

  /** The form in which it is kept: nobody knows what its user will listen on, and protobuf goes to `p` and `q`. [push-2] */
  get keptEncoding(): Encoding {
    return this.#form === "json" ? "json" : "protobuf";
  }

  as(encoding: Encoding): Push {
    const { module, type } = this.#body;
    if (encoding === "json") return (this.#json ??= { module, type, content: this.#body.json() });
    return (this.#protobuf ??= { module, type, content: this.#body.protobuf() });
  }

  pushTo({ link }: Session): boolean {
    if (this.#form !== "auto") return link.push(this.as(this.#form), this.#form);
    return link.push(this.as("json"), "json") || link.push(this.as("protobuf"), "protobuf");
  }
}
