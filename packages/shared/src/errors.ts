/**
 * The one error class that both ends throw: what went wrong as a code, what to do as a message.
 */
import { stateName, type StateName } from "./state.ts";

/**
 * What kind of failure it is.
 *
 * - the names of the general states: the peer answered so, or this end will;
 * - `functionError`: the function answered with an error of its own, see `state`;
 * - the rest never travels: it says what this end saw.
 */
export type ErrorCode =
  | StateName
  | "functionError"
  | "invalidArgument"
  | "notConnected"
  | "connectFailed"
  | "handshakeFailed"
  | "connectionLost"
  | "callTimeout"
  | "callAborted"
  | "callLimit"
  | "malformed"
  | "closed"
  | "configInvalid"
  | "contractInvalid";

/** What an {@link MqplayError} is made of. */
export interface MqplayErrorInit {
  /** The underlying error or value. */
  readonly cause?: unknown;
  /** The wire's state number, where the failure has one. */
  readonly state?: number | undefined;
  /** The name of the function's own error from its contract, where it has one. */
  readonly errorName?: string | undefined;
  /** The path of the setting, argument or field at fault, like `params.username`. */
  readonly path?: string | undefined;
  /** True when the other side said so, false when this side found out. @default false */
  readonly fromPeer?: boolean;
  /**
   * For a call that ended without an answer: whether the server may have run it.
   * False means it certainly did not.
   */
  readonly mayHaveRun?: boolean | undefined;
  /** How long to wait before another try, in ms, where the peer said so. */
  readonly retryAfterMs?: number | undefined;
}

/** Every error that mqplay throws or rejects with. Recognise it by {@link isMqplayError}, not by `instanceof`. */
export class MqplayError extends Error {
  override readonly name = "MqplayError";
  /** What kind of failure it is. */
  readonly code: ErrorCode;
  /** The wire's state number, or undefined. */
  readonly state: number | undefined;
  /** The contract's name of a function's own error, or undefined. */
  readonly errorName: string | undefined;
  /** Where the fault is, like `params.username`, or undefined. */
  readonly path: string | undefined;
  /** True when the other side reported it. */
  readonly fromPeer: boolean;
  /** Whether the server may have run the call that this error ended; undefined when it is not about a call. */
  readonly mayHaveRun: boolean | undefined;
  /** How long to wait before another try, in ms, or undefined. */
  readonly retryAfterMs: number | undefined;
  /** The text without the code in front, as it may be shown to a person. */
  readonly detail: string;

  /** @param detail what happened, and what to do about it */
  constructor(code: ErrorCode, detail: string, init: MqplayErrorInit = {}) {
    super(`[${code}] ${detail}`, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.detail = detail;
    this.state = init.state;
    this.errorName = init.errorName;
    this.path = init.path;
    this.fromPeer = init.fromPeer ?? false;
    this.mayHaveRun = init.mayHaveRun;
    this.retryAfterMs = init.retryAfterMs;
  }
}

/** Tells whether a value is an {@link MqplayError}, whichever copy of this package made it. */
export function isMqplayError(value: unknown): value is MqplayError {
  return (
    value instanceof Error &&
    value.name === "MqplayError" &&
    "code" in value &&
    typeof value.code === "string"
  );
}

/** Makes an {@link MqplayError} of anything thrown: itself if it is one, else `internal` with the value as cause. */
export function toMqplayError(value: unknown): MqplayError {
  if (isMqplayError(value)) return value;
  const detail = value instanceof Error ? value.message : "a value that is no Error was thrown";
  return new MqplayError("internal", detail, { cause: value });
}

/** Names the code of an answer's state: a general state's name, or `functionError`. */
export function codeOfState(state: number): ErrorCode {
  return stateName(state) ?? "functionError";
}
