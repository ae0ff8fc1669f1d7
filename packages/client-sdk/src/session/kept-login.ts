/**
 * Keeps a login: resumes it with each connection, refreshes it before it ends, and says when it is over.
 *
 * A refresh token works once, and using one twice ends the whole login. So the store is read again before each refresh,
 * whoever shares it takes turns, and each refresh carries a key made of its token: sent twice, by whomever of this user,
 * it is answered twice the same. [call-5]
 */
import { isMqplayError, States, Topics, User, type DecodedAnswer, type FuncContract } from "@mqplay/shared";
import type { AbortSignalLike } from "../calls/call-options.ts";
import { Calls } from "../calls/calls.ts";
import { createModuleClient, type ModuleClient } from "../calls/module-client.ts";
import type { OutgoingCall } from "../calls/pending.ts";
import { within } from "../clock.ts";
import { MqplayError, toMqplayError } from "../errors.ts";
import type { KeeperDeps, LoginKeeper, NewConnection } from "./keeper.ts";
import type { LoginEnd, LoginUser } from "./login.ts";
import type { StoredTokens, TokenStore } from "./token-store.ts";
import type { IssuedTokens } from "./tokens.ts";

/** A session's login lasts 12 hours, whatever its token does: it is made new well before. [user-3] */
const SESSION_REFRESH_MS = 36_000_000;
/** The part of an access token's life after which it is refreshed. */
const USED_LIFE = 0.9;
/** An access token that has less than this to live, in ms, or than a tenth of its life, might end on the way. */
const LEAST_LIFE_MS = 5_000;
/** What the access tokens of a server that does not say it live, in ms. [user-3] */
const USUAL_LIFE_MS = 604_800_000;
/** A refresh may have to wait for the next connection, and must be known within the 60 s that its key lives. */
const REFRESH_TIMEOUT_MS = 30_000;
/** When a refresh that failed is tried again, in ms: one that may have run at once, for its key does not live long. */
const RETRY_MS = 30_000;
const RETRY_SOON_MS = 1_000;
const MAX_TIMER_MS = 2_147_483_647;
const MAX_GUEST_CALLS = 4;
/** CONNACK's code for a client id that is connected already. [connect-3] */
const ID_IN_USE = 5;

/** What a refresh came to. */
type Outcome = "refreshed" | "over";

/** The login of one game, kept in a store. */
export class KeptLogin implements LoginKeeper {
  readonly #store: TokenStore;
  readonly #deps: KeeperDeps;
  /** What was last read or written. */
  #held: StoredTokens | undefined;
  /** An access token that is not valid, or whose id is taken: the next connection comes to refresh it. */
  #unusable: string | undefined;
  /** Calls on a connection that the game does not have yet. */
  #guest: Calls | undefined;
  #refreshing: Promise<Outcome> | undefined;
  #abortRefresh: () => void = () => {};
  /** A refresh may have run whose answer did not come: the token it used must not be used without its key. */
  #isUncertain = false;
  #cancelTimer: () => void = () => {};
  #isStopped = false;

  constructor(store: TokenStore, deps: KeeperDeps) {
    this.#store = store;
    this.#deps = deps;
  }

