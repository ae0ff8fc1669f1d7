/**
 * Register: makes an account and logs the connection in. [user-4]
 */
import { randomUUID } from "node:crypto";
import { User } from "@mqplay/shared";
import { fail } from "../../runtime/fail.ts";
import type { Handlers } from "../../runtime/define-module.ts";
import type { Account } from "../../store/accounts/accounts.ts";
import { accountNameKey } from "../../store/accounts/name-key.ts";
import { checkPhoneNumber, requireCodes } from "./codes.ts";
import { knowAddress } from "./lockout.ts";
import type { UserRoom } from "./room.ts";
import { isNameAllowed, isPasswordAllowed } from "./rules.ts";

type RegisterHandler = Handlers<typeof User>["register"];

/** Makes the handler of Register. */
export function createRegister(room: UserRoom): RegisterHandler {
  return async (call, { username, password, verifyCode, openId }) => {
    const { accounts, passwords, logins, attempts, callbacks, clock, options } = room;
    if (!isNameAllowed(username) || !isPasswordAllowed(password))
      throw fail(User.errors.nameOrPasswordTooShort);
    const byCode = options.verification === "code";
    if (byCode) await useCode(room, username, verifyCode ?? "");
    // Before the hash, which is what registering costs; `create` decides among those who race.
    if ((await accounts.findByName(username)) !== undefined) throw fail(User.errors.accountTaken);
    const account: Account = {
      id: randomUUID(),
      name: username,
      nameKey: accountNameKey(username),
      passwordHash: await passwords.hash(password, call.signal),
      // Only a number that was verified: codes for this account are sent there.
      phone: byCode ? username : undefined,
      openId: openId === "" ? undefined : openId,
      createdAtMs: clock.nowMs(),
      frozen: false,
    };
    if ((await accounts.create(account)) === "taken") throw fail(User.errors.accountTaken);
    callbacks.registered({ userId: account.id, name: username, remoteAddress: call.remoteAddress });
    // Side by side: one round trip to the store of sessions.
    const [tokenInfo] = await Promise.all([
      logins.begin(call, account),
      knowAddress(attempts, call, username),
    ]);
    return { result: account.id, tokenInfo };
  };
}

/** The name is a phone number, and the code was sent to it. */
async function useCode(room: UserRoom, phoneNumber: string, code: string): Promise<void> {
  checkPhoneNumber(phoneNumber);
  const { codes } = requireCodes(room);
  const verdict = await codes.consume({ number: phoneNumber, purpose: "register", code });
  if (verdict !== "match") throw fail(User.errors.wrongRegisterCode);
}
