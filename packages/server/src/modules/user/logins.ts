/**
 * How a login begins, is found again by its token, and ends: tokens first, then sessions, so that nothing that was
 * ended can be resumed. A login that comes to nothing leaves no token behind.
 */
import { randomUUID } from "node:crypto";
import type { Identity } from "../../runtime/caller.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { CallContext } from "../../runtime/context.ts";
import { fail } from "../../runtime/fail.ts";
import type { LoginOutcome, Sessions } from "../../runtime/sessions.ts";
import type { Account } from "../../store/accounts/accounts.ts";
import { hashToken, type TokenPair, type TokenStore } from "../../store/tokens/tokens.ts";
import type { CallbackCaller } from "./callbacks.ts";
import type { ResolvedUserOptions } from "./options.ts";
import type { Profiles } from "./profiles.ts";
import { createToken } from "./tokens.ts";

/** The tokens of a login, as its client gets them. */
export interface IssuedTokens {
  readonly token: string;
  readonly refreshToken: string;
  /** How long the access token is valid, in seconds. The Go server says 0 on Register; ours says it there too. */
  readonly expireAt: number;
}

/** What a login needs to know of whom it is for. */
export type LoginCall = Pick<CallContext, "via" | "sessionId" | "signal">;

/** What {@link Logins} works with. */
export interface LoginsDeps {
  readonly tokens: TokenStore;
  readonly sessions: Sessions;
  readonly profiles: Profiles;
  readonly callbacks: CallbackCaller;
  readonly clock: Clock;
}

/** Begins, finds and ends logins. */
export class Logins {
  readonly #deps: LoginsDeps;
  readonly #options: ResolvedUserOptions;

