/**
 * AES-128-CTR's keystream under one key. [handshake-3]
 *
 * The counter restarts for every message, so all messages of a connection meet the same keystream: it is made once,
 * kept, and XORed. Making a cipher for each message instead costs 25 times as much in Node, 500 times in crypto-js.
 * Nothing is made before the first byte is needed: most connections of a test or an attack never need one.
 */
import type { Host } from "../../host/host.ts";

const BLOCK_BYTES = 16;

/** What the first use makes: most calls and answers of a game fit. */
const FIRST_BYTES = 256;

/** The most that is kept per connection; what lies beyond is made for one message and dropped. */
export const MAX_KEPT_BYTES = 16_384;

/** The keystream of one key. */
export class Keystream {
  readonly #host: Pick<Host, "encryptBlocks">;
  readonly #key: Uint8Array;
  #kept: Uint8Array = new Uint8Array(0);

  /** @param key 16 bytes: the AES key and the first counter block */
  constructor(host: Pick<Host, "encryptBlocks">, key: Uint8Array) {
    this.#host = host;
    this.#key = key;
  }

  /** XORs `source` with the keystream into `target` from `offset` on. */
  apply(source: Uint8Array, target: Uint8Array, offset: number): void {
    const length = source.length;
    if (length > this.#kept.length) this.#grow(length);
    const kept = this.#kept;
    const near = length < kept.length ? length : kept.length;
    for (let i = 0; i < near; i++) target[offset + i] = (source[i] ?? 0) ^ (kept[i] ?? 0);
    if (near < length) this.#applyBeyond(source, target, offset);
  }

  /** Doubles what is kept until it covers `length` bytes or the bound. */
  #grow(length: number): void {
    let size = this.#kept.length === 0 ? FIRST_BYTES : this.#kept.length;
    while (size < length && size < MAX_KEPT_BYTES) size *= 2;
    if (size === this.#kept.length) return;
    this.#kept = this.#make(0, size);
  }

  #applyBeyond(source: Uint8Array, target: Uint8Array, offset: number): void {
    for (let start = MAX_KEPT_BYTES; start < source.length; start += MAX_KEPT_BYTES) {
      const length = Math.min(MAX_KEPT_BYTES, source.length - start);
      const stream = this.#make(start, length);
      for (let i = 0; i < length; i++)
        target[offset + start + i] = (source[start + i] ?? 0) ^ (stream[i] ?? 0);
    }
  }

  /** Makes the keystream from byte `start`, a multiple of 16, for at least `length` bytes. */
  #make(start: number, length: number): Uint8Array {
    return this.#host.encryptBlocks(this.#key, counterBlocks(this.#key, start / BLOCK_BYTES, length));
  }
}

/**
 * Writes counter blocks one after the other: the first block plus `index`, plus `index` + 1 … modulo 2^128, big-endian.
 * Counted here and not by a library: crypto-js' counter mode carries into the last 32 bits only.
 */
function counterBlocks(first: Uint8Array, index: number, length: number): Uint8Array {
  const count = Math.ceil(length / BLOCK_BYTES);
  const blocks = new Uint8Array(count * BLOCK_BYTES);
  for (let block = 0; block < count; block++) {
    let carry = index + block;
    for (let i = BLOCK_BYTES - 1; i >= 0; i--) {
      carry += first[i] ?? 0;
      blocks[block * BLOCK_BYTES + i] = carry & 0xff;
      carry = Math.floor(carry / 256);
    }
  }
  return blocks;
}
