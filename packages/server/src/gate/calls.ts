/**
 * Calls: sealed bytes on `i` and `f` come in, exactly one answer goes out for each. [answer-5]
 * open → decode → runtime → encode → seal; every arrow is a function of another room.
 */
import {
  jsonCodec,
  MalformedCall,
  protobufCodec,
  States,
  type Answer,
  type Codec,
  type ReplyTo,
  type SealedChannel,
} from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { GateMetrics } from "./metrics.ts";

/** The first byte of the topic that calls travel on in JSON, and of the one for protobuf. [topic-4] */
export const TOPIC_JSON = 0x69;
/** See {@link TOPIC_JSON}. */
export const TOPIC_PROTOBUF = 0x66;

/** The connection that a call came on. */
export interface CallingClient {
  readonly caller: Caller;
  /** A call did not parse; it is answered, and counted. [bad-7] */
  garbled(): void;
  /** A call runs on; its PUBACK is due soon even if its answer is not. */
  callRuns(packetId: number): void;
  /** Writes an answer, with the PUBACK of its call before it if that has not left yet. */
  answer(topicByte: number, packetId: number, plain: Uint8Array): void;
  /** A call that ran on has been answered. */
  callEnded(packetId: number): void;
}

/** What calls work with. */
export interface CallDeps {
  readonly runtime: Pick<Runtime, "invoke">;
  readonly metrics: GateMetrics;
  readonly log: Log;
}

/** Takes one call. */
export type TakeCall = (
  client: CallingClient,
  channel: SealedChannel,
  topicByte: number,
  packetId: number,
  payload: Uint8Array,
) => void;

// It parsed to nothing that could be run, so it has no result. [bad-3]
const unparsed: Answer = {
  state: States.paramParseFail.state,
  msg: States.paramParseFail.msg,
  result: undefined,
};
const broken: Answer = { state: States.internal.state, msg: States.internal.msg, result: undefined };

/** Makes the function that takes calls. */
export function createCalls({ runtime, metrics, log }: CallDeps): TakeCall {
  return function takeCall(client, channel, topicByte, packetId, payload) {
    metrics.calls++;
    const codec: Codec = topicByte === TOPIC_JSON ? jsonCodec : protobufCodec;
    let call;
    try {
      call = codec.decodeCall(channel.open(payload));
    } catch (error) {
      if (!(error instanceof MalformedCall)) throw error;
      send(client, codec, topicByte, packetId, unparsed, error.replyTo);
      client.garbled();
      return;
    }
    const answer = runtime.invoke(call, client.caller);
    if (!(answer instanceof Promise)) {
      send(client, codec, topicByte, packetId, answer, call);
      return;
    }
    client.callRuns(packetId);
    // The runtime never rejects; what this would catch is a bug in sending.
    answer
      .then((late) => {
        send(client, codec, topicByte, packetId, late, call);
        client.callEnded(packetId);
      })
      .catch((error: unknown) => log.error({ err: error }, "an answer could not be sent"));
  };

  function send(
    client: CallingClient,
    codec: Codec,
    topicByte: number,
    packetId: number,
    answer: Answer,
    replyTo: ReplyTo,
  ): void {
    metrics.answers++;
    client.answer(topicByte, packetId, encode(codec, answer, replyTo));
  }

  function encode(codec: Codec, answer: Answer, replyTo: ReplyTo): Uint8Array {
    try {
      return codec.encodeAnswer(answer, replyTo);
    } catch (error) {
      log.error({ err: error, module: replyTo.module, func: replyTo.func }, "an answer could not be encoded");
      return codec.encodeAnswer(broken, replyTo);
    }
  }
}
