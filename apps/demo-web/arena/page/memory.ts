/**
 * What a window keeps of its visitor, so that loading the page anew does not end the game. Each window has its own:
 * two windows are two players.
 */

/** What is kept. */
export interface Memory {
  /** The access token of the guest's login. */
  readonly token?: string;
  readonly name?: string;
  /** True while the visitor has a seat. */
  readonly isInside?: boolean;
}

const KEY = "mqplay-arena";

/** Returns what is kept; nothing in a browser that keeps nothing. */
export function recall(): Memory {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {}; // storage is switched off: a new visitor each time
  }
}

/** Keeps something more. */
export function remember(more: Memory): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...recall(), ...more }));
  } catch {
    // storage is switched off or full: the game goes on, and is forgotten with the page
  }
}

/** Keeps nothing any more: this window will be somebody else. */
export function forget(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // storage is switched off: there is nothing to forget
  }
}
