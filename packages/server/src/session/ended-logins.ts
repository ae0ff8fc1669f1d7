/**
 * Which logins have ended lately: closes the gap between looking a login up (or beginning it) and binding it to a
 * session. Between the two another login, a logout or a password change may end it.
 *
 * Rejected: asking the token store again after binding, which costs every resume a second round trip.
 */
import type { Identity } from "../runtime/caller.ts";

/** How many ends are remembered; when more happen between mark and binding, the login counts as ended. */
const MAX_REMEMBERED = 1_024;

interface End {
  readonly userId: string;
  /** The one login that ended; undefined means all of the user's. */
  readonly loginId: string | undefined;
  /** The one login that did not. */
  readonly exceptLoginId: string | undefined;
}

/** The latest ends of logins, by a running count. */
export class EndedLogins {
  /** A ring: the end with count n is at n % MAX_REMEMBERED. */
  readonly #ends: End[] = [];
  #count = 0;
  readonly #marks = new WeakMap<Identity, number>();

  /** The present moment. */
  mark(): number {
    return this.#count;
  }

  /** Says that an identity was looked up or begun after the moment of `mark`. */
  stamp(identity: Identity, mark: number): void {
    this.#marks.set(identity, mark);
  }

  /** Notes that one login has ended. */
  addLogin(userId: string, loginId: string): void {
    this.#add({ userId, loginId, exceptLoginId: undefined });
  }

  /** Notes that all logins of a user have ended, but one. */
  addUser(userId: string, exceptLoginId: string | undefined): void {
    this.#add({ userId, loginId: undefined, exceptLoginId });
  }

  /** Tells whether a login has ended since its mark. One that was never stamped has not. */
  isStale(identity: Identity): boolean {
    const { userId, loginId } = identity;
    const mark = this.#marks.get(identity);
    if (mark === undefined || mark === this.#count) return false;
    if (this.#count - mark > MAX_REMEMBERED) return true;
    for (let count = mark; count < this.#count; count += 1) {
      const end = this.#ends[count % MAX_REMEMBERED];
      if (end === undefined || end.userId !== userId) continue;
      if (end.loginId === undefined ? end.exceptLoginId !== loginId : end.loginId === loginId) return true;
    }
    return false;
  }

  #add(end: End): void {
    this.#ends[this.#count % MAX_REMEMBERED] = end;
    this.#count += 1;
  }
}
