/**
 * Login: a name and a password for a login on this connection. An unknown name and a wrong password are answered
 * alike, after the same work.
 */
import { User } from "@mqplay/shared";
import { fail } from "../../runtime/fail.ts";
import type { CallContext } from "../../runtime/context.ts";
import type { Handlers } from "../../runtime/define-module.ts";
import type { Account } from "../../store/accounts/accounts.ts";
import { beginAttempt } from "./lockout.ts";
import type { UserRoom } from "./room.ts";

type LoginHandler = Handlers<typeof User>["login"];

/** Makes the handler of Login. */
export function createLogin(room: UserRoom): LoginHandler {
  return async (call, { username, password }) => {
    const { accounts, passwords, logins, attempts } = room;
    const attempt = await beginAttempt(attempts, call, username);
    let account: Account | undefined;
    let right = false;
    let outdated = false;
    try {
      account = await accounts.findByName(username);
      const verdict = await passwords.verify(password, account?.passwordHash, call.signal);
      right = verdict.matches;
      ({ outdated } = verdict);
    } catch (error) {
      await attempt.abandon();
      throw error;
    }
    if (account === undefined || !right) {
      await attempt.fail();
      throw fail(User.errors.wrongCredentials);
    }
    if (account.frozen) {
      await attempt.abandon();
      throw fail("frozen");
    }
    // Side by side: a login costs two round trips to the store of sessions, not three.
    const [tokens] = await Promise.all([logins.begin(call, account), attempt.succeed()]);
    if (outdated) await renewHash(room, call, account, password);
    return tokens;
  };
}

/** Replaces a hash that is made as none is made any more. The login is as good without it. */
async function renewHash(
  room: UserRoom,
  call: CallContext,
  account: Account,
  password: string,
): Promise<void> {
  try {
    const passwordHash = await room.passwords.hash(password, call.signal);
    await room.accounts.setPassword(account.id, passwordHash, { ifHash: account.passwordHash });
  } catch (error) {
    call.log.warn({ err: error }, "An outdated password hash was not replaced; the next login tries again");
  }
}
