/**
 * A push in words.
 */
import { decodeMessage, User, type ModuleContract } from "@mqplay/shared";
import type { ReceivedPush } from "@mqplay/client-sdk";
import { hexLine, jsonOf, textOf } from "../ui/bytes.ts";

const modules: readonly ModuleContract[] = [User];

/** A push by its name in code, like `User.onLoginSuccessNotify`, or by its numbers. */
export function pushName(module: number, type: number): string {
  const contract = modules.find(({ number }) => number === module);
  const known = Object.entries(contract?.pushes ?? {}).find(([, { number }]) => number === type);
  if (contract === undefined || known === undefined) return `module ${String(module)}, type ${String(type)}`;
  return `${contract.name}.${known[0]}`;
}

/** What a push says: its content as its contract reads it, or as text, or as bytes. */
export function pushText({ module, type, content, encoding }: ReceivedPush): string {
  const contract = modules.find(({ number }) => number === module);
  const known = Object.values(contract?.pushes ?? {}).find(({ number }) => number === type);
  if (known === undefined) return textOf(content) ?? hexLine(content);
  const message =
    encoding === "protobuf" ? decodeMessage(known.content, content) : known.content.fromJson(jsonOf(content));
  return JSON.stringify(known.content.toJson(message));
}
