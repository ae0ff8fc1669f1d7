/**
 * Answers that carry no result message: general states, functions' own errors, and a success that returns nothing.
 */
import {
  States,
  stateNames,
  STATE_OK,
  type Answer,
  type Encoding,
  type ErrorContract,
  type StateName,
} from "@mqplay/shared";
import { clampRetryAfterMs, retryAfterJson, retryAfterProtobuf } from "./retry-after.ts";

/** Protobuf of nothing: the encoders leave it out. [answer-4] */
const NO_BYTES = new Uint8Array(0);

/** What stands as result when a function ran and returned nothing. [answer-3] */
function nothing(encoding: Encoding): string | Uint8Array {
  return encoding === "json" ? "null" : NO_BYTES;
}

const done: Readonly<Record<Encoding, Answer>> = {
  json: { state: STATE_OK, msg: "", result: nothing("json") },
  protobuf: { state: STATE_OK, msg: "", result: nothing("protobuf") },
};

/** Success of a function that returns nothing. */
export function answerNothing(encoding: Encoding): Answer {
  return done[encoding];
}

const beforeRunning: ReadonlyMap<StateName, Answer> = new Map(
  stateNames.map((name) => [name, { ...States[name], result: undefined }]),
);

/** A general state of a call whose function did not run: no result. [answer-3] */
export function answerNotRun(name: StateName): Answer {
  return beforeRunning.get(name) ?? { ...States[name], result: undefined };
}

/** A general state of a call whose function ran. */
export function answerRan(name: StateName, encoding: Encoding): Answer {
  return { ...States[name], result: nothing(encoding) };
}

/** TooManyRequests with how long to wait. */
export function answerBusy(retryAfterMs: number, encoding: Encoding): Answer {
  const ms = clampRetryAfterMs(retryAfterMs);
  const result = encoding === "json" ? retryAfterJson(ms) : retryAfterProtobuf(ms);
  return { ...States.tooManyRequests, result, retryAfterMs: ms };
}

/** A function's own error. */
export function answerError(error: ErrorContract, encoding: Encoding): Answer {
  return { state: error.state, msg: error.msg, result: nothing(encoding) };
}
