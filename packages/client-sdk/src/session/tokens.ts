/**
 * The tokens of a game's logins, read off the answers of the User module: the next connection is made with the newest
 * one, so that its user stays logged in without logging in again. [connect-5]
 */
import { User, type FuncContract } from "@mqplay/shared";

/** What a login, a registration or a refresh gave. */
export interface IssuedTokens {
  readonly token: string;
  readonly refreshToken: string;
  /** How long the access token is valid, in s; 0 where the server does not say. [user-2] */
  readonly expireAt: number;
  /** Whose they are; only registering says it. */
  readonly userId: string | undefined;
}

/** Returns what an answer of User says about the login: new tokens, none any more (`tokens` is undefined), or nothing. */
export function tokensAfter(
  func: FuncContract,
  response: unknown,
): { readonly tokens: IssuedTokens | undefined } | undefined {
  switch (func) {
    case User.funcs.login:
      return tokensIn(response, undefined);
    case User.funcs.register:
      return tokensIn(property(response, "tokenInfo"), property(response, "result"));
    case User.funcs.refreshToken:
      return tokensIn(property(response, "tokenData"), undefined);
    case User.funcs.logout:
      return { tokens: undefined };
    default:
      return undefined;
  }
}

function tokensIn(value: unknown, userId: unknown): { readonly tokens: IssuedTokens } | undefined {
  const token = property(value, "token");
  const refreshToken = property(value, "refreshToken");
  const expireAt = property(value, "expireAt");
  if (typeof token !== "string" || token === "") return undefined;
  return {
    tokens: {
      token,
      refreshToken: typeof refreshToken === "string" ? refreshToken : "",
      expireAt: typeof expireAt === "number" ? expireAt : 0,
      userId: typeof userId === "string" ? userId : undefined,
    },
  };
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
