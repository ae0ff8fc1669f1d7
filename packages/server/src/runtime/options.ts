/**
 * The runtime's limits.
 */
import { DEFAULT_CALL_TIMEOUT_MS, MqplayError } from "@mqplay/shared";

/** What may be said about the runtime. */
export interface RuntimeOptions {
  /** How long a call may take, in ms, unless its module or function says otherwise. @default 10_000 */
  readonly timeoutMs?: number;
  /** Calls that may run at once, of all functions; more are answered TooManyRequests. @default 10_000 */
  readonly maxRunning?: number;
}

/** The runtime's limits, complete. */
export type ResolvedRuntimeOptions = Required<RuntimeOptions>;

/** A call that runs costs a few KB; ten thousand stay far below what a server has. */
export const DEFAULT_MAX_RUNNING = 10_000;

/** Longest time limit: what one timer can hold. */
const MAX_TIMEOUT_MS = 0x7f_ff_ff_ff;

/**
 * Fills in the defaults and checks the ranges.
 * @throws MqplayError `configInvalid` naming the option
 */
export function resolveRuntimeOptions(options: RuntimeOptions): ResolvedRuntimeOptions {
  return Object.freeze({
    timeoutMs: whole("timeoutMs", options.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS, MAX_TIMEOUT_MS),
    maxRunning: whole("maxRunning", options.maxRunning ?? DEFAULT_MAX_RUNNING, Number.MAX_SAFE_INTEGER),
  });
}

function whole(name: string, value: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  throw new MqplayError(
    "configInvalid",
    `runtime.${name} expected a whole number from 1 to ${most}, got ${value}`,
    {
      path: `runtime.${name}`,
    },
  );
}
