/**
 * CheckVerifyCodeAvailable: whether a code is right, without using it up, and whether its number has an account.
 * It is asked before registering and before changing a forgotten password, so a code for either will do.
 */
import { User } from "@mqplay/shared";
import { fail } from "../../runtime/fail.ts";
import type { Handlers } from "../../runtime/define-module.ts";
import type { CodeStore } from "../../store/codes/codes.ts";
import { checkPhoneNumber, requireCodes } from "./codes.ts";
import type { UserRoom } from "./room.ts";

type CheckVerifyCodeAvailableHandler = Handlers<typeof User>["checkVerifyCodeAvailable"];

/** Makes the handler of CheckVerifyCodeAvailable. */
export function createCheckVerifyCodeAvailable(room: UserRoom): CheckVerifyCodeAvailableHandler {
  return async (_call, { phoneNumber, verifyCode }) => {
    checkPhoneNumber(phoneNumber);
    const { codes } = requireCodes(room);
    if (!(await isRight(codes, phoneNumber, verifyCode))) throw fail(User.errors.verifyCodeCheckFailed);
    const { accounts } = room;
    const owner = (await accounts.findByPhone(phoneNumber)) ?? (await accounts.findByName(phoneNumber));
    return { isAvalible: true, isAccountTaken: owner !== undefined };
  };
}

async function isRight(codes: CodeStore, number: string, code: string): Promise<boolean> {
  for (const purpose of ["register", "password"] as const) {
    if ((await codes.check({ number, purpose, code })) === "match") return true;
  }
  return false;
}
