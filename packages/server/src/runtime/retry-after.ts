/**
 * How an answer says when to try again.
 *
 * The texts and states of answers are fixed [state-2] and AllResponse has no place for a number [answer-2], so
 * TooManyRequests carries it as its `result`, in the call's own encoding:
 *
 *     message RetryAfter { int32 retryAfterMs = 1; }        JSON: {"retryAfterMs": 1500}
 *
 * Old clients see state and text as with any error. Where the wait is not known there is no such result.
 */

import { decodeMessage, defineMessage, States, type Answer, type Message } from "@mqplay/shared";

/** Longest wait that is told, in ms: what an int32 holds, 24 days. */
const MAX_RETRY_AFTER_MS = 0x7f_ff_ff_ff;

/** Field 1 as a varint. */
const FIELD_1_VARINT = 0x08;

/** Rounds a wait to what the wire holds: whole ms, at least 1. */
export function clampRetryAfterMs(retryAfterMs: number): number {
  if (Number.isNaN(retryAfterMs)) return 1;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(1, Math.ceil(retryAfterMs)));
}

/** RetryAfter as JSON text. */
export function retryAfterJson(retryAfterMs: number): string {
  return JSON.stringify({ retryAfterMs });
}

/** RetryAfter as protobuf. */
export function retryAfterProtobuf(retryAfterMs: number): Uint8Array {
  const bytes = [FIELD_1_VARINT];
  let rest = retryAfterMs;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

interface RetryAfter {
  readonly retryAfterMs: number;
}

const RetryAfter: Message<RetryAfter> = defineMessage("RetryAfter", [
  { number: 1, name: "retryAfterMs", type: "int32" },
]);

/** Reads the wait of an answer, in ms; undefined where it says none. */
export function readRetryAfterMs({ state, result }: Answer): number | undefined {
  if (state !== States.tooManyRequests.state || result === undefined) return undefined;
  const { retryAfterMs } =
    typeof result === "string"
      ? RetryAfter.fromJson(JSON.parse(result) ?? {})
      : decodeMessage(RetryAfter, result);
  return retryAfterMs > 0 ? retryAfterMs : undefined;
}
