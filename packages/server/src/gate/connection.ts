/**
 * One client's connection, from its first byte to its last: the front that stands before the broker.
 *
 * It cuts the stream into packets, bounds what a client may send and for how long it may be silent, and lets it in.
 * Nothing but CONNECT gets past it before; then packet-sorter.ts says where each packet goes.
 */
import { randomUUID } from "node:crypto";
import type { Encoding, Profile, Push } from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Resume } from "../session/identity.ts";
import type { SessionRegistry } from "../session/registry.ts";
import { Session, type CloseReason, type SessionLink } from "../session/session.ts";
import type { Admission, IdHolder, Refusal } from "./admission.ts";
import { BrokerSide } from "./broker-side.ts";
import type { Broker } from "./broker.ts";
import type { TakeCall } from "./calls.ts";
import { parseConnect, type ConnectPacket } from "./connect-packet.ts";
import { connack, ConnackCode, PacketType, ProtocolViolation } from "./frame.ts";
import { InFlight } from "./in-flight.ts";
import type { Transport, TransportEvents } from "./listen/transport.ts";
import type { GateMetrics } from "./metrics.ts";
import type { GateOptions } from "./options.ts";
import { Outgoing } from "./outgoing.ts";
import { PacketScanner } from "./packet-scanner.ts";
import { PacketSorter } from "./packet-sorter.ts";
import { PrivateSide } from "./private-side.ts";
import type { PushEncoder } from "./pushes.ts";
import { MinuteCount, PacketBudget } from "./rate.ts";
import { Subscriptions } from "./subscriptions.ts";

/** What connections share. */
export interface ConnectionDeps {
  readonly admission: Admission;
  readonly broker: Broker;
  readonly takeCall: TakeCall;
  readonly pushEncoder: PushEncoder;
  readonly sessions: Pick<SessionRegistry, "add" | "remove" | "login" | "listening">;
  readonly resume: Resume;
  readonly profile: Profile;
  readonly metrics: GateMetrics;
  readonly log: Log;
  /** What clients' time and budgets are measured by. */
  readonly clock: Clock;
  /** Told when the connection has ended. */
  readonly ended: (connection: Connection) => void;
}

/** Bytes that a client may send ahead of its CONNACK before its socket is not read. */
const MAX_EARLY_BYTES = 16_384;

/** How long a polite end may take before the socket is cut, in ms. */
const END_WAIT_MS = 2_000;

/** Why a socket is not read, as bits. */
const Pause = { early: 1, rate: 2, calls: 4, broker: 8 } as const;

/** A client that was let in: all that it has. */
interface Member {
  readonly session: Session;
  readonly privateSide: PrivateSide;
  readonly brokerSide: BrokerSide;
  readonly sorter: PacketSorter;
}

type State = "connecting" | "admitting" | "ready" | "leaving" | "ended";

/** One client's connection. */
export class Connection implements TransportEvents, SessionLink, IdHolder {
  readonly #deps: ConnectionDeps;
  readonly #options: GateOptions;
  readonly #transport: Transport;
  readonly #out: Outgoing;
  readonly #scanner = new PacketScanner();
  readonly #inFlight = new InFlight();
  readonly #subscriptions: Subscriptions;
  readonly #budget: PacketBudget;
  readonly #misuse: MinuteCount;
  readonly #openedAtMs: number;
  #state: State = "connecting";
  #member: Member | undefined;
  #clientId = "";
  #keepAliveS = 0;
  #paused = 0;
  #lastHeardMs: number;
  #cancelRateTimer: (() => void) | undefined;
  #endTimer: NodeJS.Timeout | undefined;

  constructor(deps: ConnectionDeps, options: GateOptions, transport: Transport) {
    const nowMs = deps.clock.monotonicMs();
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
    this.#misuse = new MinuteCount(options.maxDroppedPerMinute, nowMs);
    transport.start(this);
  }

  /** Calls that run on this connection. */
  get runningCalls(): number {
    return this.#member?.privateSide.runningCalls ?? 0;
  }

  // ——— bytes in ———

