/**
 * Which HTTP status goes with which state. [http-1]
 */
import { isSuccess, stateName, type StateName } from "@mqplay/shared";

const STATUS_BY_STATE = {
  internal: 500,
  paramParseFail: 400,
  paramNotAllow: 400,
  notFound: 404,
  unauthorized: 403,
  badRequest: 400,
  needLogin: 401,
  loginTimeOut: 401,
  unknown: 500,
  frozen: 403,
  methodNotAllowed: 405,
  notAcceptable: 406,
  requestTimeout: 504, // not 408: browsers send a request again by themselves on that
  invalidToken: 401,
  serverIsDown: 503,
  tokenRequired: 401,
  storageError: 503,
  tooManyRequests: 429,
  payloadTooLarge: 413,
} as const satisfies Record<StateName, number>;

/** A function's own error: the request was understood, and the answer is no. */
const STATUS_OF_FUNCTION_ERROR = 422;

/** Returns the HTTP status of an answer. */
export function statusOf(state: number): number {
  if (isSuccess(state)) return 200;
  const name = stateName(state);
  return name === undefined ? STATUS_OF_FUNCTION_ERROR : STATUS_BY_STATE[name];
}
