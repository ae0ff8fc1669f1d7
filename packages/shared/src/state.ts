/**
 * State codes: the number that every answer carries. One number, one name.
 *
 * 0 is success; 1, 2, 3 … are a function's own errors, declared in its contract;
 * from 0xff downwards come the general ones below. [state-1], [state-2] of docs/protocol.md.
 */

/** A general state: its wire number, its name in code and the text that goes with it on the wire. */
export interface StateEntry {
  /** The number on the wire. */
  readonly state: number;
  /** The `msg` that an answer with this state carries. */
  readonly msg: string;
}

/** General states by name, exactly as the wire has them. 0xf0 is not used; no number is ever given a second meaning. */
export const States = {
  internal: { state: 0xff, msg: "Internal Server Error" },
  paramParseFail: { state: 0xfe, msg: "Param Parse Fail" },
  paramNotAllow: { state: 0xfd, msg: "Param Not Allow" },
  notFound: { state: 0xfc, msg: "Not Found" },
  unauthorized: { state: 0xfb, msg: "Unauthorized" },
  badRequest: { state: 0xfa, msg: "Bad Request" },
  needLogin: { state: 0xf9, msg: "Need Login first" },
  loginTimeOut: { state: 0xf8, msg: "The client's session has expired and must log in again" },
  unknown: { state: 0xf7, msg: "Error Unknown" },
  frozen: { state: 0xf6, msg: "Frozen" },
  methodNotAllowed: { state: 0xf5, msg: "Method Not Allowed" },
  notAcceptable: { state: 0xf4, msg: "Not Acceptable" },
  requestTimeout: { state: 0xf3, msg: "Request Timeout" },
  invalidToken: { state: 0xf2, msg: "Invalid Token" },
  serverIsDown: { state: 0xf1, msg: "Server Is Down" },
  tokenRequired: { state: 0xef, msg: "Token Required" },
  storageError: { state: 0xee, msg: "SQL ERROR" },
  tooManyRequests: { state: 0xed, msg: "Too Many Requests" },
  payloadTooLarge: { state: 0xec, msg: "Payload Too Large" },
} as const satisfies Record<string, StateEntry>;

/** The name of a general state. */
export type StateName = keyof typeof States;

/** Success. */
export const STATE_OK = 0;

/** What the founding description also calls success; clients take both. */
export const STATE_OK_LEGACY = 200;

/** The lowest general state; below it, states belong to the function that answers. */
export const LOWEST_GENERAL_STATE = 0xec;

/** The names of all general states. */
export const stateNames: readonly StateName[] = Object.keys(States).filter(
  (name): name is StateName => name in States,
);

const nameByState: ReadonlyMap<number, StateName> = new Map(
  stateNames.map((name) => [States[name].state, name]),
);

/** Returns the name of a general state, or undefined when the number is success or a function's own error. */
export function stateName(state: number): StateName | undefined {
  return nameByState.get(state);
}

/** Tells whether an answer with this state is a success: 0, or the 200 that the founding text also allows. */
export function isSuccess(state: number): boolean {
  return state === STATE_OK || state === STATE_OK_LEGACY;
}
