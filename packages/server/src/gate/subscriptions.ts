/**
 * One client's subscriptions: the gate decides on every filter, keeps the private ones to itself, and lets the broker
 * have the ordinary ones. One SUBSCRIBE may hold all sorts, and has one SUBACK. [topic-5], [handshake-4]
 */
import {
  acknowledgement,
  PacketType,
  ProtocolViolation,
  readExtent,
  readUint16,
  suback,
  SUBSCRIBE_REFUSED,
} from "./frame.ts";
import {
  formatSubscribe,
  formatUnsubscribe,
  parseSubscribe,
  parseUnsubscribe,
  type FilterRequest,
} from "./subscribe-packet.ts";
import { ruleOfFilter, type TopicGuardOptions } from "./topic-guard.ts";

/** What bounds a client's subscriptions. */
export interface SubscriptionsOptions extends TopicGuardOptions {
  readonly maxSubscriptions: number;
}

/** What is to be done for a SUBSCRIBE. */
export interface SubscribeOutcome {
  /** The whole SUBACK, when the broker has no part in it. */
  readonly suback: Buffer | undefined;
  /** What the broker gets; its SUBACK then goes through {@link Subscriptions.completeSuback}. */
  readonly forward: Buffer | undefined;
  /** Whether `s` was among the filters: a server string follows the SUBACK. */
  readonly handshake: boolean;
  /** Whether `p` or `q` was among those granted: pushes that are kept for the client may follow the SUBACK. */
  readonly listens: boolean;
  /** Filters that were refused. */
  readonly refused: number;
}

/** A SUBACK of the broker, made whole. */
export interface CompletedSuback {
  readonly suback: Buffer;
  readonly handshake: boolean;
  readonly listens: boolean;
}

/** What is to be done for an UNSUBSCRIBE: exactly one of the two is there. */
export interface UnsubscribeOutcome {
  readonly unsuback: Buffer | undefined;
  readonly forward: Buffer | undefined;
}

/** SUBSCRIBEs that may wait for the broker at once. */
const MAX_PENDING = 64;

/** The QoS that private topics are granted, whatever was asked for. [topic-2] */
const PRIVATE_QOS = 1;

interface PendingSuback {
  /** The code of each filter, or the ordinary filter whose code the broker knows. */
  readonly codes: readonly (number | string)[];
  /** The filters that the broker got, in its order. */
  readonly forwarded: readonly string[];
  readonly handshake: boolean;
  readonly listens: boolean;
}

/** The subscriptions of one client. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #private = new Set<string>();
  readonly #ordinary = new Set<string>();
  #wildcards = 0;
  readonly #pending = new Map<number, PendingSuback>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** Whether the client has subscribed a private topic. */
  has(topic: string): boolean {
    return this.#private.has(topic);
  }

  /** How many ordinary filters the client has. */
  get ordinaryCount(): number {
    return this.#ordinary.size;
  }

  /** Whether one message may match several of the ordinary filters: without a wildcard it cannot. */
  get mayOverlap(): boolean {
    return this.#wildcards > 0 && this.#ordinary.size > 1;
  }

  /** Takes over the filters that a persistent session brought along. */
  restore(filters: readonly string[]): void {
    for (const filter of filters) this.#add(filter);
  }

  /** Decides on a SUBSCRIBE. @throws ProtocolViolation when it breaks MQTT */
  subscribe(frame: Buffer, hasKey: boolean): SubscribeOutcome {
    const { packetId, filters } = parseSubscribe(frame);
    const ordinary = new Map<string, FilterRequest>();
    // The key of an earlier SUBSCRIBE whose SUBACK the broker still owes is as good as there. [handshake-4]
    const keyIsDue = [...this.#pending.values()].some((pending) => pending.handshake);
    let handshake = false;
    let listens = false;
    let refused = 0;
    const codes = filters.map((request): number | string => {
      const { filter } = request;
      const rule = ruleOfFilter(filter, this.#options);
      if (rule === "invalid") throw new ProtocolViolation("a filter has a wildcard where none may be");
      if (rule === "ordinary" && this.#take(filter)) {
        ordinary.set(filter, request);
        return filter;
      }
      // An `s` earlier in the same packet counts as a key. [handshake-4]
      if (rule === "private" && (filter === "s" || hasKey || keyIsDue || handshake)) {
        if (filter === "s") handshake = true;
        else this.#private.add(filter);
        if (filter === "p" || filter === "q") listens = true;
        return PRIVATE_QOS;
      }
      refused++;
      return SUBSCRIBE_REFUSED;
    });
    if (ordinary.size === 0) {
      const granted = codes.filter((code) => typeof code === "number");
      return { suback: suback(packetId, granted), forward: undefined, handshake, listens, refused };
    }
    if (this.#pending.size >= MAX_PENDING)
      throw new ProtocolViolation("too many SUBSCRIBE wait for SUBACK", true);
    const forwarded = [...ordinary.values()];
    this.#pending.set(packetId, { codes, forwarded: [...ordinary.keys()], handshake, listens });
    return {
      suback: undefined,
      forward: formatSubscribe({ packetId, filters: forwarded }),
      handshake: false,
      listens: false,
      refused,
    };
  }

  #take(filter: string): boolean {
    if (this.#ordinary.has(filter)) return true;
    if (this.#ordinary.size >= this.#options.maxSubscriptions) return false;
    this.#add(filter);
    return true;
  }

  #add(filter: string): void {
    if (this.#ordinary.has(filter)) return;
    this.#ordinary.add(filter);
    if (hasWildcard(filter)) this.#wildcards++;
  }

  /** Puts the gate's codes beside the broker's. */
  completeSuback(frame: Buffer): CompletedSuback | undefined {
    const at = readExtent(frame, 0)?.headerBytes ?? frame.length;
    const packetId = readUint16(frame, at);
    const pending = this.#pending.get(packetId);
    if (pending === undefined) return undefined;
    this.#pending.delete(packetId);
    const codes = pending.codes.map((code) => {
      if (typeof code === "number") return code;
      return frame[at + 2 + pending.forwarded.indexOf(code)] ?? SUBSCRIBE_REFUSED;
    });
    return { suback: suback(packetId, codes), handshake: pending.handshake, listens: pending.listens };
  }

  /** Decides on an UNSUBSCRIBE. @throws ProtocolViolation when it breaks MQTT */
  unsubscribe(frame: Buffer): UnsubscribeOutcome {
    const { packetId, filters } = parseUnsubscribe(frame);
    const ordinary: string[] = [];
    for (const filter of filters) {
      const rule = ruleOfFilter(filter, this.#options);
      if (rule === "invalid") throw new ProtocolViolation("a filter has a wildcard where none may be");
      this.#private.delete(filter);
      if (rule !== "ordinary") continue;
      if (this.#ordinary.delete(filter) && hasWildcard(filter)) this.#wildcards--;
      ordinary.push(filter);
    }
    if (ordinary.length > 0)
      return { unsuback: undefined, forward: formatUnsubscribe({ packetId, filters: ordinary }) };
    return { unsuback: acknowledgement(PacketType.unsuback, packetId), forward: undefined };
  }
}

function hasWildcard(filter: string): boolean {
  return filter.includes("+") || filter.includes("#");
}
