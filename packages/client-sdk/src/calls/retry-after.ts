/**
 * How long to wait, where TooManyRequests says it: as its result, `{"retryAfterMs": n}` or field 1 in protobuf.
 * Other servers send none.
 */
import { defineMessage, States, type Answer } from "@mqplay/shared";
import { requireProtobuf, type ProtobufForm } from "../protobuf.ts";

interface RetryAfter {
  readonly retryAfterMs: number;
}

const RetryAfter = /* @__PURE__ */ defineMessage<RetryAfter>("RetryAfter", [
  { number: 1, name: "retryAfterMs", type: "int32" },
]);

/** Reads the wait of an answer, in ms; undefined when it says none. */
export function readRetryAfterMs(
  { state, result }: Answer,
  protobuf: ProtobufForm | undefined,
): number | undefined {
  if (state !== States.tooManyRequests.state || result === undefined) return undefined;
  try {
    const read =
      typeof result === "string"
        ? RetryAfter.fromJson(JSON.parse(result) ?? {})
        : requireProtobuf(protobuf).decodeMessage(RetryAfter, result);
    return read.retryAfterMs > 0 ? read.retryAfterMs : undefined;
  } catch {
    // The call was refused all the same: a hint that cannot be read is no hint.
    return undefined;
  }
}
