/**
 * GetVerifyCode: sends a code to a phone number that wants to register. [user-5]
 */
import type { User } from "@mqplay/shared";
import { fail } from "../../runtime/fail.ts";
import type { Handlers } from "../../runtime/define-module.ts";
import { checkPhoneNumber, prepareCode, requireCodes } from "./codes.ts";
import type { UserRoom } from "./room.ts";

type GetVerifyCodeHandler = Handlers<typeof User>["getVerifyCode"];

/** Makes the handler of GetVerifyCode. */
export function createGetVerifyCode(room: UserRoom): GetVerifyCodeHandler {
  return async (call, { phoneNumber }) => {
    checkPhoneNumber(phoneNumber);
    const { codes, codeSender } = requireCodes(room);
    const message = await prepareCode(codes, call, phoneNumber, "register");
    try {
      await codeSender.send(message, call.signal);
    } catch (error) {
      throw fail("serverIsDown", { detail: "a code could not be sent", cause: error });
    }
    return {};
  };
}
