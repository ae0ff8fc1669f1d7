/**
 * Tokens: what they look like. An access token may serve as a client id [connect-5], so it is made of what client ids
 * of every server may be made of.
 */
import { randomBytes } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** 256 bits: nobody guesses one. */
const TOKEN_BYTES = 32;

/** How many digits of base 62 hold 256 bits. */
export const TOKEN_LENGTH = 43;

const BASE = BigInt(ALPHABET.length);

/** Makes a token: 32 random bytes as 43 characters of `[0-9A-Za-z]`. */
export function createToken(random: (size: number) => Uint8Array = randomBytes): string {
  return encodeBase62(random(TOKEN_BYTES));
}

/** Writes 32 bytes as a number of base 62, zeros in front. */
export function encodeBase62(bytes: Uint8Array): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  let text = "";
  for (let digit = 0; digit < TOKEN_LENGTH; digit += 1) {
    text = ALPHABET.charAt(Number(rest % BASE)) + text;
    rest /= BASE;
  }
  return text;
}