  data(chunk: Buffer): void {
    if (this.#state === "ended" || this.#state === "leaving") return;
    this.#deps.metrics.bytesIn += chunk.length;
    this.#lastHeardMs = this.#deps.clock.monotonicMs();
    this.#scanner.feed(chunk);
    this.#takePackets();
    // Before CONNACK nothing is acted on, and little is kept.
    if (this.#state === "admitting" && this.#scanner.pendingBytes > MAX_EARLY_BYTES) this.#pause(Pause.early);
  }

  #takePackets(): void {
    try {
      while (this.#paused === 0) {
        const member = this.#member;
        if (this.#state === "connecting") {
          const frame = this.#scanner.next(this.#options.maxConnectBytes);
          if (frame === undefined) break;
          this.#takeConnect(frame);
        } else if (this.#state === "ready" && member !== undefined) {
          const frame = this.#scanner.next(this.#options.maxPacketBytes);
          if (frame === undefined) break;
          // Acknowledgements cost no budget: how many there are is up to what the client is sent.
          if ((frame[0] ?? 0) >>> 4 !== PacketType.puback) this.#spend();
          member.sorter.take(frame, this.#scanner.headerBytes);
        } else break;
      }
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      this.#cut(error.overLimit ? "limit" : "protocol", error.message);
      return;
    }
    this.#member?.brokerSide.flush();
    this.#out.flush();
  }

  #takeConnect(frame: Buffer): void {
    const packet = parseConnect(frame);
    const { admission, clock } = this.#deps;
    const clientId = packet.clientId ?? "";
    const refusal = admission.check(packet) ?? admission.claim(clientId, this, clock.monotonicMs());
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    this.#clientId = clientId;
    this.#keepAliveS = packet.keepAliveS;
    this.#state = "admitting";
    const resumed = this.#deps.resume(clientId);
    if (resumed === undefined) {
      this.#letIn(packet, frame);
      return;
    }
    // [connect-5] `resume` never rejects; the login is bound in the turn in which it was found valid.
    void resumed.then((identity) => {
      if (this.#state !== "admitting") return;
      if (identity === "unavailable") {
        this.#refuse({ reason: "unavailable", code: ConnackCode.unavailable });
        return;
      }
      const session = this.#letIn(packet, frame);
      if (identity !== undefined) this.#deps.sessions.login(session.id, identity);
    });
  }

  #refuse(refusal: Refusal): void {
    this.#deps.metrics.refused[refusal.reason]++;
    this.#out.gather(connack(refusal.code));
    this.#end();
  }

  #letIn(packet: ConnectPacket, frame: Buffer): Session {
    const { broker, takeCall, profile, pushEncoder, metrics } = this.#deps;
    const common = { out: this.#out, inFlight: this.#inFlight, subscriptions: this.#subscriptions };
    // What was kept for the client goes out sealed: after the key. [handshake-4]
    let listensWithKey = false;
    const listens = (): void => {
      if (privateSide.hasKey) this.#deps.sessions.listening(session);
      else listensWithKey = true;
    };
    const handshake = (): Buffer => {
      const frame = privateSide.handshake();
      if (listensWithKey) queueMicrotask(listens);
      listensWithKey = false;
      return frame;
    };
    const overdue = (): void => this.#cut("limit", "it does not acknowledge what it is sent");
    const session = new Session(randomUUID(), this.#clientId, this.#transport.remoteAddress, this);
    const privateSide = new PrivateSide(
      {
        ...common,
        takeCall,
        profile,
        pushEncoder,
        metrics,
        full: (isFull) => this.#setPause(Pause.calls, isFull),
        overdue,
        garbled: () => this.#countMisuse(),
      },
      this.#options,
      session,
      Uint8Array.from(packet.clientIdBytes),
    );
    this.#deps.sessions.add(session);
    const brokerSide = new BrokerSide(
      {
        ...common,
        broker,
        unsentBytes: () => this.#transport.unsentBytes,
        handshake,
        listens,
        busy: (isBusy) => this.#setPause(Pause.broker, isBusy),
        overdue,
        ready: () => this.#becomeReady(),
        ended: () => this.#end(),
      },
      this.#options,
      frame,
    );
    const sorter = new PacketSorter(
      {
        ...common,
        privateSide,
        brokerSide,
        metrics,
        listens,
        misused: () => this.#countMisuse(),
        unasked: () => this.#spend(),
        left: () => this.#leave(),
      },
      this.#options,
    );
    this.#member = { session, privateSide, brokerSide, sorter };
    return session;
  }

  #becomeReady(): void {
    if (this.#state !== "admitting") return;
    this.#state = "ready";
    this.#deps.metrics.accepted++;
    if (this.#paused === 0) this.#takePackets();
    else this.#setPause(Pause.early, false);
  }

  push(push: Push, encoding: Encoding): boolean {
    return this.#state === "ready" && (this.#member?.privateSide.push(push, encoding) ?? false);
  }

  // ——— bounds and time ———

  /** [bad-7] */
  #countMisuse(): void {
    if (this.#misuse.tooMany(this.#deps.clock.monotonicMs()))
      this.#cut("limit", "it keeps sending what nobody can use");
  }

  #spend(): void {
    // By the clock, not by when the bytes came: after a pause, packets are taken that came long before.
    const waitMs = this.#budget.spend(1, this.#deps.clock.monotonicMs());
    if (waitMs === 0 || (this.#paused & Pause.rate) !== 0) return;
    this.#pause(Pause.rate);
    this.#cancelRateTimer = this.#deps.clock.after(waitMs, () => this.#setPause(Pause.rate, false));
  }

  #pause(why: number): void {
    if (this.#paused === 0) this.#transport.pause();
    this.#paused |= why;
  }

  #setPause(why: number, isPaused: boolean): void {
    if (this.#state === "ended" || ((this.#paused & why) !== 0) === isPaused) return;
    if (isPaused) {
      this.#pause(why);
      return;
    }
    this.#paused &= ~why;
    if (this.#paused !== 0) return;
    // It could not be heard until now.
    this.#lastHeardMs = this.#deps.clock.monotonicMs();
    // What was read before the pause waits in the scanner.
    this.#takePackets();
    if (this.#paused === 0) this.#transport.resume();
  }

  drain(): void {
    this.#member?.brokerSide.drained();
  }

  /** Ends the connection when its time is over: called a few times a second. */
  checkTime(nowMs: number): void {
    if (this.#state === "connecting" || this.#state === "admitting") {
      if (nowMs - this.#openedAtMs <= this.#options.connectTimeoutMs) return;
      this.#deps.metrics.refused.timeout++;
      this.#cut("silent", "it was not connected in time");
    } else if (this.#state === "ready" && this.#keepAliveS > 0) {
      // A socket that is not read cannot be heard.
      const silentMs = this.#paused === 0 ? nowMs - this.#lastHeardMs : 0;
      if (silentMs > this.#keepAliveS * 1_500)
        this.#cut("silent", "it was not heard of for 1.5 × its keep-alive");
    }
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
    this.#deps.log.debug({ reason, session: this.#member?.session.id }, "closes a connection");
    this.#end();
  }

  /** Ends at once. */
  #cut(reason: CloseReason, why: string): void {
    if (this.#state === "ended") return;
    this.#deps.metrics.closed[reason]++;
    this.#deps.log.debug({ reason, why, session: this.#member?.session.id }, "cuts a connection");
    this.#finish();
    this.#transport.destroy();
  }

  /** Ends politely: what was written is sent first, but not for ever. */
  #end(): void {
    this.#out.flush();
    this.#finish();
    this.#transport.end();
    this.#endTimer ??= setTimeout(() => this.#transport.destroy(), END_WAIT_MS).unref();
  }

  /** The client said DISCONNECT: its id and its login here are free at once, and the broker will end the stream. */
  #leave(): void {
    this.#state = "leaving";
    if (this.#member !== undefined) this.#forget(this.#member);
  }

  transportClosed(): void {
    clearTimeout(this.#endTimer);
    this.#finish();
    this.#deps.ended(this);
    this.#deps.admission.leave(this.#transport.remoteAddress);
  }

  #finish(): void {
    if (this.#state === "ended") return;
    const wasLeaving = this.#state === "leaving";
    this.#state = "ended";
    this.#cancelRateTimer?.();
    this.#scanner.clear();
    this.#deps.admission.release(this.#clientId, this);
    const member = this.#member;
    if (member === undefined) return;
    if (!wasLeaving) this.#forget(member);
    member.brokerSide.close();
  }

  #forget({ session, privateSide }: Member): void {
    this.#deps.admission.release(this.#clientId, this);
    privateSide.close();
    this.#deps.sessions.remove(session);
    session.ended.abort();
  }
}
