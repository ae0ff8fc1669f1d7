/**
 * What a page knows of its room: who is in it, and where everybody is at this moment.
 *
 * The server says where somebody turned; between two such words the page works positions out by the same rules. Where
 * a new word contradicts what was drawn, the difference fades within a moment instead of jumping.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { JoinAnswer, Moved, Player, Point, Scored } from "../contracts/arena.ts";
import { positionAfter } from "../rules.ts";

/** How long a correction takes to fade, in ms. */
const FADE_MS = 150;

/** Corrections that are larger than this many units are no walk: they are shown at once. */
const MAX_FADE = 60;

interface Place {
  readonly x: number;
  readonly y: number;
}

/** The last word about a player, and when it came. */
interface Walker {
  readonly player: Player;
  readonly atMs: number;
  /** From where the player is to where it was drawn when the word came. */
  readonly error: Place;
}

/** The room as the page sees it. */
export class World {
  readonly #walkers = new Map<number, Walker>();
  readonly #players = signal<readonly Player[]>([]);
  readonly #points = signal<readonly Point[]>([]);

  /** Everybody, best first. Changes when somebody comes, goes or scores; positions are `placeOf`'s. */
  get players(): ReadonlySignal<readonly Player[]> {
    return this.#players;
  }

  get points(): ReadonlySignal<readonly Point[]> {
    return this.#points;
  }

  /** Begins anew with what the server says there is. */
  fill({ players, points }: JoinAnswer): void {
    const here = new Set(players.map(({ seat }) => seat));
    for (const seat of this.#walkers.keys()) if (!here.has(seat)) this.#walkers.delete(seat);
    for (const player of players) this.#set(player);
    this.#points.value = points;
    this.#rank();
  }

  get(seat: number): Player | undefined {
    return this.#walkers.get(seat)?.player;
  }

  /** Where a player is drawn at a time of performance.now(). */
  placeOf(seat: number, nowMs: number): Place | undefined {
    const walker = this.#walkers.get(seat);
    if (walker === undefined) return undefined;
    const ms = nowMs - walker.atMs;
    const place = positionAfter(walker.player, ms);
    const left = Math.max(0, 1 - ms / FADE_MS);
    return { x: place.x + walker.error.x * left, y: place.y + walker.error.y * left };
  }

  put(player: Player): void {
    this.#set(player);
    this.#rank();
  }

  move({ seat, ...motion }: Moved): void {
    const player = this.get(seat);
    if (player !== undefined) this.#set({ ...player, ...motion });
  }

  /** A player turns where it is. */
  turn(seat: number, dx: number, dy: number): void {
    const place = this.placeOf(seat, performance.now());
    if (place !== undefined) this.move({ seat, ...place, dx, dy });
  }

  score({ seat, score, picked, appeared }: Scored): void {
    this.#points.value = [...this.#points.value.filter(({ id }) => id !== picked), appeared];
    this.#change(seat, { score });
  }

  setAway(seat: number): void {
    this.turn(seat, 0, 0);
    this.#change(seat, { away: true });
  }

  remove(seat: number): void {
    this.#walkers.delete(seat);
    this.#rank();
  }

  clear(): void {
    this.#walkers.clear();
    this.#points.value = [];
    this.#rank();
  }

  /** What is not about its place. */
  #change(seat: number, change: Partial<Player>): void {
    const walker = this.#walkers.get(seat);
    if (walker === undefined) return;
    this.#walkers.set(seat, { ...walker, player: { ...walker.player, ...change } });
    this.#rank();
  }

  #set(player: Player): void {
    const atMs = performance.now();
    const drawn = this.placeOf(player.seat, atMs) ?? player;
    const error = { x: drawn.x - player.x, y: drawn.y - player.y };
    const isWalk = Math.hypot(error.x, error.y) <= MAX_FADE;
    this.#walkers.set(player.seat, { player, atMs, error: isWalk ? error : { x: 0, y: 0 } });
  }

  #rank(): void {
    const players = Array.from(this.#walkers.values(), ({ player }) => player);
    this.#players.value = players.sort((a, b) => b.score - a.score || a.seat - b.seat);
  }
}
