/**
 * Somebody at the page: connects, takes a seat, steers, comes back after a cut, leaves. The only file of the page that
 * talks to the server.
 */
import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { connect, isMqplayError, type Game, type GameState, type ModuleClient } from "@mqplay/client-sdk";
import { Arena, type JoinAnswer } from "../contracts/arena.ts";
import { randomPassword, randomUsername } from "../../src/player/names.ts";
import { forget, recall, remember } from "./memory.ts";
import { sentenceFor } from "./trouble.ts";
import { World } from "./world.ts";

/** Where the visitor is. `elsewhere`: its account plays in another window. */
export type Phase = "outside" | "entering" | "inside" | "reconnecting" | "elsewhere";

/** Times that the shown answer time is the median of. */
const SAMPLES = 9;

/** Where the visitor plays. */
export interface Place {
  /** The server's address. */
  readonly url: string;
  readonly room: string;
}

/** The visitor. What the page shows of it is signals. */
export class Visitor {
  readonly room: string;
  readonly world: World = new World();
  readonly name = signal(recall().name ?? suggestName());
  readonly phase = signal<Phase>("outside");
  /** The visitor's own seat; 0 outside. */
  readonly seat = signal(0);
  /** What went wrong, as a sentence. */
  readonly trouble = signal("");
  /** What has happened last, for who cannot see it. */
  readonly news = signal("");
  /** How long answers take, in ms. */
  readonly answerMs: ReadonlySignal<number | undefined>;

  readonly #url: string;
  readonly #samples = signal<readonly number[]>([]);
  #game: Game | undefined;
  #arena: ModuleClient<typeof Arena> | undefined;
  #heading = { dx: 0, dy: 0 };

  constructor({ url, room }: Place) {
    this.#url = url;
    this.room = room;
    this.answerMs = computed(
      () => this.#samples.value.toSorted((a, b) => a - b)[this.#samples.value.length >> 1],
    );
  }

  /** Goes on where this window was before it was loaded anew. */
  resume(): void {
    if (recall().isInside === true) void this.enter();
  }

  /** Connects and takes a seat. */
  async enter(): Promise<void> {
    if (this.#game !== undefined || this.phase.value === "entering") return;
    this.phase.value = "entering";
    this.trouble.value = "";
    try {
      const token = recall().token;
      this.#hold(await connect(this.#url, token === undefined ? {} : { token }));
      await this.#join();
    } catch (error) {
      await this.#giveUp(error);
    }
  }

  /** Heads in a direction, at once on this page and for the others when the server has said so. */
  async steer(dx: number, dy: number): Promise<void> {
    const heading = { dx, dy };
    this.#heading = heading;
    if (this.phase.value !== "inside" || this.#arena === undefined) return;
    this.world.turn(this.seat.value, dx, dy);
    try {
      await this.#timed(this.#arena.move(heading));
    } catch (error) {
      if (!isMqplayError(error)) throw error;
      // Whatever else goes wrong ends with the connection, and joining again sets it right.
      if (error.code !== "tooManyRequests") return;
      setTimeout(() => {
        if (this.#heading === heading) void this.steer(dx, dy);
      }, error.retryAfterMs ?? 100);
    }
  }

  /** Gives the seat up and disconnects. */
  async leave(): Promise<void> {
    try {
      await this.#arena?.leave();
    } catch (error) {
      if (!isMqplayError(error)) throw error; // the seat is given up later, with the connection
    }
    await this.#disconnect("outside");
  }

  #hold(game: Game): void {
    this.#game = game;
    game.on("state", (state) => this.#follow(state));
    game.on("closed", ({ reason, error }) => {
      if (this.#game !== game) return;
      if (reason === "kicked") void this.#disconnect("elsewhere");
      else void this.#giveUp(error);
    });

    const { world } = this;
    const arena = game.module(Arena);
    this.#arena = arena;
    arena.on("joined", ({ player }) => {
      const isKnown = world.get(player.seat)?.away === false;
      world.put(player);
      if (!isKnown) this.#tell(player.seat, "is here");
    });
    arena.on("moved", (moved) => world.move(moved));
    arena.on("scored", (scored) => {
      world.score(scored);
      this.#tell(scored.seat, scored.score === 1 ? "1 point" : `${String(scored.score)} points`);
    });
    arena.on("away", ({ seat }) => {
      world.setAway(seat);
      this.#tell(seat, "has lost the connection");
    });
    arena.on("left", ({ seat }) => {
      this.#tell(seat, "has left");
      world.remove(seat);
    });
  }

  /** After a cut the SDK comes back by itself, logged in; the seat has been kept. */
  #follow(state: GameState): void {
    if (state.name === "reconnecting") this.phase.value = "reconnecting";
    if (state.name !== "ready" || this.phase.value !== "reconnecting") return;
    this.#join().catch((error: unknown) => {
      // Cut again: the next connection will do.
      if (isMqplayError(error) && error.code === "connectionLost") return;
      void this.#giveUp(error);
    });
  }

  async #join(): Promise<void> {
    const answer = await this.#askForSeat();
    remember({ name: this.name.value, isInside: true });
    this.world.fill(answer);
    this.seat.value = answer.seat;
    this.phase.value = "inside";
    const { dx, dy } = this.#heading;
    if (dx !== 0 || dy !== 0) await this.steer(dx, dy); // a key is still down
  }

  /** Joins; whoever has no login yet becomes a guest with an account of its own, kept for this window. */
  async #askForSeat(): Promise<JoinAnswer> {
    const [game, arena] = [this.#game, this.#arena];
    if (game === undefined || arena === undefined) throw new Error("not connected");
    const request = { room: this.room, name: this.name.value.trim() };
    try {
      return await this.#timed(arena.join(request));
    } catch (error) {
      if (!isMqplayError(error) || error.code !== "needLogin") throw error;
      const guest = { username: `guest-${randomPassword()}`, password: randomPassword() };
      const { tokenInfo } = await game.user.register(guest);
      remember({ token: tokenInfo.token });
      return await this.#timed(arena.join(request));
    }
  }

  async #giveUp(error: unknown): Promise<void> {
    this.trouble.value = sentenceFor(error);
    await this.#disconnect("outside");
  }

  async #disconnect(phase: Phase): Promise<void> {
    const game = this.#game;
    this.#game = undefined;
    this.#arena = undefined;
    this.phase.value = phase;
    this.seat.value = 0;
    this.world.clear();
    if (phase === "elsewhere") forget();
    else remember({ isInside: false });
    await game?.close();
  }

  #tell(seat: number, what: string): void {
    const isSelf = seat === this.seat.value;
    const name = isSelf ? "You" : (this.world.get(seat)?.name ?? "Somebody");
    this.news.value = `${name}: ${what}`;
  }

  async #timed<T>(call: Promise<T>): Promise<T> {
    const startMs = performance.now();
    const value = await call;
    this.#samples.value = [...this.#samples.value, performance.now() - startMs].slice(-SAMPLES);
    return value;
  }
}

/** A name like `Swift otter`, for who does not care. */
function suggestName(): string {
  const [adjective = "", animal = ""] = randomUsername().split("-");
  return `${adjective.charAt(0).toUpperCase()}${adjective.slice(1)} ${animal}`;
}
