/**
 * Who waits for what: calls go out with a packet identifier of their own, and the answer that carries the same one on
 * the same topic is theirs. [answer-1]
 *
 * The table outlives a connection: calls made while there is none wait here, within their own time limits, and so do
 * those that were cut off and have a key by which the server runs them once. [call-5]
 * Every call ends exactly once: answered, timed out, aborted, or lost with its connection.
 */
import { decodeJsonAnswer, Topics, type DecodedAnswer } from "@mqplay/shared";
import type { Clock } from "../clock.ts";
import { MqplayError, toMqplayError } from "../errors.ts";
import type { Logger } from "../options.ts";
import { requireProtobuf, type ProtobufForm } from "../protobuf.ts";
import { PendingCall, type OutgoingCall } from "./pending.ts";

/** A ready connection, as calls use it. */
export interface CallSender {
  /**
   * Seals and publishes at QoS 1. Returns the packet identifier that it took.
   * @throws MqplayError when nothing was sent: `connectionLost`, or `callLimit` when no identifier is free
   */
  send(topic: string, plain: Uint8Array): number;
  /** Gives a packet identifier back. */
  free(packetId: number): void;
}

/** What {@link Calls} needs. */
export interface CallsDeps {
  /** Undefined in a build that speaks JSON only. */
  readonly protobuf: ProtobufForm | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Counters, for tests and for who looks after a game. */
export interface CallStats {
  /** Calls under way or waiting. */
  readonly pending: number;
  /** Answers that came after their call had ended. */
  readonly lateAnswers: number;
  /** Answers that belong to no call. */
  readonly strayAnswers: number;
}

/** Given-up calls whose identifiers are kept from use until their answers come. */
const MAX_ABANDONED = 1_024;

const TOPIC_BY_ENCODING = { json: Topics.json, protobuf: Topics.protobuf } as const;

/** The calls of one game. */
export class Calls {
  readonly #deps: CallsDeps;
  readonly #maxPending: number;
  /** Not sent yet, in order. */
  readonly #waiting = new Set<PendingCall>();
  /** Sent, by packet identifier. */
  readonly #sent = new Map<number, PendingCall>();
  /** Given up after they were sent, oldest first: a late answer must find neither a new call nor the pushes. */
  readonly #abandoned = new Map<number, PendingCall>();
  /** Identifiers of PUBLISHes that are not acknowledged yet. */
  readonly #unacknowledged = new Set<number>();
  #sender: CallSender | undefined;
  #refusal: MqplayError | undefined;
  #lateAnswers = 0;
  #strayAnswers = 0;

  constructor(deps: CallsDeps, maxPending: number) {
    this.#deps = deps;
    this.#maxPending = maxPending;
  }

  get stats(): CallStats {
    return {
      pending: this.#waiting.size + this.#sent.size,
      lateAnswers: this.#lateAnswers,
      strayAnswers: this.#strayAnswers,
    };
  }

