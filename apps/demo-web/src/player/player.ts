/**
 * One player: what its panel shows and what its buttons do. The only file of the page that talks to a server, and it
 * does so as any game would, through the SDK's public face.
 */
import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { connect, type Game, type GameState } from "@mqplay/client-sdk";
import type { Encoding } from "@mqplay/shared";
import type { Letter, WireLog } from "../wire/wire-log.ts";
import { asSentence, sentenceOf, type Failure } from "./failure.ts";
import { pushName, pushText } from "./push-text.ts";
import { callNames, elapsed, nextStep, phaseText, type Phase } from "./phase.ts";
import { snippetOf, type Step } from "./snippet.ts";

/** How the last step went. */
export type Outcome =
  | { readonly kind: "answer"; readonly title: string; readonly value: unknown }
  | { readonly kind: "failure"; readonly failure: Failure };

/** Something that the server did of its own accord. */
export interface Notice {
  readonly id: number;
  readonly at: Date;
  /** A push, or the end of the connection and whether the server meant it. */
  readonly kind: "Push" | "Kicked" | "Lost";
  readonly title: string;
  readonly text: string;
}

/** Notices that are kept; older ones go. */
const MAX_NOTICES = 6;

/** What the players of one page have in common. */
export interface PlayerDeps {
  readonly wire: WireLog;
  /** Names that were registered from this page: the next step for them is to log in. */
  readonly registered: Signal<ReadonlySet<string>>;
}

/** A player. All of it is signals: the panel redraws what changes. */
export class Player {
  readonly letter: Letter;
  readonly url = signal("");
  readonly encoding = signal<Encoding>("json");
  readonly username = signal("");
  readonly password = signal("");
  readonly phase = signal<Phase>("offline");
  /** The name that is logged in. */
  readonly loggedInAs = signal("");
  /** The step that is under way. */
  readonly busy = signal<Step | undefined>(undefined);
  readonly outcome = signal<Outcome | undefined>(undefined);
  readonly notices = signal<readonly Notice[]>([]);
  /** The step that the code beside the panel is about. */
  readonly lastStep = signal<Step>("connect");
  /** Whether this login has been asked who it is: then the accent moves on to logging out. */
  readonly hasAsked = signal(false);
  /** What the player would sensibly do next: its button stands out. */
  readonly nextStep: ReadonlySignal<Step>;
  /** One sentence that says where the player is. */
  readonly status: ReadonlySignal<string>;
  /** The lines that a game would write for the last step. */
  readonly snippet: ReadonlySignal<string>;

  readonly #deps: PlayerDeps;
  #game: Game | undefined;
  #connecting: AbortController | undefined;
  #lastNotice = 0;

  constructor(letter: Letter, deps: PlayerDeps) {
    this.letter = letter;
    this.#deps = deps;
    this.nextStep = computed(() =>
      nextStep({
        phase: this.phase.value,
        isRegistered: deps.registered.value.has(this.username.value),
        hasAsked: this.hasAsked.value,
      }),
    );
    this.status = computed(() => phaseText(this.phase.value, this.loggedInAs.value));
    this.snippet = computed(() =>
      snippetOf(this.lastStep.value, {
        url: this.url.value,
        encoding: this.encoding.value,
        username: this.username.value,
      }),
    );
  }

  /** True while there is a game: connected, or reconnecting by itself. */
  get isConnected(): boolean {
    return this.phase.value !== "offline" && this.phase.value !== "connecting";
  }

