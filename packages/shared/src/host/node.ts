/**
 * The host in Node: node:crypto and Buffer. The only file of this package that may touch them.
 */
import { Buffer } from "node:buffer";
import { createCipheriv, createHash } from "node:crypto";
import { TextDecoder } from "node:util";
import { MqplayError } from "../errors.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const SURROGATE = /\p{Surrogate}/u;

/** Up to here V8 keeps a typed array on its own heap, which is faster than Buffer's pool; beyond, far slower. */
const MAX_ON_HEAP_BYTES = 64;

/** See `Host.md5`. */
export function md5(bytes: Uint8Array): Uint8Array {
  return createHash("md5").update(bytes).digest();
}

/** See `Host.encryptBlocks`. */
export function encryptBlocks(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  return createCipheriv("aes-128-ecb", key, null).setAutoPadding(false).update(blocks);
}

/** See `Host.toBase64`. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** See `Host.fromBase64`. */
export function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  // Buffer skips what it does not know and stops at the first "="; only the way back shows that nothing was wrong.
  if (bytes.toString("base64") !== text) throw new MqplayError("malformed", "this is not canonical base64");
  return bytes;
}

/** See `Host.utf8Encode`. */
export function utf8Encode(text: string): Uint8Array {
  const bytes = Buffer.from(text, "utf8");
  // Pure ASCII has as many bytes as characters, so the search runs only where there may be something to find.
  if (bytes.length !== text.length && SURROGATE.test(text)) {
    throw new MqplayError("malformed", "the text holds half a surrogate pair");
  }
  return bytes;
}

/** See `Host.utf8Decode`. */
export function utf8Decode(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (cause) {
    throw new MqplayError("malformed", "these bytes are not UTF-8", { cause });
  }
}

/** See `Host.allocate`. */
export function allocate(length: number): Uint8Array {
  return length <= MAX_ON_HEAP_BYTES ? new Uint8Array(length) : Buffer.allocUnsafe(length);
}
