/**
 * SendForgotPasswordVrifyCode: sends a code for a new password, if the number has an account. Whether it has one is
 * not told: the answer is the same, and does not wait for the sending. [user-5]
 */
import type { User } from "@mqplay/shared";
import type { Handlers } from "../../runtime/define-module.ts";
import { checkPhoneNumber, prepareCode, requireCodes } from "./codes.ts";
import type { UserRoom } from "./room.ts";

type SendForgotPasswordVrifyCodeHandler = Handlers<typeof User>["sendForgotPasswordVrifyCode"];

/** How long a sending may go on after its call has been answered, in ms. */
const SENDING_LIMIT_MS = 10_000;

/** Makes the handler of SendForgotPasswordVrifyCode. */
export function createSendForgotPasswordVrifyCode(room: UserRoom): SendForgotPasswordVrifyCodeHandler {
  return async (call, { phoneNumber }) => {
    checkPhoneNumber(phoneNumber);
    const { codes, codeSender } = requireCodes(room);
    const message = await prepareCode(codes, call, phoneNumber, "password");
    const account = await room.accounts.findByPhone(phoneNumber);
    if (account !== undefined) {
      codeSender.send(message, AbortSignal.timeout(SENDING_LIMIT_MS)).catch((error: unknown) => {
        call.log.error({ err: error }, "A code for a forgotten password could not be sent");
      });
    }
    return {};
  };
}