  /** Connects, or ends the attempt that is under way. */
  async connect(): Promise<void> {
    if (this.#connecting !== undefined) {
      this.#connecting.abort();
      return;
    }
    if (this.#game !== undefined) return;
    const abort = new AbortController();
    this.#connecting = abort;
    batch(() => {
      this.phase.value = "connecting";
      this.busy.value = "connect";
      this.outcome.value = undefined;
      this.notices.value = [];
    });
    const startMs = performance.now();
    try {
      const game = await connect(this.url.value, {
        encoding: this.encoding.value,
        signal: abort.signal,
        trace: (event) => this.#deps.wire.add(this.letter, event),
      });
      this.#hold(game);
      batch(() => {
        this.phase.value = "guest";
        this.#answered("connect", `Connected, and agreed on a key, in ${elapsed(startMs)}.`, undefined);
      });
    } catch (error) {
      batch(() => {
        this.phase.value = "offline";
        if (abort.signal.aborted) this.outcome.value = undefined;
        else this.#failed("connect", error);
      });
    } finally {
      this.#connecting = undefined;
      this.busy.value = undefined;
    }
  }

  /** Makes an account; the server logs it in at once. */
  register(): Promise<void> {
    return this.#call("register", async (game) => {
      const username = this.username.value;
      const answer = await game.user.register({
        username,
        password: this.password.value,
      });
      this.#enter(game, username, answer.tokenInfo.token);
      return answer;
    });
  }

  /** Logs in. */
  login(): Promise<void> {
    return this.#call("login", async (game) => {
      const username = this.username.value;
      const answer = await game.user.login({ username, password: this.password.value });
      this.#enter(game, username, answer.token);
      return answer;
    });
  }

  /** Asks the server who is logged in. */
  whoAmI(): Promise<void> {
    return this.#call("whoAmI", async (game) => {
      const answer = await game.user.getSelfInfo();
      this.hasAsked.value = true;
      return answer;
    });
  }

  /** Logs out; the connection stays. */
  logout(): Promise<void> {
    return this.#call("logout", async (game) => {
      await game.user.logout();
      game.setToken(undefined);
      batch(() => {
        this.phase.value = "guest";
        this.loggedInAs.value = "";
        this.hasAsked.value = false;
      });
    });
  }

  /** Ends the connection. */
  async disconnect(): Promise<void> {
    const game = this.#game;
    if (game === undefined) return;
    this.busy.value = "disconnect";
    await game.close();
    this.#release(game);
    batch(() => {
      this.busy.value = undefined;
      this.#answered("disconnect", "Disconnected.", undefined);
    });
  }

  /** Takes a connection into the panel: its pushes and its end. */
  #hold(game: Game): void {
    this.#game = game;
    game.onPush((push) => {
      this.#notice({ kind: "Push", title: pushName(push.module, push.type), text: pushText(push) });
      this.lastStep.value = "push";
    });
    game.on("state", (state) => this.#follow(game, state));
    game.on("closed", ({ reason, error }) => {
      // disconnect() has its own words, and an end that comes late must not touch the connection that followed.
      if (this.#game !== game || this.busy.value === "disconnect") return;
      batch(() => {
        this.#release(game);
        this.outcome.value = undefined;
        this.#notice({
          kind: reason === "kicked" ? "Kicked" : "Lost",
          title: "The connection has ended",
          text: asSentence(error?.detail ?? `reason: ${reason}`),
        });
      });
    });
  }

  /** Shows that the SDK is reconnecting, and that it is back. */
  #follow(game: Game, state: GameState): void {
    if (this.#game !== game) return;
    if (state.name === "reconnecting") this.phase.value = "reconnecting";
    else if (state.name === "ready") this.phase.value = this.loggedInAs.value === "" ? "guest" : "loggedIn";
  }

  #release(game: Game): void {
    if (this.#game !== game) return;
    this.#game = undefined;
    batch(() => {
      this.phase.value = "offline";
      this.loggedInAs.value = "";
      this.hasAsked.value = false;
    });
  }

  #enter(game: Game, username: string, token: string): void {
    // With its token, a connection that the SDK makes anew is logged in from the start. [connect-5]
    game.setToken(token);
    this.#deps.registered.value = new Set([...this.#deps.registered.value, username]);
    batch(() => {
      this.phase.value = "loggedIn";
      this.loggedInAs.value = username;
      this.hasAsked.value = false;
    });
  }

  async #call(step: Step, run: (game: Game) => Promise<unknown>): Promise<void> {
    if (this.busy.value !== undefined) return;
    const game = this.#game;
    if (game === undefined) {
      this.outcome.value = {
        kind: "failure",
        failure: { sentence: "Connect first: there is no connection to call through.", tags: [] },
      };
      return;
    }
    this.busy.value = step;
    const startMs = performance.now();
    try {
      const value = await run(game);
      this.#answered(step, `${callNames[step] ?? step} answered in ${elapsed(startMs)}.`, value);
    } catch (error) {
      this.#failed(step, error);
    } finally {
      this.busy.value = undefined;
    }
  }

  #answered(step: Step, title: string, value: unknown): void {
    batch(() => {
      this.outcome.value = { kind: "answer", title, value };
      this.lastStep.value = step;
    });
  }

  #failed(step: Step, error: unknown): void {
    batch(() => {
      this.outcome.value = { kind: "failure", failure: sentenceOf(step, error) };
      this.lastStep.value = step;
    });
  }

  #notice(notice: Omit<Notice, "id" | "at">): void {
    this.#lastNotice += 1;
    this.notices.value = [...this.notices.value, { ...notice, id: this.#lastNotice, at: new Date() }].slice(
      -MAX_NOTICES,
    );
  }
}
