/**
 * The host everywhere else: browsers, mini-games, bare JavaScript contexts. crypto-js for the two primitives,
 * the rest by hand, so that no global of the host is needed.
 *
 * Only block encryption is taken from crypto-js, never its CTR mode: that one increments the last 32 bits only and
 * gives wrong bytes when they wrap.
 */
import AES from "crypto-js/aes.js";
import CryptoJS from "crypto-js/core.js";
import MD5 from "crypto-js/md5.js";
import ECB from "crypto-js/mode-ecb.js";
import NoPadding from "crypto-js/pad-nopadding.js";
import { MqplayError } from "../errors.ts";

type WordArray = ReturnType<typeof CryptoJS.lib.WordArray.create>;

/** See `Host.md5`. */
export function md5(bytes: Uint8Array): Uint8Array {
  return fromWords(MD5(toWords(bytes)));
}

/** See `Host.encryptBlocks`. */
export function encryptBlocks(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  return fromWords(AES.encrypt(toWords(blocks), toWords(key), { mode: ECB, padding: NoPadding }).ciphertext);
}

/** crypto-js keeps bytes in big-endian 32-bit words. */
function toWords(bytes: Uint8Array): WordArray {
  const words = Array.from({ length: (bytes.length + 3) >>> 2 }, () => 0);
  for (const [i, byte] of bytes.entries())
    words[i >>> 2] = (words[i >>> 2] ?? 0) | (byte << (24 - (i & 3) * 8));
  return CryptoJS.lib.WordArray.create(words, bytes.length);
}

function fromWords(array: WordArray): Uint8Array {
  const bytes = new Uint8Array(array.sigBytes);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (array.words[i >>> 2] ?? 0) >>> (24 - (i & 3) * 8);
  return bytes;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = "=";

/** See `Host.toBase64`. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += ALPHABET.charAt(group >>> 18) + ALPHABET.charAt((group >>> 12) & 63);
    text += left > 1 ? ALPHABET.charAt((group >>> 6) & 63) : PAD;
    text += left > 2 ? ALPHABET.charAt(group & 63) : PAD;
  }
  return text;
}

const sextets: ReadonlyMap<number, number> = new Map(
  Array.from(ALPHABET, (character, value) => [character.charCodeAt(0), value]),
);

/** See `Host.fromBase64`. */
export function fromBase64(text: string): Uint8Array {
  const pads = text.endsWith("==") ? 2 : text.endsWith(PAD) ? 1 : 0;
  const digits = text.length - pads;
  if (text.length % 4 !== 0) throw notBase64();
  const bytes = new Uint8Array((text.length / 4) * 3 - pads);
  let group = 0;
  let written = 0;
  for (let i = 0; i < digits; i++) {
    const sextet = sextets.get(text.charCodeAt(i));
    if (sextet === undefined) throw notBase64();
    group = ((group << 6) | sextet) & 0xff_ffff;
    const bits = (6 * (i + 1)) % 8;
    // After each but the first digit of four, one more byte is complete; `bits` is what is left over of this digit.
    if (i % 4 !== 0) bytes[written++] = group >>> bits;
  }
  // What is left over of the last digit must be zero, else two texts would mean the same bytes.
  const spare = (6 * digits) % 8;
  if ((group & ((1 << spare) - 1)) !== 0) throw notBase64();
  return bytes;
}

function notBase64(): MqplayError {
  return new MqplayError("malformed", "this is not canonical base64");
}

/** See `Host.utf8Encode`. */
export function utf8Encode(text: string): Uint8Array {
  // A UTF-16 unit becomes at most three bytes.
  const bytes = new Uint8Array(text.length * 3);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      bytes[at++] = unit;
    } else if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >>> 6);
      bytes[at++] = 0x80 | (unit & 0x3f);
    } else if (unit < 0xd800 || unit > 0xdfff) {
      bytes[at++] = 0xe0 | (unit >>> 12);
      bytes[at++] = 0x80 | ((unit >>> 6) & 0x3f);
      bytes[at++] = 0x80 | (unit & 0x3f);
    } else {
      const low = text.charCodeAt(++i);
      // NaN at the end of the text fails both comparisons' negation, so it is written this way round.
      if (!(unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff)) {
        throw new MqplayError("malformed", "the text holds half a surrogate pair");
      }
      const point = 0x1_0000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
      bytes[at++] = 0xf0 | (point >>> 18);
      bytes[at++] = 0x80 | ((point >>> 12) & 0x3f);
      bytes[at++] = 0x80 | ((point >>> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
    }
  }
  return bytes.slice(0, at);
}

/** How many characters are joined at once: arguments of one call are few on some hosts. */
const CHUNK_UNITS = 4_096;

/** See `Host.utf8Decode`. */
export function utf8Decode(bytes: Uint8Array): string {
  let text = "";
  let units: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] ?? 0;
    const length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : 4;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || at + length > bytes.length) throw notUtf8();
    let point = length === 1 ? lead : lead & (0x7f >>> length);
    for (let i = 1; i < length; i++) {
      const next = bytes[at + i] ?? 0;
      if ((next & 0xc0) !== 0x80) throw notUtf8();
      point = (point << 6) | (next & 0x3f);
    }
    // Overlong forms, surrogates and what lies beyond Unicode. (RFC 3629, section 3)
    if (length === 3 && (point < 0x800 || (point >= 0xd800 && point <= 0xdfff))) throw notUtf8();
    if (length === 4 && (point < 0x1_0000 || point > 0x10_ffff)) throw notUtf8();
    if (point < 0x1_0000) units.push(point);
    else units.push(0xd7c0 + (point >>> 10), 0xdc00 + (point & 0x3ff));
    at += length;
    if (units.length >= CHUNK_UNITS) {
      text += String.fromCharCode(...units);
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}

function notUtf8(): MqplayError {
  return new MqplayError("malformed", "these bytes are not UTF-8");
}

/** See `Host.allocate`. */
export function allocate(length: number): Uint8Array {
  return new Uint8Array(length);
}
