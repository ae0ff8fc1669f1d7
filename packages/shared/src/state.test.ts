import { expect, test } from "vitest";
import recorded from "../../../test/vectors/classic.json" with { type: "json" };
import { codeOfState } from "./errors.ts";
import { isSuccess, LOWEST_GENERAL_STATE, stateName, States } from "./state.ts";

/** The table of docs/protocol.md, in its order. [state-2] */
const table = [
  [0xff, "Internal", "Internal Server Error"],
  [0xfe, "ParamParseFail", "Param Parse Fail"],
  [0xfd, "ParamNotAllow", "Param Not Allow"],
  [0xfc, "NotFound", "Not Found"],
  [0xfb, "Unauthorized", "Unauthorized"],
  [0xfa, "BadRequest", "Bad Request"],
  [0xf9, "NeedLogin", "Need Login first"],
  [0xf8, "LoginTimeOut", "The client's session has expired and must log in again"],
  [0xf7, "Unknown", "Error Unknown"],
  [0xf6, "Frozen", "Frozen"],
  [0xf5, "MethodNotAllowed", "Method Not Allowed"],
  [0xf4, "NotAcceptable", "Not Acceptable"],
  [0xf3, "RequestTimeout", "Request Timeout"],
  [0xf2, "InvalidToken", "Invalid Token"],
  [0xf1, "ServerIsDown", "Server Is Down"],
  [0xef, "TokenRequired", "Token Required"],
  [0xee, "StorageError", "SQL ERROR"],
  [0xed, "TooManyRequests", "Too Many Requests"],
  [0xec, "PayloadTooLarge", "Payload Too Large"],
];

test("the general states are those of the wire, all of them and in its order [state-2]", () => {
  const ours = Object.entries(States).map(([name, { state, msg }]) => [
    state,
    name[0]?.toUpperCase() + name.slice(1),
    msg,
  ]);
  expect(ours).toEqual(table);
});

test("the general states agree with those that the old server has, blanks at the end apart [state-2]", () => {
  const known = recorded.errorCodes.filter(
    ({ code, name }) => code >= 0xec && code <= 0xff && name !== "ErrSMSSendFail",
  );
  expect(known.length).toBe(17);
  const msgs = new Map(Object.values(States).map(({ state, msg }): [number, string] => [state, msg]));
  for (const { code, msg } of known) expect(msgs.get(code)).toBe(msg.trim());
});

test("0 and 200 are success, nothing else is [state-1]", () => {
  const successes = Array.from({ length: 257 }, (_, state) => state).filter(isSuccess);
  expect(successes).toEqual([0, 200]);
  expect(isSuccess(-1)).toBe(false);
});

test("a state below the general ones belongs to the function that answers [state-1]", () => {
  expect(stateName(0xf9)).toBe("needLogin");
  expect(codeOfState(0xf9)).toBe("needLogin");
  expect([1, 2, 3, 148, LOWEST_GENERAL_STATE - 1, 0xf0].map(codeOfState)).toEqual(
    Array(6).fill("functionError"),
  );
  expect(Math.min(...Object.values(States).map(({ state }) => state))).toBe(LOWEST_GENERAL_STATE);
});
