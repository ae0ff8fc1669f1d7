/**
 * Small things about packets that tests need everywhere.
 */
import { randomInt } from "node:crypto";
import type { Packet } from "mqtt-packet";

/** The packets of one kind. */
export type PacketOf<C extends Packet["cmd"]> = Extract<Packet, { cmd: C }>;

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Makes a random client id of letters and digits. */
export function randomClientId(length = 32): string {
  return Array.from({ length }, () => LETTERS.charAt(randomInt(LETTERS.length))).join("");
}

/** The payload's bytes of a received PUBLISH. */
export function bytesOf(packet: PacketOf<"publish">): Uint8Array {
  return new Uint8Array(Buffer.from(packet.payload));
}

/** The payload of a received PUBLISH as text. */
export function textOf(packet: PacketOf<"publish">): string {
  return Buffer.from(packet.payload).toString("utf8");
}
