/**
 * One room: who is in it, where they are and what they have picked up. It knows no network; what happens it tells.
 *
 * A player who walks is told of once, when it turns: everybody can work out the rest (rules.ts). Only while somebody
 * walks does a timer look whether a point is in reach.
 */
import type { Clock } from "@mqplay/server";
import type { PushContract } from "@mqplay/shared";
import { Arena, type JoinAnswer, type Player, type Point } from "../contracts/arena.ts";
import { FIELD, heading, positionAfter, RADIUS, REACH } from "../rules.ts";

/** Seats of a room. */
export const MAX_PLAYERS = 16;

/** Points that lie about. */
export const POINTS = 5;

/** How long a seat is kept for somebody whose connection was lost, in ms: time for a few tries to reconnect. */
export const KEEP_SEAT_MS = 15_000;

/** How often a room with walkers looks for points in reach, in ms: nobody walks past one meanwhile. */
const TICK_MS = 50;

/** What a room lives by, and whom it tells. */
export interface RoomDeps {
  readonly clock: Clock;
  /** Something that everybody in the room hears. */
  tell<T>(push: PushContract<T>, content: T): void;
  /** A user has given up the seat that it had with this session, or was away for too long. */
  left(userId: string, sessionId: string): void;
}

/** A player and what the others need not know. */
interface Seat {
  player: Player;
  /** When the player was where it says. */
  atMs: number;
  sessionId: string;
  /** Stops the timer that gives the seat up when nobody comes back for it. */
  keep: () => void;
}

/** A room, which lives while somebody is in it. */
export class Room {
  readonly #deps: RoomDeps;
  readonly #seats = new Map<string, Seat>();
  #points: readonly Point[];
  #lastPoint = 0;
  /** Stops the timer that runs while somebody walks. */
  #stopTicking: (() => void) | undefined;

  constructor(deps: RoomDeps) {
    this.#deps = deps;
    this.#points = Array.from({ length: POINTS }, () => this.#nextPoint());
  }

  get isEmpty(): boolean {
    return this.#seats.size === 0;
  }

  /** Tells whether there is a seat for a user: its own, or a free one. */
  hasSeatFor(userId: string): boolean {
    return this.#seats.has(userId) || this.#seats.size < MAX_PLAYERS;
  }

  /** Takes a user in, or back in. */
  join(userId: string, sessionId: string, name: string): void {
    const seat = this.#seats.get(userId) ?? this.#newSeat(userId, sessionId);
    seat.keep();
    seat.sessionId = sessionId;
    this.#halt(seat, { name, away: false });
    this.#deps.tell(Arena.pushes.joined, { player: seat.player });
  }

  /** What a user sees who is in. */
  viewOf(userId: string): JoinAnswer | undefined {
    const seat = this.#seats.get(userId);
    if (seat === undefined) return undefined;
    const players = Array.from(this.#seats.values(), (each) => this.#settle(each));
    return { seat: seat.player.seat, players, points: this.#points };
  }

  /** A player heads elsewhere. */
  turn(userId: string, dx: number, dy: number): void {
    const seat = this.#seats.get(userId);
    if (seat === undefined) return;
    seat.player = { ...this.#settle(seat), ...heading(dx, dy) };
    this.#deps.tell(Arena.pushes.moved, seat.player);
    this.#stopTicking ??= this.#deps.clock.after(TICK_MS, () => this.#tick());
  }

  /** A user's session has ended: its player stands still, and its seat is kept. A session that it had before is none of it. */
  lose(userId: string, sessionId: string): void {
    const seat = this.#seats.get(userId);
    if (seat?.sessionId !== sessionId) return;
    seat.keep();
    this.#halt(seat, { away: true });
    seat.keep = this.#deps.clock.after(KEEP_SEAT_MS, () => this.leave(userId));
    this.#deps.tell(Arena.pushes.away, seat.player);
  }

  /** A user gives its seat up. */
  leave(userId: string): void {
    const seat = this.#seats.get(userId);
    if (seat === undefined) return;
    this.#seats.delete(userId);
    seat.keep();
    this.#deps.tell(Arena.pushes.left, seat.player);
    if (this.isEmpty) this.close();
    this.#deps.left(userId, seat.sessionId);
  }

  /** Ends its timers. */
  close(): void {
    this.#stopTicking?.();
    for (const { keep } of this.#seats.values()) keep();
  }

  #newSeat(userId: string, sessionId: string): Seat {
    const taken = new Set(Array.from(this.#seats.values(), ({ player }) => player.seat));
    let number = 1;
    while (taken.has(number)) number += 1;
    const player = { seat: number, name: "", ...randomPlace(), dx: 0, dy: 0, score: 0, away: false };
    const seat: Seat = { player, atMs: this.#deps.clock.monotonicMs(), sessionId, keep() {} };
    this.#seats.set(userId, seat);
    return seat;
  }

  /** Brings a player to where it is by now. */
  #settle(seat: Seat): Player {
    const nowMs = this.#deps.clock.monotonicMs();
    seat.player = { ...seat.player, ...positionAfter(seat.player, nowMs - seat.atMs) };
    seat.atMs = nowMs;
    return seat.player;
  }

  #halt(seat: Seat, change: Partial<Player>): void {
    seat.player = { ...this.#settle(seat), dx: 0, dy: 0, ...change };
  }

  #tick(): void {
    this.#stopTicking = undefined;
    for (const seat of this.#seats.values()) {
      const { dx, dy } = this.#settle(seat);
      if (dx === 0 && dy === 0) continue;
      this.#pickUp(seat);
      this.#stopTicking ??= this.#deps.clock.after(TICK_MS, () => this.#tick());
    }
  }

  #pickUp(seat: Seat): void {
    const { x, y } = seat.player;
    for (const point of this.#points) {
      if (Math.hypot(point.x - x, point.y - y) > REACH) continue;
      const appeared = this.#nextPoint();
      this.#points = [...this.#points.filter((other) => other !== point), appeared];
      seat.player = { ...seat.player, score: seat.player.score + 1 };
      const { seat: number, score } = seat.player;
      this.#deps.tell(Arena.pushes.scored, { seat: number, score, picked: point.id, appeared });
    }
  }

  #nextPoint(): Point {
    this.#lastPoint += 1;
    return { id: this.#lastPoint, ...randomPlace() };
  }
}

function randomPlace(): { x: number; y: number } {
  const along = (length: number): number => Math.round(RADIUS + Math.random() * (length - 2 * RADIUS));
  return { x: along(FIELD.width), y: along(FIELD.height) };
}
