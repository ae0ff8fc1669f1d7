/**
 * One client's connection, from its first byte to its last: the front that stands before the broker.
 *
 * It cuts the stream into packets, answers what is the gate's (calls, acknowledgements of the gate's packets, private
 * and reserved topics, pings) and passes everything else to the broker byte for byte. Nothing but CONNECT gets past it
 * before the client is let in. Order of a packet's way: scanner → rate → this file's switch → the room that handles it.
 */
import { randomUUID } from "node:crypto";
import {
  MAX_CLIENT_ID_BYTES,
  type Encoding,
  type Profile,
  type Push,
  type SealedChannel,
} from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import type { Caller } from "../runtime/caller.ts";
import type { Resume } from "../session/identity.ts";
import type { SessionRegistry } from "../session/registry.ts";
import { Session, type CloseReason, type SessionLink } from "../session/session.ts";
import type { Admission, IdHolder, Refusal } from "./admission.ts";
import type { Broker, BrokerClient } from "./broker.ts";
import { BrokerStream, type BrokerStreamEvents } from "./broker-stream.ts";
import { TOPIC_JSON, TOPIC_PROTOBUF, type CallingClient, type TakeCall } from "./calls.ts";
import { parseConnect } from "./connect-packet.ts";
import {
  acknowledgement,
  connack,
  openPublish,
  PacketType,
  PINGRESP,
  ProtocolViolation,
  readExtent,
  readField,
  readUint16,
} from "./frame.ts";
import { performHandshake } from "./handshake.ts";
import { InFlight } from "./in-flight.ts";
import type { Transport, TransportEvents } from "./listen/transport.ts";
import type { DropReason, GateMetrics } from "./metrics.ts";
import type { GateOptions } from "./options.ts";
import { Outgoing } from "./outgoing.ts";
import { PacketScanner } from "./packet-scanner.ts";
import { TOPIC_PUSH_JSON, TOPIC_PUSH_PROTOBUF, type PushEncoder } from "./pushes.ts";
import { MinuteCount, PacketBudget } from "./rate.ts";
import { Subscriptions } from "./subscriptions.ts";
import { ruleOfPublish, topicText } from "./topic-guard.ts";

/** What connections share. */
export interface ConnectionDeps {
  readonly admission: Admission;
  readonly broker: Broker;
  readonly takeCall: TakeCall;
  readonly pushEncoder: PushEncoder;
  readonly sessions: Pick<SessionRegistry, "add" | "remove" | "login">;
  readonly resume: Resume;
  readonly profile: Profile;
  readonly metrics: GateMetrics;
  readonly log: Log;
  /** Told when the connection has ended. */
  readonly ended: (connection: Connection) => void;
}

/** The first byte of topic `s`. */
const TOPIC_HANDSHAKE = 0x73;

/** Bytes that a client may send ahead of its CONNACK before its socket is not read. */
const MAX_EARLY_BYTES = 16_384;

/** Unsent bytes from which the broker waits, while it sends what it kept for a persistent session. */
const SLOW_FROM_BYTES = 65_536;

/** How long a polite end may take before the socket is cut, in ms. */
const END_WAIT_MS = 2_000;

/** Dropped messages at QoS 2 that may wait for their PUBREL; the broker bounds its own likewise. */
const MAX_DROPPED_QOS2 = 256;

/** Why a socket is not read, as bits. */
const Pause = { early: 1, rate: 2, calls: 4, broker: 8 } as const;

type State = "connecting" | "admitting" | "ready" | "leaving" | "ended";

