/**
 * RefreshToken: new tokens for a refresh token, which works once. [user-3]
 */
import { User } from "@mqplay/shared";
import { fail } from "../../runtime/fail.ts";
import type { Handlers } from "../../runtime/define-module.ts";
import type { UserRoom } from "./room.ts";

type RefreshTokenHandler = Handlers<typeof User>["refreshToken"];

/** Makes the handler of RefreshToken. */
export function createRefreshToken({ logins }: UserRoom): RefreshTokenHandler {
  return async (call, { refresh_token }) => {
    const tokenData = await logins.refresh(call, refresh_token);
    if (tokenData === undefined) throw fail(User.errors.refreshFailed);
    return { tokenData };
  };
}
