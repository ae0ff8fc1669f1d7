/**
 * A module for the tests, number 11, whose functions do what the User module cannot be made to do:
 * throw, be late or a little slow, return nothing, return an empty message, say who calls.
 */
import { fail, implement, type ServerModule } from "@mqplay/server";
import { defineMessage, type FuncContract, type MessageType } from "@mqplay/shared";

/** What a handler throws; it must never be seen on the wire. */
export const SECRET_TEXT = "the database password is hunter2";

/** How long the function `Never` may take, in ms. */
export const NEVER_TIMEOUT_MS = 200;

/** A message with one field, text=1, at most 127 bytes. */
interface Text {
  readonly text: string;
}

const textMessage: MessageType<Text> = defineMessage("Probe_Text", [
  { number: 1, name: "text", type: "string", maxLen: 127 },
]);

const refused = { state: 1, name: "refused", msg: "Refused" };

function func<Q, S>(
  name: string,
  number: number,
  request: MessageType<Q> | null,
  response: MessageType<S> | null,
  access: FuncContract["access"] = "public",
) {
  return { name, number, request, response, access, idempotent: false, sticky: null, errors: [refused] };
}

/** The probe's contract, number 11. */
const contract = {
  name: "Probe",
  number: 11,
  funcs: {
    echo: { ...func("Echo", 1, textMessage, textMessage), request: textMessage, response: textMessage },
    throws: { ...func("Throws", 2, null, null), request: null, response: null },
    never: { ...func("Never", 3, null, null), request: null, response: null },
    nothing: { ...func("Nothing", 4, null, null), request: null, response: null },
    empty: { ...func("Empty", 5, null, textMessage), request: null, response: textMessage },
    whoAmI: { ...func("WhoAmI", 6, null, textMessage), request: null, response: textMessage },
    userOnly: {
      ...func("UserOnly", 7, null, textMessage),
      request: null,
      response: textMessage,
      access: "user" as const,
    },
    internalOnly: {
      ...func("InternalOnly", 8, null, null),
      request: null,
      response: null,
      access: "internal" as const,
    },
    later: { ...func("Later", 10, null, null), request: null, response: null },
    refuses: { ...func("Refuses", 9, null, null), request: null, response: null },
  },
  pushes: {},
  errors: { refused },
} as const;

/** How often `UserOnly` has run: it must not when nobody is logged in. */
export const runs = { userOnly: 0 };

export const probeModule: ServerModule = implement(
  contract,
  {
    echo: (_call, { text }) => ({ text }),
    throws: () => {
      throw new Error(SECRET_TEXT);
    },
    later: () => new Promise<void>((resolve) => setTimeout(resolve, 2)),
    never: () => new Promise<void>(() => undefined),
    nothing: () => undefined,
    empty: () => ({ text: "" }),
    whoAmI: (call) => ({ text: call.caller }),
    userOnly: (call) => {
      runs.userOnly += 1;
      return { text: call.user.userId };
    },
    internalOnly: () => undefined,
    refuses: () => {
      throw fail(refused);
    },
  },
  { limits: { never: { timeoutMs: NEVER_TIMEOUT_MS } } },
);