/** One client's connection. */
export class Connection implements TransportEvents, BrokerStreamEvents, CallingClient, SessionLink, IdHolder {
  readonly #deps: ConnectionDeps;
  readonly #options: GateOptions;
  readonly #transport: Transport;
  readonly #out: Outgoing;
  readonly #scanner = new PacketScanner();
  readonly #inFlight = new InFlight();
  readonly #subscriptions: Subscriptions;
  readonly #budget: PacketBudget;
  readonly #drops: MinuteCount;
  readonly #openedAtMs: number;
  #state: State = "connecting";
  #paused = 0;
  #lastHeardMs: number;
  #rateTimer: NodeJS.Timeout | undefined;
  #clientId = "";
  #clientIdBytes: Uint8Array = new Uint8Array(0);
  #keepAliveS = 0;
  #session: Session | undefined;
  #caller: Caller | undefined;
  #channel: SealedChannel | undefined;
  #stream: BrokerStream | undefined;
  #brokerClient: BrokerClient | undefined;
  #brokerWaits: (() => void) | undefined;
  #forwarded: Buffer[] = [];
  /** The call whose PUBACK has not been written; 0 is none. */
  #ackDue = 0;
  /** Calls that run on and whose PUBACK leaves at the end of the turn, unless their answer is faster. */
  readonly #lateAcks = new Set<number>();
  #runningCalls = 0;
  readonly #droppedQos2 = new Set<number>();

