/**
 * How a code is made and sent: within the limits, stored before it leaves.
 */
import { randomInt } from "node:crypto";
import type { CallContext } from "../../runtime/context.ts";
import { fail } from "../../runtime/fail.ts";
import { User } from "@mqplay/shared";
import type { CodePurpose, CodeStore } from "../../store/codes/codes.ts";
import type { CodeMessage, CodeSender } from "./code-sender.ts";
import { isPhoneNumber } from "./rules.ts";
import type { UserRoom } from "./room.ts";

const CODE_DIGITS = 6;

/** What functions that deal in codes need. */
export interface CodeService {
  readonly codes: CodeStore;
  readonly codeSender: CodeSender;
}

/**
 * Returns what codes need.
 * @throws MqplayError `serverIsDown` where the server sends none, as the Go server answers [user-5]
 */
export function requireCodes({ codes, codeSender }: UserRoom): CodeService {
  if (codes === undefined || codeSender === undefined) {
    throw fail("serverIsDown", { detail: "this server is not configured to send codes" });
  }
  return { codes, codeSender };
}

/** @throws MqplayError `paramNotAllow` when a text is no phone number [user-5] */
export function checkPhoneNumber(text: string): void {
  if (!isPhoneNumber(text)) throw fail("paramNotAllow", { detail: "a phone number has at least 11 digits" });
}

/**
 * Makes a code and stores it, unless a limit forbids it.
 * @throws the function's error `verifySendTooBusy` within a minute of the last one, or beyond the day's limits
 */
export async function prepareCode(
  codes: CodeStore,
  call: CallContext,
  phoneNumber: string,
  purpose: CodePurpose,
): Promise<CodeMessage> {
  const verdict = await codes.reserveSending(phoneNumber, call.remoteAddress);
  if (verdict.kind === "refused") throw fail(User.errors.verifySendTooBusy);
  const code = String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, "0");
  await codes.put({ number: phoneNumber, purpose, code });
  return { phoneNumber, code, purpose };
}