  constructor(deps: LoginsDeps, options: ResolvedUserOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /**
   * Logs the calling session in. Under `kick` it ends the account's other logins, here and in the token store.
   * @throws MqplayError `notAcceptable` when the account is logged in elsewhere and the policy is `refuse`, or when
   * another login of the account came in between and is the one that counts
   */
  async begin(call: LoginCall, account: Account): Promise<IssuedTokens> {
    const { sessions, tokens, profiles, callbacks } = this.#deps;
    const sessionId = sessionOf(call);
    const userId = account.id;
    if (sessions.singleLogin === "refuse" && (await sessions.isOnline(userId, sessionId))) throw elsewhere();
    // Whoever is gone by now gets no tokens, and ends nobody's.
    call.signal.throwIfAborted();
    const mark = sessions.markLogin();
    const loginId = randomUUID();
    const { issued, pair } = this.#createPair();
    const endOthers = sessions.singleLogin === "kick";
    const { endedLoginIds } = await tokens.issue({ userId, loginId, endOthers, ...pair });
    const identity: Identity = { userId, loginId, expiresAtMs: this.#sessionEndMs() };
    sessions.stampLogin(identity, mark);
    const bound = await this.#bind(sessionId, identity, endedLoginIds);
    if (bound.outcome !== "bound") {
      await tokens.endLogin(userId, loginId);
      throw elsewhere(bound.outcome);
    }
    profiles.put(account);
    if (sessionId === undefined) callbacks.loggedIn(undefined, identity);
    const { former } = bound;
    // Mostly it has ended with the others: of the same account, and then it costs no round trip of its own.
    if (former !== undefined && !endedLoginIds.includes(former.loginId))
      await tokens.endLogin(former.userId, former.loginId);
    // Under `allow` the oldest of too many logins ended; under `kick` binding has closed their connections already.
    if (!endOthers) for (const ended of endedLoginIds) await sessions.endLogin(userId, ended);
    return issued;
  }

  /** Finds the login of an access token; undefined when it is none, or its account is frozen or gone. */
  async resolve(token: string): Promise<Identity | undefined> {
    const { sessions, tokens, profiles } = this.#deps;
    const mark = sessions.markLogin();
    const grant = await tokens.findAccess(hashToken(token));
    if (grant === undefined) return undefined;
    const profile = await profiles.get(grant.userId);
    if (profile === undefined || profile.frozen) return undefined;
    const { userId, loginId, expiresAtMs } = grant;
    const identity = { userId, loginId, expiresAtMs: Math.min(expiresAtMs, this.#sessionEndMs()) };
    sessions.stampLogin(identity, mark);
    return identity;
  }

  /**
   * Exchanges a refresh token for new tokens, and gives the calling session its time anew if it is of that login.
   * Returns undefined when the token is none, or is used for the second time: then its whole login ends.
   */
  async refresh(call: CallContext, refreshToken: string): Promise<IssuedTokens | undefined> {
    const { sessions, tokens, profiles } = this.#deps;
    const { issued, pair } = this.#createPair();
    const rotation = await tokens.rotate(hashToken(refreshToken), pair);
    if (rotation.kind === "unknown") return undefined;
    const { userId, loginId } = rotation;
    if (rotation.kind === "reused") {
      call.log.warn({ owner: userId, login: loginId }, "A refresh token was used twice: its login was ended");
      await sessions.endLogin(userId, loginId, { openSessionId: sessionOf(call) });
      return undefined;
    }
    const profile = await profiles.get(userId);
    if (profile === undefined || profile.frozen) {
      await this.endLogin(call, userId, loginId);
      throw fail(profile === undefined ? "needLogin" : "frozen");
    }
    const sessionId = sessionOf(call);
    if (sessionId !== undefined) {
      await sessions.renew(sessionId, { userId, loginId, expiresAtMs: this.#sessionEndMs() });
    }
    return issued;
  }

  /** Ends one login: its tokens and its connections. The caller's lives on, for its answer is due. */
  async endLogin(call: CallContext, userId: string, loginId: string): Promise<void> {
    await this.#deps.tokens.endLogin(userId, loginId);
    await this.#deps.sessions.endLogin(userId, loginId, { openSessionId: sessionOf(call) });
  }

  /** Ends all logins of a user, but one if named, as {@link Logins.endLogin} does. */
  async endUser(call: CallContext | undefined, userId: string, exceptLoginId?: string): Promise<void> {
    const openSessionId = call && sessionOf(call);
    await this.#deps.tokens.endUser(userId, exceptLoginId);
    await this.#deps.sessions.endUser(userId, { exceptLoginId, openSessionId });
  }

  async #bind(
    sessionId: string | undefined,
    identity: Identity,
    displaced: readonly string[],
  ): Promise<LoginOutcome> {
    try {
      return await this.#deps.sessions.login(sessionId, identity, displaced);
    } catch (error) {
      await this.#deps.tokens.endLogin(identity.userId, identity.loginId);
      throw error;
    }
  }

  #createPair(): { readonly issued: IssuedTokens; readonly pair: TokenPair } {
    const { accessTokenTtlMs, refreshTokenTtlMs } = this.#options;
    const token = createToken();
    const refreshToken = createToken();
    return {
      issued: { token, refreshToken, expireAt: Math.floor(accessTokenTtlMs / 1_000) },
      pair: {
        accessHash: hashToken(token),
        accessTtlMs: accessTokenTtlMs,
        refreshHash: hashToken(refreshToken),
        refreshTtlMs: refreshTokenTtlMs,
      },
    };
  }

  #sessionEndMs(): number {
    return this.#deps.clock.nowMs() + this.#options.sessionTtlMs;
  }
}

/** A call by HTTP has no connection that a login could be bound to. */
function sessionOf(call: LoginCall): string | undefined {
  return call.via === "http" ? undefined : call.sessionId;
}

/** The table of states has none for it: the login is right, and not acceptable now. */
function elsewhere(outcome = "refused"): Error {
  return fail("notAcceptable", { detail: `the login was not bound to its session: ${outcome}` });
}