  constructor(deps: ConnectionDeps, options: GateOptions, transport: Transport) {
    const nowMs = performance.now();
    this.#deps = deps;
    this.#options = options;
    this.#transport = transport;
    this.#openedAtMs = nowMs;
    this.#lastHeardMs = nowMs;
    this.#out = new Outgoing(transport, deps.metrics, options, () =>
      this.#cut("limit", "it does not read what it is sent"),
    );
    this.#subscriptions = new Subscriptions(options);
    this.#budget = new PacketBudget(options.maxPacketsPerS, options.maxPacketBurst, nowMs);
    this.#drops = new MinuteCount(options.maxDroppedPerMinute, nowMs);
    transport.start(this);
  }

  /** Calls that run on this connection. */
  get runningCalls(): number {
    return this.#runningCalls;
  }

  // ——— bytes in ———

  data(chunk: Buffer): void {
    if (this.#state === "ended" || this.#state === "leaving") return;
    this.#deps.metrics.bytesIn += chunk.length;
    this.#lastHeardMs = performance.now();
    this.#scanner.feed(chunk);
    this.#takePackets();
    // [connect-2] Before CONNACK nothing is acted on, and little is kept.
    if (this.#state === "admitting" && this.#scanner.pendingBytes > MAX_EARLY_BYTES) this.#pause(Pause.early);
  }

  #takePackets(): void {
    try {
      while (this.#paused === 0 && (this.#state === "ready" || this.#state === "connecting")) {
        const isFirst = this.#state === "connecting";
        const frame = this.#scanner.next(
          isFirst ? this.#options.maxConnectBytes : this.#options.maxPacketBytes,
        );
        if (frame === undefined) break;
        if (isFirst) this.#takeConnect(frame);
        else this.#takePacket(frame, this.#scanner.headerBytes);
      }
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      this.#cut(error.overLimit ? "limit" : "protocol", error.message);
      return;
    }
    this.#passOn();
    this.#out.flush();
  }

  #takeConnect(frame: Buffer): void {
    const packet = parseConnect(frame);
    const { admission } = this.#deps;
    const nowMs = performance.now();
    const refusal = admission.check(packet) ?? admission.claim(packet.clientId ?? "", this, nowMs);
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    this.#clientId = packet.clientId ?? "";
    this.#clientIdBytes = Uint8Array.from(packet.clientIdBytes.subarray(0, MAX_CLIENT_ID_BYTES));
    this.#keepAliveS = packet.keepAliveS;
    this.#state = "admitting";
    const resumed = this.#deps.resume(this.#clientId);
    if (resumed === undefined) this.#letIn(frame);
    else {
      // [connect-5] `resume` never rejects; the login is bound in the turn in which it was found valid.
      void resumed.then((identity) => {
        if (this.#state !== "admitting") return;
        const session = this.#letIn(frame);
        if (identity !== undefined) this.#deps.sessions.login(session.id, identity);
      });
    }
  }

  #refuse(refusal: Refusal): void {
    this.#deps.metrics.refused[refusal.reason]++;
    this.#out.gather(connack(refusal.code));
    this.#end();
  }

  #letIn(connect: Buffer): Session {
    const session = new Session(randomUUID(), this.#clientId, this.#transport.remoteAddress, this);
    this.#session = session;
    this.#deps.sessions.add(session);
    this.#stream = new BrokerStream(this);
    this.#brokerClient = this.#deps.broker.attach(this.#stream);
    this.#stream.push(connect);
    void this.#brokerClient.ready.then((filters) => this.#becomeReady(filters));
    return session;
  }

  #becomeReady(filters: readonly string[]): void {
    if (this.#state !== "admitting") return;
    this.#state = "ready";
    this.#deps.metrics.accepted++;
    this.#subscriptions.restore(filters);
    this.#countFilters();
    this.#brokerMayWrite();
    this.#unpause(Pause.early);
  }

  // ——— packets ———

  #takePacket(frame: Buffer, headerBytes: number): void {
    const first = frame[0] ?? 0;
    const type = first >>> 4;
    if (type !== PacketType.puback) this.#spend();
    switch (type) {
      case PacketType.publish:
        this.#takePublish(frame, headerBytes, (first >>> 1) & 3);
        return;
      case PacketType.puback:
        if (this.#inFlight.acknowledge(readUint16(frame, headerBytes)) === "broker")
          this.#forwarded.push(frame);
        return;
      case PacketType.pubrel:
        this.#takePubrel(frame, headerBytes);
        return;
      case PacketType.subscribe:
        this.#takeSubscribe(frame);
        return;
      case PacketType.unsubscribe: {
        const { unsuback, forward } = this.#subscriptions.unsubscribe(frame);
        if (unsuback !== undefined) this.#out.gather(unsuback);
        if (forward !== undefined) this.#forwarded.push(forward);
        this.#countFilters();
        return;
      }
      case PacketType.pingreq:
        this.#out.gather(PINGRESP);
        return;
      case PacketType.disconnect:
        this.#forwarded.push(frame);
        this.#passOn();
        this.#leave();
        return;
      case PacketType.pubrec:
      case PacketType.pubcomp:
        this.#forwarded.push(frame);
        return;
      default:
        throw new ProtocolViolation(`a packet of type ${type} has no place here`);
    }
  }

  #takePublish(frame: Buffer, headerBytes: number, qos: number): void {
    if (qos === 3) throw new ProtocolViolation("a PUBLISH with a QoS that does not exist");
    const topic = readField(frame, headerBytes);
    const afterTopic = headerBytes + 2 + topic.length;
    const packetId = qos === 0 ? 0 : readUint16(frame, afterTopic);
    if (qos > 0 && packetId === 0) throw new ProtocolViolation("a packet identifier of 0");
    const topicByte = topic.length === 1 ? topic[0] : undefined;
    if (topicByte === TOPIC_JSON || topicByte === TOPIC_PROTOBUF) {
      this.#takeCall(topicByte, qos, packetId, frame.subarray(afterTopic + 2));
      return;
    }
    const text = topicText(topic);
    const rule = text === undefined ? "invalid" : ruleOfPublish(text, this.#options);
    if (rule === "invalid") throw new ProtocolViolation("a PUBLISH with a topic that is none");
    if (rule === "ordinary") this.#forwarded.push(frame);
    else this.#drop(text?.startsWith("$") === true ? "sysTopic" : "reservedTopic", qos, packetId);
  }

  #takeCall(topicByte: number, qos: number, packetId: number, payload: Buffer): void {
    // [topic-2] Calls run at QoS 1: without an identifier there is no way to answer, with QoS 2 there is no need.
    if (qos !== 1) return this.#drop("badQos", qos, packetId);
    const channel = this.#channel;
    // [handshake-4]
    if (channel === undefined) return this.#drop("noKey", qos, packetId);
    this.#ackDue = packetId;
    this.#deps.takeCall(this, channel, topicByte, packetId, payload);
  }

  /** Acknowledges a message, does nothing else with it, and counts. [topic-5] */
  #drop(reason: DropReason, qos: number, packetId: number): void {
    this.#deps.metrics.dropped[reason]++;
    if (qos === 1) this.#out.gather(acknowledgement(PacketType.puback, packetId));
    if (qos === 2) {
      if (this.#droppedQos2.size >= MAX_DROPPED_QOS2)
        throw new ProtocolViolation("too many PUBREL are missing", true);
      this.#droppedQos2.add(packetId);
      this.#out.gather(acknowledgement(PacketType.pubrec, packetId));
    }
    // [bad-7]
    if (this.#drops.tooMany(performance.now()))
      throw new ProtocolViolation("it keeps sending what is dropped", true);
  }

  #takePubrel(frame: Buffer, headerBytes: number): void {
    const packetId = readUint16(frame, headerBytes);
    if (this.#droppedQos2.delete(packetId)) this.#out.gather(acknowledgement(PacketType.pubcomp, packetId));
    else this.#forwarded.push(frame);
  }

  #takeSubscribe(frame: Buffer): void {
    const outcome = this.#subscriptions.subscribe(frame, this.#channel !== undefined);
    this.#deps.metrics.dropped.reservedTopic += outcome.refused;
    if (outcome.forward !== undefined) this.#forwarded.push(outcome.forward);
    if (outcome.suback !== undefined) this.#out.gather(outcome.suback);
    if (outcome.handshake) this.#out.gather(this.#handshake());
    this.#countFilters();
  }

  #countFilters(): void {
    if (this.#brokerClient !== undefined) this.#brokerClient.filters = this.#subscriptions.ordinaryCount;
  }

  /** Makes a new key; the server string is on its way when this returns. [handshake-1] [handshake-5] */
  #handshake(): Buffer {
    const { serverString, channel } = performHandshake(
      this.#deps.profile,
      this.#clientIdBytes,
      this.#options.secret,
    );
    this.#deps.metrics.handshakes++;
    const packetId = this.#inFlight.nextOwnId();
    const { frame, payloadOffset } = openPublish(TOPIC_HANDSHAKE, packetId, serverString.length, false);
    frame.set(serverString, payloadOffset);
    this.#inFlight.sendOwn(packetId);
    this.#channel = channel;
    return frame;
  }

  // ——— answers and pushes ———

  get caller(): Caller {
    const session = this.#session;
    if (session === undefined) throw new Error("a call came before its session");
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

  callRuns(packetId: number): void {
    this.#runningCalls++;
    if (this.#runningCalls >= this.#options.maxRunningCalls) this.#pause(Pause.calls);
    this.#ackDue = 0;
    this.#lateAcks.add(packetId);
    if (this.#lateAcks.size === 1) setImmediate(() => this.#acknowledgeLate());
  }

  #acknowledgeLate(): void {
    if (this.#state !== "ready") return;
    for (const packetId of this.#lateAcks) this.#out.gather(acknowledgement(PacketType.puback, packetId));
    this.#lateAcks.clear();
    this.#out.flush();
  }

  answer(topicByte: number, packetId: number, plain: Uint8Array): void {
    if (this.#state !== "ready") return;
    let ackFirst = this.#lateAcks.delete(packetId);
    if (this.#ackDue === packetId) {
      ackFirst = true;
      this.#ackDue = 0;
    }
    this.#sendSealed(topicByte, packetId, plain, ackFirst);
    this.#out.scheduleFlush();
  }

  callEnded(): void {
    this.#runningCalls--;
    if (this.#runningCalls < this.#options.maxRunningCalls) this.#unpause(Pause.calls);
  }

  push(push: Push, encoding: Encoding): boolean {
    if (this.#state !== "ready") return false;
    const onJson = this.#subscriptions.has("p");
    const onProtobuf = encoding === "protobuf" && this.#subscriptions.has("q");
    if (!onJson && !onProtobuf) return false;
    const encoded = this.#deps.pushEncoder.encode(push, encoding);
    if (onJson) this.#sendPush(TOPIC_PUSH_JSON, encoded.json);
    if (onProtobuf && encoded.protobuf !== undefined) this.#sendPush(TOPIC_PUSH_PROTOBUF, encoded.protobuf);
    this.#out.scheduleFlush();
    return true;
  }

  #sendPush(topicByte: number, plain: Uint8Array): void {
    this.#deps.metrics.pushes++;
    this.#sendSealed(topicByte, this.#inFlight.nextOwnId(), plain, false);
  }

  #sendSealed(topicByte: number, packetId: number, plain: Uint8Array, ackFirst: boolean): void {
    const channel = this.#channel;
    // Whoever has a call running or has subscribed a push topic has a key. [handshake-4]
    if (channel === undefined) throw new Error("a payload is to be sealed before there is a key");
    const { frame, payloadOffset } = openPublish(
      topicByte,
      packetId,
      plain.length + channel.overheadBytes,
      ackFirst,
    );
    channel.sealInto(plain, frame, payloadOffset);
    this.#out.gather(frame);
    this.#inFlight.sendOwn(packetId);
    if (this.#inFlight.ownCount > this.#options.maxUnacknowledged) {
      this.#cut("limit", "it does not acknowledge what it is sent");
    }
  }

  // ——— the broker's side ———

  #passOn(): void {
    const frames = this.#forwarded;
    const [first] = frames;
    if (first === undefined || this.#stream === undefined) return;
    this.#forwarded = [];
    const more = this.#stream.push(frames.length === 1 ? first : Buffer.concat(frames));
    if (!more) this.#pause(Pause.broker);
  }

  wanted(): void {
    this.#unpause(Pause.broker);
  }

  packets(bytes: Buffer, written: () => void): void {
    if (this.#state !== "ended") {
      this.#watchBroker(bytes);
      this.#out.flush();
    }
    // Once the client is ready, the broker is never held up: a client that does not read is cut off instead.
    const wait = this.#state === "admitting" && this.#transport.unsentBytes > SLOW_FROM_BYTES;
    if (wait) this.#brokerWaits = written;
    else written();
  }

  /** Passes the broker's packets on; notes their identifiers, and puts the gate's codes into its SUBACKs. */
  #watchBroker(bytes: Buffer): void {
    let passed = 0;
    let at = 0;
    while (at < bytes.length) {
      const extent = readExtent(bytes, at);
      if (extent === undefined) break;
      const first = bytes[at] ?? 0;
      const end = at + extent.totalBytes;
      if ((first & 0xf6) === 0x32) {
        const topicBytes = readUint16(bytes, at + extent.headerBytes);
        this.#inFlight.sendBroker(readUint16(bytes, at + extent.headerBytes + 2 + topicBytes));
      } else if (first >>> 4 === PacketType.suback) {
        const completed = this.#subscriptions.completeSuback(bytes.subarray(at, end));
        if (completed !== undefined) {
          if (at > passed) this.#out.gather(bytes.subarray(passed, at));
          this.#out.gather(completed.suback);
          if (completed.handshake) this.#out.gather(this.#handshake());
          passed = end;
        }
      }
      at = end;
    }
    if (passed < bytes.length) this.#out.gather(passed === 0 ? bytes : bytes.subarray(passed));
  }

  drain(): void {
    this.#brokerMayWrite();
  }

  #brokerMayWrite(): void {
    const written = this.#brokerWaits;
    this.#brokerWaits = undefined;
    written?.();
  }

  ended(): void {
    // The broker ended the client: after DISCONNECT, or because of a packet that it could not take.
    if (this.#state !== "ended") this.#end();
  }

  // ——— bounds and time ———

  #spend(): void {
    // By the clock, not by when the bytes came: after a pause, packets are taken that came long before.
    const waitMs = this.#budget.spend(1, performance.now());
    if (waitMs === 0 || (this.#paused & Pause.rate) !== 0) return;
    this.#pause(Pause.rate);
    this.#rateTimer = setTimeout(() => this.#unpause(Pause.rate), waitMs);
  }

  #pause(why: number): void {
    if (this.#paused === 0) this.#transport.pause();
    this.#paused |= why;
  }

  #unpause(why: number): void {
    const was = this.#paused;
    this.#paused &= ~why;
    if (this.#paused !== 0 || this.#state === "ended") return;
    if (was !== 0) this.#transport.resume();
    // What was read before the pause waits in the scanner.
    if (was !== 0 || why === Pause.early) this.#takePackets();
  }

  /** Ends the connection when its time is over: called a few times a second. */
  checkTime(nowMs: number): void {
    const connecting = this.#state === "connecting" || this.#state === "admitting";
    if (connecting && nowMs - this.#openedAtMs > this.#options.connectTimeoutMs) {
      this.#deps.metrics.refused.timeout++;
      this.#cut("silent", "it was not connected in time");
    } else if (
      this.#state === "ready" &&
      this.#keepAliveS > 0 &&
      this.#silentMs(nowMs) > this.#keepAliveS * 1_500
    ) {
      this.#cut("silent", "it has not been heard of for 1.5 times its keep-alive");
    }
  }

  #silentMs(nowMs: number): number {
    // A socket that is not read cannot be heard.
    return this.#paused === 0 ? nowMs - this.#lastHeardMs : 0;
  }

  isOverdue(nowMs: number): boolean {
    const max = this.#options.maxKeepAliveS;
    const promisedS = this.#keepAliveS === 0 ? max : Math.min(this.#keepAliveS, max);
    return nowMs - this.#lastHeardMs > promisedS * 1_500;
  }

  giveWay(overdue: boolean): void {
    this.#cut(overdue ? "silent" : "takeover", "another connection with its client id has come");
  }

  // ——— the end ———

  close(reason: CloseReason): void {
    if (this.#state === "ended") return;
    this.#deps.metrics.closed[reason]++;
    this.#deps.log.debug({ reason, session: this.#session?.id }, "closes a connection");
    this.#end();
  }

  /** Ends at once. */
  #cut(reason: CloseReason, why: string): void {
    if (this.#state === "ended") return;
    this.#deps.metrics.closed[reason]++;
    this.#deps.log.debug({ reason, why, session: this.#session?.id }, "cuts a connection");
    this.#finish();
    this.#transport.destroy();
  }

  /** Ends politely: what was written is sent first, but not for ever. */
  #end(): void {
    this.#out.flush();
    this.#finish();
    this.#transport.end();
    setTimeout(() => this.#transport.destroy(), END_WAIT_MS).unref();
  }

  /** The client said DISCONNECT: it is gone for us, and the broker will end the stream. */
  #leave(): void {
    this.#state = "leaving";
    this.#out.flush();
    this.#forget();
  }

  /** The transport has ended. */
  transportClosed(): void {
    this.#finish();
    this.#deps.ended(this);
    this.#deps.admission.leave(this.#transport.remoteAddress);
  }

  #finish(): void {
    if (this.#state === "ended") return;
    const wasLeaving = this.#state === "leaving";
    this.#state = "ended";
    clearTimeout(this.#rateTimer);
    this.#scanner.clear();
    if (!wasLeaving) this.#forget();
    this.#brokerMayWrite();
    this.#endStream();
  }

  #forget(): void {
    this.#deps.admission.release(this.#clientId, this);
    const session = this.#session;
    if (session === undefined) return;
    this.#deps.sessions.remove(session);
    session.ended.abort();
  }

  /**
   * Lets the broker take what was passed on, then the end. A client that it has not let in yet is ended after that:
   * ended earlier, it would stay in the broker's list for ever.
   */
  #endStream(): void {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed) return;
    void this.#brokerClient?.ready.then(() => {
      if (!stream.destroyed) stream.push(null);
    });
    setTimeout(() => stream.destroy(), this.#options.connectTimeoutMs).unref();
  }
}
