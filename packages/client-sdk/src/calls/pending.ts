/**
 * One call on its way: what is known of it, and the errors that it can end with. It settles once.
 */
import { ONCE_LIFETIME_MS, type DecodedAnswer, type Encoding } from "@mqplay/shared";
import { MqplayError } from "../errors.ts";
import type { AbortSignalLike } from "./call-options.ts";
import type { Clock } from "../clock.ts";

/** A call, encoded: what the wire needs and what messages say. */
export interface OutgoingCall {
  /** `Module.Func`, for messages. */
  readonly name: string;
  readonly encoding: Encoding;
  /** The module's number, by which a protobuf answer is known. */
  readonly module: number;
  /** The function's number. */
  readonly func: number;
  /** The call in the clear. */
  readonly plain: Uint8Array;
  readonly timeoutMs: number;
  readonly signal: AbortSignalLike | undefined;
  /** True when it carries a key by which it runs once: after a cut it is sent again, byte for byte. [call-5] */
  readonly hasKey: boolean;
}

/** How far a call has come. */
export type CallProgress = "waiting" | "sent" | "acknowledged" | "sentBefore";

const PROGRESS_WORDS: Readonly<Record<CallProgress, string>> = {
  waiting: "it was not sent, for there was no connection",
  sent: "it was sent, but the server did not acknowledge it",
  acknowledged: "it was sent and the server acknowledged it",
  sentBefore: "it was sent before the connection ended, and waited to be sent again",
};

/** A call that waits for its answer. */
export class PendingCall {
  readonly call: OutgoingCall;
  readonly answered: Promise<DecodedAnswer>;
  progress: CallProgress = "waiting";
  /** Set while it is under way. */
  packetId: number | undefined;
  readonly #clock: Clock;
  #firstSentAtMs: number | undefined;
  readonly #onSettled: (pending: PendingCall) => void;
  readonly #release: () => void;
  #settled = false;
  #wasAnswered = false;
  #resolve: (answer: DecodedAnswer) => void = () => {};
  #reject: (error: MqplayError) => void = () => {};

  /** @param onSettled is called once, before the caller learns of it, to clear the tables */
  constructor(call: OutgoingCall, clock: Clock, onSettled: (pending: PendingCall) => void) {
    this.call = call;
    this.#clock = clock;
    this.#onSettled = onSettled;
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const cancelTimer = clock.after(call.timeoutMs, () => this.reject(this.#timeoutError()));
    const onAbort = (): void => this.reject(this.#abortError());
    call.signal?.addEventListener("abort", onAbort);
    this.#release = () => {
      cancelTimer();
      call.signal?.removeEventListener("abort", onAbort);
    };
  }

  /** Whether its answer has come, so that none is due any more. */
  get wasAnswered(): boolean {
    return this.#wasAnswered;
  }

  /** Whether the server may have run it. */
  get mayHaveRun(): boolean {
    return this.progress !== "waiting";
  }

  /** Whether it may be sent again: the server knows it by its key, and remembers it for a while. [call-5] */
  get mayRepeat(): boolean {
    const sentAtMs = this.#firstSentAtMs ?? this.#clock.now();
    return this.call.hasKey && this.#clock.now() - sentAtMs < ONCE_LIFETIME_MS;
  }

  /** It has left, under this packet identifier. */
  markSent(packetId: number): void {
    this.packetId = packetId;
    this.progress = "sent";
    this.#firstSentAtMs ??= this.#clock.now();
  }

  /** Its connection has ended, and it waits for the next one. */
  markUnsent(): void {
    this.packetId = undefined;
    this.progress = "sentBefore";
  }

  resolve(answer: DecodedAnswer): void {
    this.#wasAnswered = true;
    if (this.#settle()) this.#resolve(answer);
  }

  reject(error: MqplayError): void {
    if (this.#settle()) this.#reject(error);
  }

  /** Ends it with an answer that cannot be read. */
  rejectAnswered(error: MqplayError): void {
    this.#wasAnswered = true;
    this.reject(error);
  }

  /** Ends it because its connection has ended. */
  rejectLost(cause: MqplayError): void {
    const words = this.mayHaveRun ? "the server may have run it or not" : PROGRESS_WORDS.waiting;
    this.reject(
      new MqplayError(
        "connectionLost",
        `${this.call.name} got no answer before the connection ended (${cause.detail}); ${words}`,
        {
          cause,
          mayHaveRun: this.mayHaveRun,
        },
      ),
    );
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#release();
    this.#onSettled(this);
    return true;
  }

  #timeoutError(): MqplayError {
    const { name, timeoutMs } = this.call;
    return new MqplayError(
      "callTimeout",
      `${name} got no answer within ${timeoutMs} ms; ${PROGRESS_WORDS[this.progress]}`,
      {
        mayHaveRun: this.mayHaveRun,
      },
    );
  }

  #abortError(): MqplayError {
    const { name, signal } = this.call;
    return new MqplayError(
      "callAborted",
      `${name} was given up by its signal; ${PROGRESS_WORDS[this.progress]}`,
      {
        cause: signal?.reason,
        mayHaveRun: this.mayHaveRun,
      },
    );
  }
}
