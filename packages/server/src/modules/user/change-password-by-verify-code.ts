/**
 * ChangePasswordByVerifyCode: a new password for whoever has the code that was sent to the account's number. All
 * logins of the account end: whoever knew the old password is out.
 */
import { User } from "@mqplay/shared";
import { fail } from "../../runtime/fail.ts";
import type { Handlers } from "../../runtime/define-module.ts";
import { checkPhoneNumber, requireCodes } from "./codes.ts";
import type { UserRoom } from "./room.ts";
import { isPasswordAllowed } from "./rules.ts";

type ChangePasswordByVerifyCodeHandler = Handlers<typeof User>["changePasswordByVerifyCode"];

/** Makes the handler of ChangePasswordByVerifyCode. */
export function createChangePasswordByVerifyCode(room: UserRoom): ChangePasswordByVerifyCodeHandler {
  return async (call, { phoneNumber, verifyCode, password }) => {
    const { accounts, passwords, logins } = room;
    checkPhoneNumber(phoneNumber);
    // Before the code is used up. The function has no error of its own for it.
    if (!isPasswordAllowed(password))
      throw fail("paramNotAllow", { detail: "the new password is not allowed" });
    const { codes } = requireCodes(room);
    const verdict = await codes.consume({ number: phoneNumber, purpose: "password", code: verifyCode });
    if (verdict !== "match") throw fail(User.errors.wrongVerifyCode);
    const account = await accounts.findByPhone(phoneNumber);
    if (account === undefined) throw fail(User.errors.noSuchUser);
    await accounts.setPassword(account.id, await passwords.hash(password, call.signal));
    await logins.endUser(call, account.id);
    return { isSuccess: true };
  };
}
