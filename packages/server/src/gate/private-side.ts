/**
 * One client's private topics: its key, its calls and their answers, the pushes to it. [topic-1]
 * It decides nothing about ordinary topics and knows no broker.
 */
import type { Encoding, Profile, Push, SealedChannel } from "@mqplay/shared";
import type { Caller } from "../runtime/caller.ts";
import type { Session } from "../session/session.ts";
import type { CallingClient, TakeCall } from "./calls.ts";
import { acknowledgement, openPublish, PacketType } from "./frame.ts";
import { performHandshake } from "./handshake.ts";
import type { InFlight } from "./in-flight.ts";
import type { DropReason, GateMetrics } from "./metrics.ts";
import type { GateOptions } from "./options.ts";
import type { Outgoing } from "./outgoing.ts";
import { TOPIC_PUSH_JSON, TOPIC_PUSH_PROTOBUF, type PushEncoder } from "./pushes.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** What the private side works with; all of it belongs to its connection. */
export interface PrivateSideDeps {
  readonly out: Outgoing;
  readonly inFlight: InFlight;
  readonly subscriptions: Pick<Subscriptions, "has">;
  readonly takeCall: TakeCall;
  readonly profile: Profile;
  readonly pushEncoder: PushEncoder;
  readonly metrics: GateMetrics;
  /** Told when as many calls run as may, and when one may again. */
  readonly full: (isFull: boolean) => void;
  /** Told when the client does not acknowledge what it is sent. */
  readonly overdue: () => void;
  /** Told of a call that does not parse. */
  readonly garbled: () => void;
}

/** The first byte of topic `s`. */
const TOPIC_HANDSHAKE = 0x73;

/** One client's private topics. */
export class PrivateSide implements CallingClient {
  readonly #deps: PrivateSideDeps;
  readonly #options: GateOptions;
  readonly #session: Session;
  readonly #clientId: Uint8Array;
  #channel: SealedChannel | undefined;
  #caller: Caller | undefined;
  #open = true;
  /** The call whose PUBACK has not been written; 0 is none. */
  #ackDue = 0;
  /** Calls that run on and whose PUBACK leaves at the end of the turn, unless their answer is faster. */
  readonly #lateAcks = new Set<number>();
  #runningCalls = 0;

  /** @param clientId the bytes of the client id. [handshake-2] */
  constructor(deps: PrivateSideDeps, options: GateOptions, session: Session, clientId: Uint8Array) {
    this.#deps = deps;
    this.#options = options;
    this.#session = session;
    this.#clientId = clientId;
  }

  /** Calls that run. */
  get runningCalls(): number {
    return this.#runningCalls;
  }

  /** Whether the client has done the handshake. [handshake-4] */
  get hasKey(): boolean {
    return this.#channel !== undefined;
  }

  get caller(): Caller {
    const session = this.#session;
    if (this.#caller === undefined || this.#caller.identity !== session.identity) {
      this.#caller = {
        sessionId: session.id,
        identity: session.identity,
        remoteAddress: session.remoteAddress,
        via: "mqtt",
        signal: session.ended.signal,
      };
    }
    return this.#caller;
  }

  /** Makes a new key and the PUBLISH of its server string; the caller sends it at once. [handshake-1] [handshake-5] */
  handshake(): Buffer {
    const { profile, metrics, inFlight } = this.#deps;
    const { serverString, channel } = performHandshake(profile, this.#clientId, this.#options.secret);
    metrics.handshakes++;
    const packetId = inFlight.nextOwnId();
    const { frame, payloadOffset } = openPublish(TOPIC_HANDSHAKE, packetId, serverString.length, false);
    frame.set(serverString, payloadOffset);
    inFlight.sendOwn(packetId);
    this.#channel = channel;
    return frame;
  }

  /** Takes a call; returns why it is dropped instead, or undefined. */
  takeCall(topicByte: number, qos: number, packetId: number, payload: Uint8Array): DropReason | undefined {
    // [topic-2] Calls run at QoS 1: without an identifier there is no way to answer, with QoS 2 there is no need.
    if (qos !== 1) return "badQos";
    const channel = this.#channel;
    // [handshake-4]
    if (channel === undefined) return "noKey";
    this.#ackDue = packetId;
    this.#deps.takeCall(this, channel, topicByte, packetId, payload);
    return undefined;
  }

  garbled(): void {
    this.#deps.garbled();
  }

  callRuns(packetId: number): void {
    this.#runningCalls++;
    if (this.#runningCalls >= this.#options.maxRunningCalls) this.#deps.full(true);
    this.#ackDue = 0;
    this.#lateAcks.add(packetId);
    if (this.#lateAcks.size === 1) setImmediate(() => this.#acknowledgeLate());
  }

  #acknowledgeLate(): void {
    if (!this.#open) return;
    for (const packetId of this.#lateAcks) {
      this.#deps.out.gather(acknowledgement(PacketType.puback, packetId));
    }
    this.#lateAcks.clear();
    this.#deps.out.flush();
  }

  answer(topicByte: number, packetId: number, plain: Uint8Array): void {
    if (!this.#open) return;
    let ackFirst = this.#lateAcks.delete(packetId);
    if (this.#ackDue === packetId) {
      ackFirst = true;
      this.#ackDue = 0;
    }
    this.#send(topicByte, packetId, plain, ackFirst);
  }

  callEnded(): void {
    this.#runningCalls--;
    if (this.#runningCalls < this.#options.maxRunningCalls) this.#deps.full(false);
  }

  /** Sends a push on those of `p` and `q` that the client has subscribed. Returns false when it has neither. */
  push(push: Push, encoding: Encoding): boolean {
    // Subscribed together with `s` and ordinary filters, the key comes with the SUBACK. [handshake-4]
    if (!this.#open || this.#channel === undefined) return false;
    const onJson = this.#deps.subscriptions.has("p");
    const onProtobuf = encoding === "protobuf" && this.#deps.subscriptions.has("q");
    if (!onJson && !onProtobuf) return false;
    const encoded = this.#deps.pushEncoder.encode(push, encoding);
    if (onJson) this.#sendPush(TOPIC_PUSH_JSON, encoded.json);
    if (onProtobuf && encoded.protobuf !== undefined) this.#sendPush(TOPIC_PUSH_PROTOBUF, encoded.protobuf);
    return true;
  }

  #sendPush(topicByte: number, plain: Uint8Array): void {
    this.#deps.metrics.pushes++;
    this.#send(topicByte, this.#deps.inFlight.nextOwnId(), plain, false);
  }

  #send(topicByte: number, packetId: number, plain: Uint8Array, ackFirst: boolean): void {
    const channel = this.#channel;
    // Whoever has a call running or has subscribed a push topic has a key. [handshake-4]
    if (channel === undefined) throw new Error("a payload is to be sealed before there is a key");
    const { out, inFlight } = this.#deps;
    const length = plain.length + channel.overheadBytes;
    const { frame, payloadOffset } = openPublish(topicByte, packetId, length, ackFirst);
    channel.sealInto(plain, frame, payloadOffset);
    out.gather(frame);
    out.scheduleFlush();
    inFlight.sendOwn(packetId);
    if (inFlight.ownCount > this.#options.maxUnacknowledged) this.#deps.overdue();
  }

  /** The connection has ended: nothing is sent any more. */
  close(): void {
    this.#open = false;
  }
}
