/**
 * ChangePasswordByPassword: a new password for whoever knows the old one. The login that did it goes on; all others of
 * the account end.
 */
import { User } from "@mqplay/shared";
import { fail } from "../../runtime/fail.ts";
import type { CallContext } from "../../runtime/context.ts";
import type { Handlers } from "../../runtime/define-module.ts";
import type { Account } from "../../store/accounts/accounts.ts";
import { beginAttempt } from "./lockout.ts";
import type { UserRoom } from "./room.ts";
import { isPasswordAllowed } from "./rules.ts";

type ChangePasswordByPasswordHandler = Handlers<typeof User>["changePasswordByPassword"];

/** Makes the handler of ChangePasswordByPassword. */
export function createChangePasswordByPassword(room: UserRoom): ChangePasswordByPasswordHandler {
  return async (call, { oldPassword, newPassword }) => {
    const { accounts, passwords, logins } = room;
    const { userId, loginId } = call.user;
    const account = await accounts.findById(userId);
    if (account === undefined) throw fail("needLogin");
    await checkOldPassword(room, call, account, oldPassword);
    if (!isPasswordAllowed(newPassword)) throw fail(User.errors.badNewPassword);
    const passwordHash = await passwords.hash(newPassword, call.signal);
    const changed = await accounts.setPassword(userId, passwordHash, { ifHash: account.passwordHash });
    // Somebody else has changed it since: the old one is not the old one any more.
    if (!changed) throw fail(User.errors.wrongOldPassword);
    await logins.endUser(call, userId, loginId);
    return { isSuccess: true };
  };
}

/** Whoever sits at a connection that was left open guesses no faster than at Login. */
async function checkOldPassword(
  room: UserRoom,
  call: CallContext,
  account: Account,
  password: string,
): Promise<void> {
  const attempt = await beginAttempt(room.attempts, call, account.name);
  let matches = false;
  try {
    ({ matches } = await room.passwords.verify(password, account.passwordHash, call.signal));
  } catch (error) {
    await attempt.abandon();
    throw error;
  }
  if (!matches) {
    await attempt.fail();
    throw fail(User.errors.wrongOldPassword);
  }
  await attempt.succeed();
}