  /** Sends a call, or keeps it until there is a connection. Rejects as the messages of PendingCall say. */
  call(call: OutgoingCall): Promise<DecodedAnswer> {
    const { signal } = call;
    if (this.#refusal !== undefined) {
      const { detail } = this.#refusal;
      return this.#refuse("notConnected", `${call.name} was not sent: ${detail}`, this.#refusal);
    }
    if (signal?.aborted === true) {
      return this.#refuse(
        "callAborted",
        `${call.name} was not sent: its signal was aborted before`,
        signal.reason,
      );
    }
    if (this.#waiting.size + this.#sent.size >= this.#maxPending) {
      return this.#refuse(
        "callLimit",
        `${call.name} was not sent: ${this.#maxPending} calls are under way already`,
      );
    }
    const pending = new PendingCall(call, this.#deps.clock, (settled) => this.#handleSettled(settled));
    this.#waiting.add(pending);
    if (this.#sender !== undefined) this.#send(pending, this.#sender);
    return pending.answered;
  }

  /** A connection is ready: what waits goes out, in order. */
  start(sender: CallSender): void {
    this.#sender = sender;
    for (const pending of Array.from(this.#waiting)) {
      if (pending.progress === "waiting" || pending.mayRepeat) this.#send(pending, sender);
      else pending.rejectLost(new MqplayError("connectionLost", "the connection was made anew too late"));
    }
  }

  /** The connection has ended, another one will come: sent calls without a key are lost, all others wait on. */
  pause(cause: MqplayError): void {
    this.#sender = undefined;
    const sent = [...this.#sent.values()];
    const waiting = [...this.#waiting];
    this.#sent.clear();
    this.#abandoned.clear();
    this.#unacknowledged.clear();
    this.#waiting.clear();
    for (const pending of sent) {
      if (pending.mayRepeat) {
        pending.markUnsent();
        this.#waiting.add(pending);
      }
    }
    // They were called later: they wait behind.
    for (const pending of waiting) this.#waiting.add(pending);
    for (const pending of sent) if (!this.#waiting.has(pending)) pending.rejectLost(cause);
  }

  /** There will be no connection any more: all calls end, and new ones are refused with the same reason. */
  stop(cause: MqplayError): void {
    this.#refusal = cause;
    this.pause(cause);
    for (const pending of Array.from(this.#waiting)) pending.rejectLost(cause);
  }

  /** The server has acknowledged a PUBLISH. */
  handleAcknowledged(packetId: number): void {
    this.#unacknowledged.delete(packetId);
    const pending = this.#sent.get(packetId);
    if (pending !== undefined) pending.progress = "acknowledged";
    else if (!this.#abandoned.has(packetId)) this.#sender?.free(packetId);
  }

  /**
   * Takes what came on `i` or `f`. Returns false when it is no answer: on `f` it may be a push then. [push-2]
   */
  handleMessage(topic: string, packetId: number | undefined, plain: Uint8Array): boolean {
    const isJson = topic === Topics.json;
    const pending = packetId === undefined ? undefined : this.#sent.get(packetId);
    const late = packetId === undefined ? undefined : this.#abandoned.get(packetId);
    let answer: DecodedAnswer;
    try {
      answer = isJson ? decodeJsonAnswer(plain) : requireProtobuf(this.#deps.protobuf).decodeAnswer(plain);
    } catch (error) {
      return this.#handleUnreadable(pending, topic, toMqplayError(error));
    }
    if (pending !== undefined && belongsTo(answer, pending, topic)) {
      pending.resolve(answer);
      return true;
    }
    if (late !== undefined && packetId !== undefined && belongsTo(answer, late, topic)) {
      this.#lateAnswers++;
      this.#abandoned.delete(packetId);
      this.#freeIfDone(packetId);
      return true;
    }
    if (isJson) this.#countStray(topic);
    return isJson;
  }

  #send(pending: PendingCall, sender: CallSender): void {
    try {
      const packetId = sender.send(TOPIC_BY_ENCODING[pending.call.encoding], pending.call.plain);
      this.#waiting.delete(pending);
      pending.markSent(packetId);
      this.#sent.set(packetId, pending);
      this.#unacknowledged.add(packetId);
    } catch (cause) {
      const { code, detail } = toMqplayError(cause);
      pending.reject(
        new MqplayError(code, `${pending.call.name} was not sent: ${detail}`, {
          cause,
          mayHaveRun: pending.mayHaveRun,
        }),
      );
    }
  }

  #handleSettled(pending: PendingCall): void {
    this.#waiting.delete(pending);
    const { packetId } = pending;
    if (packetId === undefined || this.#sent.get(packetId) !== pending) return;
    this.#sent.delete(packetId);
    if (pending.wasAnswered) this.#freeIfDone(packetId);
    else this.#abandon(packetId, pending);
  }

  #abandon(packetId: number, pending: PendingCall): void {
    this.#abandoned.set(packetId, pending);
    if (this.#abandoned.size <= MAX_ABANDONED) return;
    for (const oldest of this.#abandoned.keys()) {
      this.#abandoned.delete(oldest);
      this.#freeIfDone(oldest);
      return;
    }
  }

  /** The answer may come before PUBACK: an identifier is free when neither is due any more. */
  #freeIfDone(packetId: number): void {
    if (!this.#unacknowledged.has(packetId)) this.#sender?.free(packetId);
  }

  #handleUnreadable(pending: PendingCall | undefined, topic: string, cause: MqplayError): boolean {
    if (pending === undefined) {
      this.#countStray(topic);
      return true;
    }
    const detail = `${pending.call.name} was answered with something that is no answer: ${cause.detail}`;
    pending.rejectAnswered(new MqplayError("malformed", detail, { cause, mayHaveRun: true }));
    return true;
  }

  #countStray(topic: string): void {
    this.#strayAnswers++;
    this.#deps.logger.warn(`an answer on "${topic}" belongs to no call`);
  }

  #refuse(
    code: "notConnected" | "callAborted" | "callLimit",
    detail: string,
    cause?: unknown,
  ): Promise<never> {
    return Promise.reject(new MqplayError(code, detail, { cause, mayHaveRun: false }));
  }
}

/**
 * Tells whether an answer is that of a call with its packet identifier. The Go server numbers its pushes by itself and
 * sends them on `f`: one may carry the identifier of a call that waits there. [push-2]
 */
function belongsTo(answer: DecodedAnswer, pending: PendingCall, topic: string): boolean {
  const { encoding, module, func } = pending.call;
  if (topic !== TOPIC_BY_ENCODING[encoding]) return false;
  if (encoding === "json") return true;
  const isPush = answer.msg === "push" && answer.state === 0;
  return answer.module === module && answer.func === func && !isPush;
}
