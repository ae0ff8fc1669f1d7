/**
 * Logging in without a password: the program itself vouches for the user. No client can reach this; the test server
 * makes its users so, because a hash for each of them would cost more than the tests.
 */
import { randomUUID } from "node:crypto";
import { MqplayError } from "@mqplay/shared";
import { fail } from "../../runtime/fail.ts";
import type { Account } from "../../store/accounts/accounts.ts";
import { accountNameKey, isAccountName } from "../../store/accounts/name-key.ts";
import type { IssuedTokens, LoginCall } from "./logins.ts";
import { NOBODYS_HASH } from "./passwords.ts";
import type { UserRoom } from "./room.ts";

/** A login that was begun for somebody. */
export interface EnteredUser {
  readonly userId: string;
  readonly tokens: IssuedTokens;
}

/**
 * Logs a session in as Login does once the password was right, and makes the account where there is none of that name,
 * with a password that nobody has.
 * @throws MqplayError `invalidArgument` when no account can have the name, `frozen`, and what a login throws
 */
export type Enter = (call: LoginCall, username: string, remoteAddress: string) => Promise<EnteredUser>;

/** Makes the function that lets users in whom the program vouches for. */
export function createEnter(room: UserRoom): Enter {
  return async (call, username, remoteAddress) => {
    const account =
      (await room.accounts.findByName(username)) ?? (await createAccount(room, username, remoteAddress));
    if (account.frozen) throw fail("frozen");
    return { userId: account.id, tokens: await room.logins.begin(call, account) };
  };
}

async function createAccount(room: UserRoom, name: string, remoteAddress: string): Promise<Account> {
  if (!isAccountName(name)) {
    throw new MqplayError("invalidArgument", `no account can have the name ${JSON.stringify(name)}`, {
      path: "username",
    });
  }
  const account: Account = {
    id: randomUUID(),
    name,
    nameKey: accountNameKey(name),
    passwordHash: NOBODYS_HASH,
    phone: undefined,
    openId: undefined,
    createdAtMs: room.clock.nowMs(),
    frozen: false,
  };
  if ((await room.accounts.create(account)) === "taken") {
    const other = await room.accounts.findByName(name);
    if (other === undefined)
      throw fail("storageError", { detail: `account ${name} is taken, and is not there` });
    return other;
  }
  room.callbacks.registered({ userId: account.id, name, remoteAddress });
  return account;
}
