/**
 * The handshake on topic `s`: a fresh server string for each subscription, and the channel that comes of it.
 * [handshake-1], [handshake-2], [handshake-5], [handshake-7]
 */
import { randomBytes } from "node:crypto";
import { plainChannel, SERVER_STRING_BYTES, type Profile, type SealedChannel } from "@mqplay/shared";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** The largest multiple of the alphabet's length in a byte: bytes from here up would favour its first characters. */
const FAIR_BELOW = 256 - (256 % ALPHABET.length);

/** What a handshake gives: the bytes to publish on `s`, and how payloads travel from then on. */
export interface Handshake {
  readonly serverString: Buffer;
  readonly channel: SealedChannel;
}

/** Makes a server string: 32 characters of [0-9A-Za-z] from a cryptographic source. [handshake-1] */
export function createServerString(): Buffer {
  const text = Buffer.allocUnsafe(SERVER_STRING_BYTES);
  let at = 0;
  while (at < SERVER_STRING_BYTES) {
    for (const byte of randomBytes(SERVER_STRING_BYTES)) {
      if (byte >= FAIR_BELOW || at === SERVER_STRING_BYTES) continue;
      text[at++] = ALPHABET.charCodeAt(byte % ALPHABET.length);
    }
  }
  return text;
}

/** Does the server's half of a handshake with a client. With `secret` false the string is sent, and payloads stay plain. */
export function performHandshake(profile: Profile, clientId: Uint8Array, secret: boolean): Handshake {
  const serverString = createServerString();
  return { serverString, channel: secret ? profile.derive(clientId, serverString) : plainChannel };
}