  async nextToken(): Promise<string | undefined> {
    this.#cancelTimer();
    const tokens = (this.#held = await this.#load());
    if (tokens === undefined) {
      this.#deps.login.end("loggedOut");
      return undefined;
    }
    const { token, issuedAtMs, expiresAtMs } = tokens;
    const leastMs = Math.min(LEAST_LIFE_MS, (expiresAtMs - issuedAtMs) * (1 - USED_LIFE));
    const isUsable = token !== this.#unusable && expiresAtMs - this.#deps.clock.now() > leastMs;
    return isUsable ? token : undefined;
  }

  handleRefused(error: unknown, clientId: string): boolean {
    // A connection of ours that the server believes alive, or another game's. New tokens are another client id.
    if (!isMqplayError(error) || error.state !== ID_IN_USE || clientId !== this.#held?.token) return false;
    if (this.#isUncertain) return false;
    this.#unusable = clientId;
    return true;
  }

  async admit(connection: NewConnection, limitMs: number): Promise<boolean> {
    const held = this.#held;
    if (held === undefined) return true;
    const { clock, logger } = this.#deps;
    const guest = new Calls({ clock, logger, protobuf: undefined }, MAX_GUEST_CALLS);
    this.#guest = guest;
    guest.start(connection);
    try {
      const user = this.#createClient((call) => guest.call(call), limitMs);
      if (connection.clientId === held.token) {
        const who = await whoIs(user);
        if (who !== undefined) {
          this.#unusable = undefined;
          this.#begin(held, who);
          return true;
        }
      }
      this.#unusable = held.token;
      // One that waits for the next connection would wait for this one.
      this.#abortRefresh();
      return (await this.#refresh(user, true)) === "over";
    } finally {
      this.#guest = undefined;
      guest.stop(new MqplayError("closed", "the connection has passed to the game"));
    }
  }

  handleMessage(topic: string, packetId: number | undefined, plain: Uint8Array): boolean {
    if (topic !== Topics.json) return false;
    return this.#guest?.handleMessage(topic, packetId, plain) ?? false;
  }

  handleAcknowledged(packetId: number): boolean {
    this.#guest?.handleAcknowledged(packetId);
    return this.#guest !== undefined;
  }

  async call(call: OutgoingCall): Promise<DecodedAnswer> {
    const { clock } = this.#deps;
    const untilMs = clock.now() + call.timeoutMs;
    const answer = await this.#deps.call(call);
    if (answer.state !== States.loginTimeOut.state || this.#held === undefined) return answer;
    // It did not run. [answer-3]
    const late = (): MqplayError =>
      new MqplayError("callTimeout", `${call.name} waited ${call.timeoutMs} ms for a new login`, {
        mayHaveRun: false,
      });
    const outcome = await within(clock, untilMs - clock.now(), this.#refreshLive(), late);
    if (outcome === "over") return answer;
    return this.#deps.call({ ...call, timeoutMs: Math.max(1, untilMs - clock.now()) });
  }

  handleIssued(tokens: IssuedTokens | undefined): void {
    this.#cancelTimer();
    if (tokens === undefined) {
      this.#held = undefined;
      this.#deps.login.end("loggedOut");
      void this.#guard(() => this.#store.clear());
      return;
    }
    const { userId } = tokens;
    const stored = this.#toStored(tokens);
    this.#begin(stored, userId === undefined ? undefined : { userId, userName: "" });
    void this.#guard(() => this.#keep(stored)).then(() => this.#askWho(stored));
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
    this.#abortRefresh();
  }

  /** Who logged in is not in the answer: the server is asked, once. */
  async #askWho(tokens: StoredTokens): Promise<void> {
    const user = await this.#guard(() =>
      whoIs(this.#createClient((call) => this.#deps.call(call), REFRESH_TIMEOUT_MS)),
    );
    if (user !== undefined && this.#held?.token === tokens.token && !this.#isStopped)
      this.#deps.login.begin(user, tokens.expiresAtMs);
  }

  #begin(tokens: StoredTokens, user: LoginUser | undefined): void {
    this.#deps.login.begin(user, tokens.expiresAtMs);
    this.#schedule(tokens);
  }

  #end(reason: LoginEnd, error?: MqplayError): Outcome {
    this.#held = undefined;
    this.#isUncertain = false;
    this.#cancelTimer();
    const { login } = this.#deps;
    // A login that was kept from before this run is over, too.
    if (login.state.name === "none") login.begin(undefined, undefined);
    login.end(reason, error);
    return "over";
  }

  #schedule({ issuedAtMs, expiresAtMs }: StoredTokens): void {
    const { clock, random } = this.#deps;
    const now = clock.now();
    const dueMs = Math.min(issuedAtMs + (expiresAtMs - issuedAtMs) * USED_LIFE, now + SESSION_REFRESH_MS);
    // Games that share the tokens need not all come at once.
    const delayMs = this.#isUncertain ? RETRY_SOON_MS : (dueMs - now) * (1 - random() / 20);
    this.#refreshAfter(delayMs);
  }

  #refreshAfter(delayMs: number): void {
    this.#cancelTimer();
    if (this.#isStopped) return;
    this.#cancelTimer = this.#deps.clock.after(Math.min(Math.max(0, delayMs), MAX_TIMER_MS), () => {
      this.#refreshLive().catch((error: unknown) => {
        if (this.#isStopped) return;
        this.#deps.logger.warn("the login could not be refreshed and will be tried again", error);
        this.#refreshAfter(this.#isUncertain ? RETRY_SOON_MS : RETRY_MS);
      });
    });
  }

