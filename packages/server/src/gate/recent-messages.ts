/**
 * An exact filter against doubles: a message that matches several of a client's filters reaches it once.
 */

/** Messages that may be on their way at once between two copies of one; far above what one turn hands out. */
const REMEMBERED = 1_024;

/** The last messages of one client. Takes memory only for clients whose filters may overlap. */
export class RecentMessages {
  #seen: Set<string> | undefined;

  /** Tells whether a message has not come by yet, and notes it. */
  isNew(brokerId: string | null | undefined, counter: number | undefined): boolean {
    // Retained messages, sent for a fresh subscription, carry no broker id: each is wanted.
    if (brokerId === null || brokerId === undefined || counter === undefined) return true;
    const seen = (this.#seen ??= new Set());
    const key = `${brokerId}/${counter}`;
    if (seen.has(key)) return false;
    seen.add(key);
    if (seen.size > REMEMBERED) {
      const [oldest] = seen;
      if (oldest !== undefined) seen.delete(oldest);
    }
    return true;
  }
}
