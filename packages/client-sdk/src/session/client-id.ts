/**
 * Client ids of the SDK's own: 32 characters of [0-9A-Za-z] from the host's cryptographic source. [connect-2]
 * Who knows one and the server string knows the key, so it must not be guessed. [handshake-2]
 */
import type { Platform } from "../platform/platform.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 32;
/** The highest multiple of 62 in a byte: what lies above would make some characters likelier. */
const BOUND = 248;

/** Makes a client id. Rejects with what the host's random source failed with. */
export async function createClientId(platform: Pick<Platform, "randomBytes">): Promise<string> {
  let id = "";
  while (id.length < LENGTH) {
    for (const byte of await platform.randomBytes(LENGTH)) {
      if (byte < BOUND && id.length < LENGTH) id += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return id;
}
