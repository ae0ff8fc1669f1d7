/**
 * The rules of the arena that both ends follow: the server to say where everybody is, pages to draw what happens
 * between two messages. A page that breaks them deceives nobody but itself.
 */

/** The field's size, in units. */
export const FIELD = { width: 540, height: 360 } as const;

/** Full speed, in units per second: three seconds from wall to wall. */
export const SPEED = 160;

/** A player's radius, in units. */
export const RADIUS = 14;

/** How near a point a player must come to pick it up, in units. */
export const REACH = RADIUS + 7;

/** Where a player is and where it heads; the length of (dx, dy) is the share of full speed. */
export interface Motion {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
}

/** Where a player is after some time, in ms, when it heads on. Walls stop it. */
export function positionAfter({ x, y, dx, dy }: Motion, ms: number): { x: number; y: number } {
  const way = (SPEED * ms) / 1_000;
  return {
    x: between(RADIUS, x + dx * way, FIELD.width - RADIUS),
    y: between(RADIUS, y + dy * way, FIELD.height - RADIUS),
  };
}

/** The same direction, no longer than 1: nobody is faster than full speed, diagonals included. */
export function heading(dx: number, dy: number): { dx: number; dy: number } {
  const length = Math.max(1, Math.hypot(dx, dy));
  return { dx: dx / length, dy: dy / length };
}

function between(low: number, value: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
