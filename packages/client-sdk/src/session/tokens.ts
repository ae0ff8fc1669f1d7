/**
 * The tokens of a game's logins, read off the answers of the User module: the next connection is made with the newest
 * one, so that its user stays logged in without logging in again. [connect-5]
 */
import { User, type FuncContract } from "@mqplay/shared";

/** Returns what an answer of User says about the token to connect with: a new one, none any more, or nothing. */
export function tokenAfter(
  func: FuncContract,
  response: unknown,
): { readonly token: string | undefined } | undefined {
  switch (func) {
    case User.funcs.login:
      return tokenIn(response);
    case User.funcs.register:
      return tokenIn(property(response, "tokenInfo"));
    case User.funcs.refreshToken:
      return tokenIn(property(response, "tokenData"));
    case User.funcs.logout:
      return { token: undefined };
    default:
      return undefined;
  }
}

function tokenIn(tokens: unknown): { readonly token: string } | undefined {
  const token = property(tokens, "token");
  return typeof token === "string" && token !== "" ? { token } : undefined;
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}
