/**
 * Logout: ends the login of this connection, its tokens, and other connections of the same login. [user-4]
 */
import type { User } from "@mqplay/shared";
import type { Handlers } from "../../runtime/define-module.ts";
import type { UserRoom } from "./room.ts";

type LogoutHandler = Handlers<typeof User>["logout"];

/** Makes the handler of Logout. */
export function createLogout({ logins }: UserRoom): LogoutHandler {
  return async (call) => await logins.endLogin(call, call.user.userId, call.user.loginId);
}
