/**
 * A payload after it was opened, in the views that a person wants of it.
 */
import {
  decodeMessage,
  Topics,
  User,
  findFunc,
  isMqplayError,
  isSuccess,
  protobufCodec,
  type MessageType,
  type ModuleContract,
} from "@mqplay/shared";
import { bytesOfBase64, jsonOf, textOf } from "../ui/bytes.ts";
import type { Packet } from "./wire-log.ts";

// Without the types of single functions: what is read here is shown, not used.
const contract: ModuleContract = User;

/** One view: a title and text, or the bytes for a hex dump. */
export interface View {
  readonly title: string;
  readonly body: string | Uint8Array;
}

/** The views of a PUBLISH, the plainest first. */
export function viewsOf(packet: Packet): View[] {
  const bytes = packet.plain ?? packet.payload;
  if (bytes === undefined || bytes.length === 0) return [];
  if (packet.topic === Topics.handshake) return [];
  if (packet.topic === Topics.protobuf || packet.topic === Topics.pushProtobuf) {
    return [...protobufViews(packet, bytes), { title: "Its bytes", body: bytes }];
  }
  return jsonViews(bytes);
}

/** The JSON of a call, answer or push, and what its base64 field holds. */
function jsonViews(bytes: Uint8Array): View[] {
  const json = jsonOf(bytes);
  if (typeof json !== "object" || json === null)
    return [{ title: "Plaintext", body: textOf(bytes) ?? bytes }];
  const views: View[] = [{ title: "Plaintext", body: JSON.stringify(json, null, 2) }];
  for (const [name, value] of Object.entries(json)) {
    if ((name !== "result" && name !== "Content") || typeof value !== "string") continue;
    const inner = bytesOfBase64(value);
    if (inner === undefined) continue;
    const innerJson = jsonOf(inner);
    views.push({
      title: `${name}, from base64`,
      body: innerJson === undefined ? (printable(inner) ?? inner) : JSON.stringify(innerJson, null, 2),
    });
  }
  return views;
}

/** The message that a protobuf frame holds, as its contract reads it. */
function protobufViews(packet: Packet, bytes: Uint8Array): View[] {
  try {
    const message = protobufMessage(packet, bytes);
    return message === undefined
      ? []
      : [{ title: "Plaintext, as its contract reads it", body: JSON.stringify(message, null, 2) }];
  } catch (error) {
    if (!isMqplayError(error)) throw error;
    // The bytes are no such message: the hex dump is all there is to show.
    return [];
  }
}

function protobufMessage(packet: Packet, bytes: Uint8Array): unknown {
  if (bytes[0] !== contract.number) return undefined;
  if (packet.topic === Topics.pushProtobuf) {
    const push = protobufCodec.decodePush(bytes);
    const known = Object.values(contract.pushes).find(({ number }) => number === push.type);
    return known && { push: known.name, content: read(known.content, push.content) };
  }
  const func = findFunc(contract, bytes[1] ?? 0);
  if (func === undefined) return undefined;
  if (packet.direction === "out") return { call: func.name, params: read(func.request, bytes.subarray(2)) };
  const answer = protobufCodec.decodeAnswer(bytes);
  const result = answer.result instanceof Uint8Array ? answer.result : undefined;
  return {
    answer: func.name,
    state: answer.state,
    ...(answer.msg !== "" && { msg: answer.msg }),
    ...(isSuccess(answer.state) && result !== undefined && { result: read(func.response, result) }),
  };
}

function read(type: MessageType<unknown> | null, bytes: Uint8Array): unknown {
  return type === null ? null : type.toJson(decodeMessage(type, bytes));
}

/** Text without control characters, else undefined: protobuf bytes are sometimes UTF-8 by chance. */
function printable(bytes: Uint8Array): string | undefined {
  const text = textOf(bytes);
  return text !== undefined && !/\p{Cc}/u.test(text) ? text : undefined;
}
