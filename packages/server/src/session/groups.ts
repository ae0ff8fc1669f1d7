/**
 * Groups of sessions, for pushes. A session leaves all of them when it ends or loses its login.
 */
import type { Session } from "./session.ts";

/** Groups that one session may be in: rooms, guilds, channels of one player, and some room. */
const MAX_GROUPS_PER_SESSION = 64;

/** Longest name of a group, in characters. */
const MAX_GROUP_NAME_LENGTH = 128;

const NOBODY: ReadonlySet<Session> = new Set();

/** Groups by name. An empty one does not exist. */
export class Groups {
  readonly #members = new Map<string, Set<Session>>();
  readonly #groupsOf = new Map<Session, Set<string>>();

  /** Returns false when the session is in too many groups, or the name is empty or too long. */
  join(group: string, session: Session): boolean {
    if (group.length === 0 || group.length > MAX_GROUP_NAME_LENGTH) return false;
    const groups = this.#groupsOf.get(session) ?? new Set<string>();
    if (groups.has(group)) return true;
    if (groups.size >= MAX_GROUPS_PER_SESSION) return false;
    groups.add(group);
    this.#groupsOf.set(session, groups);
    const members = this.#members.get(group) ?? new Set<Session>();
    members.add(session);
    this.#members.set(group, members);
    return true;
  }

  leave(group: string, session: Session): void {
    const groups = this.#groupsOf.get(session);
    if (groups?.delete(group) !== true) return;
    if (groups.size === 0) this.#groupsOf.delete(session);
    const members = this.#members.get(group);
    members?.delete(session);
    if (members?.size === 0) this.#members.delete(group);
  }

  leaveAll(session: Session): void {
    for (const group of this.#groupsOf.get(session) ?? []) this.leave(group, session);
  }

  members(group: string): ReadonlySet<Session> {
    return this.#members.get(group) ?? NOBODY;
  }
}
