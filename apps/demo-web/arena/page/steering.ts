/**
 * Keys and pointers become a direction. Keys: arrows or WASD, as long as they are down. Pointers: walk there; a pointer
 * that is held is followed.
 */
import { positionAfter, RADIUS } from "../rules.ts";

/** By `key` for arrows, by `code` (the place on the keyboard) for letters. */
const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  KeyW: [0, -1],
  KeyS: [0, 1],
  KeyA: [-1, 0],
  KeyD: [1, 0],
};

/** How near to where a pointer asked for is there, in units: more than a frame's way. */
const ARRIVED = RADIUS / 3;

/** The cosine of how far off a direction may be: 4 degrees. */
const GOOD_AIM = Math.cos((4 * Math.PI) / 180);

/** How long a pointer's direction holds at least, in ms: a hand that trembles sends no more than 20 moves a second. */
const AIM_MS = 50;

interface Place {
  readonly x: number;
  readonly y: number;
}

/** What the player wants. Tells every change of direction once. */
export class Steering {
  readonly #onTurn: (dx: number, dy: number) => void;
  readonly #down = new Map<string, readonly [number, number]>();
  #target: Place | undefined;
  #aimedAtMs = -AIM_MS;
  #dx = 0;
  #dy = 0;

  constructor(onTurn: (dx: number, dy: number) => void) {
    this.#onTurn = onTurn;
  }

  /** A key goes down. Returns whether it steers. */
  press({ key, code, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    const direction = DIRECTIONS[key] ?? DIRECTIONS[code];
    if (direction === undefined || ctrlKey || metaKey || altKey) return false;
    this.#target = undefined;
    this.#down.set(code, direction);
    this.#turnByKeys();
    return true;
  }

  /** A key goes up. */
  release({ code }: KeyboardEvent): void {
    if (this.#down.delete(code)) this.#turnByKeys();
  }

  /** A pointer asks to walk there. `from` is where the player is. */
  point(target: Place, from: Place): void {
    if (this.#down.size > 0) return;
    this.#target = positionAfter({ ...target, dx: 0, dy: 0 }, 0); // as near as the walls allow
    this.follow(from);
  }

  /** The player has come to a place: it aims again when it misses what the pointer asked for, and stops there. */
  follow(place: Place): void {
    if (this.#target === undefined) return;
    const [dx, dy] = [this.#target.x - place.x, this.#target.y - place.y];
    const distance = Math.hypot(dx, dy);
    if (distance < ARRIVED) {
      this.stop();
      return;
    }
    const aim = (dx * this.#dx + dy * this.#dy) / distance;
    const nowMs = performance.now();
    if (aim > GOOD_AIM || nowMs - this.#aimedAtMs < AIM_MS) return;
    this.#aimedAtMs = nowMs;
    this.#turn(dx / distance, dy / distance);
  }

  /** Nothing is wanted any more: the focus has gone elsewhere, or the place is reached. */
  stop(): void {
    this.#target = undefined;
    this.#down.clear();
    this.#turn(0, 0);
  }

  #turnByKeys(): void {
    const wanted = [...this.#down.values()];
    const along = (axis: 0 | 1): number =>
      Math.sign(wanted.reduce((sum, direction) => sum + direction[axis], 0));
    const [dx, dy] = [along(0), along(1)];
    const length = Math.max(1, Math.hypot(dx, dy));
    this.#turn(dx / length, dy / length);
  }

  #turn(dx: number, dy: number): void {
    if (dx === this.#dx && dy === this.#dy) return;
    this.#dx = dx;
    this.#dy = dy;
    this.#onTurn(dx, dy);
  }
}