  /** Refreshes on the game's own connection, whose session's login gets its time anew. */
  #refreshLive(): Promise<Outcome> {
    if (this.#refreshing !== undefined) return this.#refreshing;
    const { signal, abort } = createAbort();
    this.#abortRefresh = abort;
    const user = this.#createClient((call) => this.#deps.call({ ...call, signal }), REFRESH_TIMEOUT_MS);
    const run = this.#refresh(user, false).finally(() => {
      if (this.#refreshing === run) this.#refreshing = undefined;
    });
    this.#refreshing = run;
    return run;
  }

  /** @param mayAdopt whether tokens that another game has refreshed meanwhile will do */
  #refresh(user: ModuleClient<typeof User>, mayAdopt: boolean): Promise<Outcome> {
    const task = async (): Promise<Outcome> => {
      const stored = await this.#load();
      if (stored === undefined) return this.#end("loggedOut");
      if (mayAdopt && stored.token !== this.#held?.token && stored.token !== this.#unusable)
        return "refreshed";
      try {
        this.#isUncertain = true;
        const { tokenData } = await user.refreshToken({ refresh_token: stored.refreshToken });
        this.#isUncertain = false;
        await this.#handleRefreshed({ ...tokenData, userId: undefined });
        return "refreshed";
      } catch (cause) {
        const error = toMqplayError(cause);
        this.#isUncertain = error.mayHaveRun === true;
        if (!endsLogin(error)) throw error;
        const newest = await this.#load();
        if (newest !== undefined && newest.refreshToken !== stored.refreshToken) return "refreshed";
        await this.#guard(() => this.#store.clear());
        return this.#end("expired", error);
      }
    };
    return this.#store.lock === undefined ? task() : this.#store.lock(task);
  }

  async #handleRefreshed(tokens: IssuedTokens): Promise<void> {
    const stored = this.#toStored(tokens);
    const { login } = this.#deps;
    if (login.state.name === "loggedIn") this.#begin(stored, login.state.user);
    await this.#guard(() => this.#keep(stored));
  }

  async #keep(tokens: StoredTokens): Promise<void> {
    this.#held = tokens;
    await this.#store.save(tokens);
  }

  #toStored({ token, refreshToken, expireAt }: IssuedTokens): StoredTokens {
    const issuedAtMs = this.#deps.clock.now();
    const lifeMs = expireAt > 0 ? expireAt * 1_000 : USUAL_LIFE_MS;
    return { token, refreshToken, issuedAtMs, expiresAtMs: issuedAtMs + lifeMs };
  }

  async #load(): Promise<StoredTokens | undefined> {
    const tokens = await this.#guard(() => this.#store.load());
    return isTokens(tokens) ? tokens : undefined;
  }

  /** A store that fails costs the player a login, not the game. */
  async #guard<T>(task: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      if (!this.#isStopped) this.#deps.logger.warn("the tokens of the login could not be kept", error);
      return undefined;
    }
  }

  #createClient(
    call: (call: OutgoingCall) => Promise<DecodedAnswer>,
    timeoutMs: number,
  ): ModuleClient<typeof User> {
    return createModuleClient(User, {
      // Whatever the game speaks: every game has it.
      encoding: "json",
      protobuf: undefined,
      timeoutMs,
      createKey: (func, request) => keyOfRefresh(func, request) ?? this.#deps.createKey(),
      call,
      listen: () => () => {},
    });
  }
}

/** The end of the token that is used up: sent again, after a cut or from another tab, it is the same call. [call-5] */
function keyOfRefresh(func: FuncContract, request: unknown): string | undefined {
  if (func !== User.funcs.refreshToken || typeof request !== "object" || request === null) return undefined;
  const token: unknown = Reflect.get(request, "refresh_token");
  if (typeof token !== "string") return undefined;
  const end = token.replace(/[^0-9A-Za-z_-]/g, "").slice(-24);
  return end.length === 24 ? `refresh-${end}` : undefined;
}

/** Asks who is logged in; undefined when nobody is. Rejects when that cannot be found out now. */
async function whoIs(user: ModuleClient<typeof User>): Promise<LoginUser | undefined> {
  try {
    const { userData } = await user.getSelfInfo();
    return { userId: userData.UserID, userName: userData.UserName };
  } catch (error) {
    if (isMqplayError(error) && NOBODY.has(error.code)) return undefined;
    throw error;
  }
}

const NOBODY: ReadonlySet<string> = new Set([
  "needLogin",
  "loginTimeOut",
  "invalidToken",
  "tokenRequired",
  "unauthorized",
]);

/** Tells whether a refused refresh is final: everything else may be otherwise in a while. */
function endsLogin({ code, errorName }: MqplayError): boolean {
  return errorName === User.errors.refreshFailed.name || code === "frozen" || NOBODY.has(code);
}

/** What a store gives comes from outside: another version of the game may have written it. */
function isTokens(value: StoredTokens | undefined): value is StoredTokens {
  if (typeof value !== "object" || value === null) return false;
  const { token, refreshToken, issuedAtMs, expiresAtMs } = value;
  return (
    typeof token === "string" &&
    token.length >= 32 &&
    token.length <= 64 &&
    typeof refreshToken === "string" &&
    Number.isFinite(issuedAtMs) &&
    Number.isFinite(expiresAtMs)
  );
}

/** An AbortController of as much as calls need; mini-game hosts have none. */
function createAbort(): { readonly signal: AbortSignalLike; readonly abort: () => void } {
  const listeners = new Set<() => void>();
  let aborted = false;
  return {
    signal: {
      get aborted() {
        return aborted;
      },
      addEventListener: (_type, listener) => listeners.add(listener),
      removeEventListener: (_type, listener) => listeners.delete(listener),
    },
    abort() {
      aborted = true;
      for (const listener of listeners) listener();
    },
  };
}
