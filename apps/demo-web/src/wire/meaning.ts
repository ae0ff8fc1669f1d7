/**
 * What a packet means to the game, in a few words: the column that makes the log readable.
 */
import {
  Topics,
  User,
  findFunc,
  isMqplayError,
  isSuccess,
  jsonCodec,
  protobufCodec,
  stateName,
  type ErrorContract,
} from "@mqplay/shared";
import { pushName } from "../player/push-text.ts";
import type { Packet } from "./wire-log.ts";

/** The kind of thing that a packet is; it has a colour. */
export type MeaningKind = "call" | "answer" | "refusal" | "push" | "handshake" | "link";

/** A packet in words. */
export interface Meaning {
  readonly kind: MeaningKind;
  readonly text: string;
}

/** Calls whose answers may still come, per connection; a page never has more under way. */
const MAX_CALLS = 64;

/** Reads packets in order: an answer takes its name from the call with the same topic and packet identifier. [answer-1] */
export class Meanings {
  readonly #calls = new Map<string, Func>();

  /** Says what a packet means. */
  of(packet: Packet): Meaning {
    if (packet.type === "CONNECT") this.#calls.clear();
    if (packet.type !== "PUBLISH") return linkMeaning(packet);
    const bytes = packet.plain ?? packet.payload ?? new Uint8Array();
    try {
      return this.#publish(packet, bytes);
    } catch (error) {
      if (!isMqplayError(error)) throw error;
      return { kind: "link", text: "Unreadable" };
    }
  }

  #publish(packet: Packet, bytes: Uint8Array): Meaning {
    switch (packet.topic) {
      case Topics.handshake:
        return { kind: "handshake", text: `Server string, ${String(bytes.length)} bytes` };
      case Topics.json:
      case Topics.protobuf:
        return packet.direction === "out" ? this.#call(packet, bytes) : this.#answer(packet, bytes);
      case Topics.pushJson:
      case Topics.pushProtobuf: {
        const push = codecOf(packet).decodePush(bytes);
        return { kind: "push", text: `Push ${pushName(push.module, push.type)}` };
      }
      default:
        return { kind: "link", text: "Ordinary MQTT message" };
    }
  }

  #call(packet: Packet, bytes: Uint8Array): Meaning {
    const { module, func } = codecOf(packet).decodeCall(bytes);
    const called = funcOf(module, func);
    const [oldest] = this.#calls.keys();
    if (this.#calls.size >= MAX_CALLS && oldest !== undefined) this.#calls.delete(oldest);
    this.#calls.set(keyOf(packet), called);
    return { kind: "call", text: `Call ${called.name}` };
  }

  #answer(packet: Packet, bytes: Uint8Array): Meaning {
    const key = keyOf(packet);
    const { name, errors } = this.#calls.get(key) ?? { name: "to a call unknown here", errors: [] };
    this.#calls.delete(key);
    const { state } = codecOf(packet).decodeAnswer(bytes);
    if (isSuccess(state)) return { kind: "answer", text: `Answer ${name}` };
    const stated = errors.find((error) => error.state === state)?.name ?? stateName(state) ?? "";
    return { kind: "refusal", text: `Answer ${name}: state ${String(state)} ${stated}`.trimEnd() };
  }
}

/** What was called, and which errors of its own it may answer with. */
interface Func {
  readonly name: string;
  readonly errors: readonly ErrorContract[];
}

/** The codec of a private topic. */
function codecOf(packet: Packet): typeof jsonCodec | typeof protobufCodec {
  return packet.topic === Topics.protobuf || packet.topic === Topics.pushProtobuf ? protobufCodec : jsonCodec;
}

function keyOf(packet: Packet): string {
  return `${packet.topic ?? ""} ${String(packet.packetId ?? "")}`;
}

const linkTexts: Readonly<Record<string, string>> = {
  CONNECT: "Asks to be let in",
  CONNACK: "Lets it in",
  SUBACK: "Subscription granted",
  PUBACK: "Received",
  PINGREQ: "Still there?",
  PINGRESP: "Still there",
  DISCONNECT: "Leaves",
};

function linkMeaning(packet: Packet): Meaning {
  if (packet.type === "SUBSCRIBE") {
    const isHandshake = packet.topic === Topics.handshake;
    return isHandshake
      ? { kind: "handshake", text: "Asks for a server string" }
      : { kind: "link", text: "Wants pushes" };
  }
  // CONNACK and SUBACK say yes or no.
  if (packet.note?.includes("refused") === true) return { kind: "refusal", text: `Refused, ${packet.note}` };
  return { kind: "link", text: linkTexts[packet.type] ?? packet.note ?? "" };
}

function funcOf(module: number | string, func: number | string): Func {
  const isUser = module === User.number || module === User.name;
  const known = isUser ? findFunc(User, func) : undefined;
  if (known === undefined) return { name: `${String(module)}.${String(func)}`, errors: [] };
  return { name: `${User.name}.${known.name}`, errors: known.errors };
}
