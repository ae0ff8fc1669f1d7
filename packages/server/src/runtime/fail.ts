/**
 * How a handler says no.
 */
import { MqplayError, States, type ErrorContract, type StateName } from "@mqplay/shared";

/** What goes with a failure. */
export interface FailOptions {
  /** How long to wait before another try, in ms: told to the client with `tooManyRequests`, see retry-after.ts. */
  readonly retryAfterMs?: number;
  /** What happened, for the log; the client never sees it. @default the error's own text */
  readonly detail?: string;
  /** The underlying error, for the log. */
  readonly cause?: unknown;
}

/**
 * Makes the error that a handler throws to answer with an error of its contract or a general state:
 * `throw fail(Arena.errors.roomFull)`, `throw fail("tooManyRequests", { retryAfterMs: 60_000 })`.
 */
export function fail(error: ErrorContract | StateName, options: FailOptions = {}): MqplayError {
  const { cause, retryAfterMs } = options;
  if (typeof error === "string") {
    const { state, msg } = States[error];
    return new MqplayError(error, options.detail ?? msg, { cause, retryAfterMs, state });
  }
  return new MqplayError("functionError", options.detail ?? error.msg, {
    cause,
    retryAfterMs,
    state: error.state,
    errorName: error.name,
  });
}
