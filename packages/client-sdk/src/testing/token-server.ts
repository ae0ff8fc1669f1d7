/**
 * What the User module does with tokens, for tests in memory: logins, refresh tokens that work once, sessions that end.
 */
import { States, User, type Answer, type Call, type StateName } from "@mqplay/shared";
import type { Clock } from "../clock.ts";
import type { MemoryConnection, MemoryHandler } from "./memory-server.ts";

/** How the server gives tokens. */
export interface TokenServerOptions {
  /** Life of an access token, in s. @default 604800 */
  readonly accessS?: number;
  /** Life of a session's login, in ms. @default 43200000 */
  readonly sessionMs?: number;
}

/** The tokens of a server in memory: `new MemoryServer({ handler: tokens.handler })`. */
export class TokenServer {
  /** Access tokens that log a connection in, and when they end. */
  readonly valid = new Map<string, number>();
  /** Calls of RefreshToken that ran, by the token that they used. */
  readonly refreshed: string[] = [];
  /** True once a refresh token was used twice: the login is over. */
  isBurnt = false;
  /** What the next refresh is answered instead of running. */
  refusal: StateName | undefined;
  #current = "";
  #made = 0;
  readonly #clock: Clock;
  readonly #options: Required<TokenServerOptions>;
  readonly #sessions = new WeakMap<MemoryConnection, number>();
  readonly #answered = new Map<string, Answer>();

  constructor(clock: Clock, options: TokenServerOptions = {}) {
    this.#clock = clock;
    this.#options = { accessS: 604_800, sessionMs: 43_200_000, ...options };
  }

  /** Answers the User module's calls. */
  readonly handler: MemoryHandler = (call, connection) => {
    if (call.encoding !== "json") return fail("notFound");
    const repeated = call.once === undefined ? undefined : this.#answered.get(call.once);
    if (repeated !== undefined && this.#isLoggedIn(connection) === true) return repeated;
    const answer = this.#run(call, connection);
    if (call.once !== undefined && this.#isLoggedIn(connection) === true)
      this.#answered.set(call.once, answer);
    return answer;
  };

  /** Gives tokens as a login does. */
  issue(): { token: string; refreshToken: string; expireAt: number } {
    const { accessS } = this.#options;
    const number = String(++this.#made);
    const token = `access${number}`.padEnd(43, "a");
    this.#current = `refresh${number}`.padStart(43, "r");
    this.valid.set(token, this.#clock.now() + accessS * 1_000);
    return { token, refreshToken: this.#current, expireAt: accessS };
  }

  /** Ends every token, as when the player's login was ended elsewhere. */
  endAll(): void {
    this.valid.clear();
    this.#current = "";
  }

  #isLoggedIn(connection: MemoryConnection): boolean | "timedOut" {
    const now = this.#clock.now();
    const ends = this.#sessions.get(connection);
    if (ends !== undefined) return ends > now ? true : "timedOut";
    if ((this.valid.get(connection.clientId) ?? 0) <= now) return false;
    this.#sessions.set(connection, now + this.#options.sessionMs);
    return true;
  }

  #run(call: Call, connection: MemoryConnection): Answer {
    const loggedIn = this.#isLoggedIn(connection);
    const params = call.encoding === "json" ? call.params : {};
    switch (call.func) {
      case "Login":
        this.#sessions.set(connection, this.#clock.now() + this.#options.sessionMs);
        return success(this.issue());
      case "RefreshToken": {
        if (this.refusal !== undefined) return fail(this.refusal);
        const { refresh_token } = User.funcs.refreshToken.request.fromJson(params);
        this.refreshed.push(refresh_token);
        if (refresh_token !== this.#current) {
          this.isBurnt ||= refresh_token.includes("refresh");
          this.endAll();
          return { state: 1, msg: "refresh failed", result: "null" };
        }
        for (const [token, ends] of this.valid)
          this.valid.set(token, Math.min(ends, this.#clock.now() + 60_000));
        if (loggedIn !== false) this.#sessions.set(connection, this.#clock.now() + this.#options.sessionMs);
        return success({ tokenData: this.issue() });
      }
      case "Logout":
        this.#sessions.set(connection, 0);
        this.endAll();
        return success(null);
      default:
        if (loggedIn === "timedOut") return fail("loginTimeOut");
        if (!loggedIn) return fail("needLogin");
        return success({ userData: { UserName: "me", UserID: "id" } });
    }
  }
}

function success(result: unknown): Answer {
  return { state: 0, msg: "", result: JSON.stringify(result) };
}

function fail(name: StateName): Answer {
  return { ...States[name], result: undefined };
}
