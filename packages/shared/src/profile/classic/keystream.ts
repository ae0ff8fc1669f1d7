/**
 * AES-128-CTR's keystream under one key. [handshake-3]
 *
 * The counter restarts for every message, so all messages of a connection meet the same keystream: it is made once,
 * kept, and XORed. Making a cipher for each message instead costs 1.5 µs in Node and over 30 µs with crypto-js.
 * Nothing is made before the first byte is needed.
 */
import type { Host } from "../../host/host.ts";
import { createStreamPiece, MAX_LANE_BYTES, type StreamPiece, type XorLane } from "./xor.ts";

const BLOCK_BYTES = 16;

/** What the first use makes: most calls and answers of a game fit. */
const FIRST_BYTES = 256;

/** The most that is kept per connection; what lies beyond is made for one message and dropped. */
const MAX_KEPT_BYTES = MAX_LANE_BYTES;

const nothing = createStreamPiece(new Uint8Array(0));

/** The keystream of one key. */
export class Keystream {
  readonly #host: Pick<Host, "encryptBlocks">;
  readonly #lane: XorLane;
  readonly #key: Uint8Array;
  #kept: StreamPiece = nothing;

  /** @param key 16 bytes: the AES key and the first counter block */
  constructor(host: Pick<Host, "encryptBlocks">, lane: XorLane, key: Uint8Array) {
    this.#host = host;
    this.#lane = lane;
    this.#key = key;
  }

  /** XORs `source` with the keystream into `target` from `offset` on. */
  apply(source: Uint8Array, target: Uint8Array, offset: number): void {
    if (source.length > this.#kept.bytes.length) this.#grow(source.length);
    if (source.length <= MAX_KEPT_BYTES) this.#lane.apply(source, this.#kept, target, offset);
    else this.#applyLong(source, target, offset);
  }

  /** Doubles what is kept until it covers `length` bytes or the bound. */
  #grow(length: number): void {
    let size = Math.max(FIRST_BYTES, this.#kept.bytes.length);
    while (size < length && size < MAX_KEPT_BYTES) size *= 2;
    if (size !== this.#kept.bytes.length) this.#kept = this.#make(0, size);
  }

  #applyLong(source: Uint8Array, target: Uint8Array, offset: number): void {
    for (let start = 0; start < source.length; start += MAX_KEPT_BYTES) {
      const piece = source.subarray(start, start + MAX_KEPT_BYTES);
      const stream = start === 0 ? this.#kept : this.#make(start, piece.length);
      this.#lane.apply(piece, stream, target, offset + start);
    }
  }

  /** Makes the keystream from byte `start`, a multiple of 16, for at least `length` bytes. */
  #make(start: number, length: number): StreamPiece {
    const blocks = counterBlocks(this.#key, start / BLOCK_BYTES, Math.ceil(length / BLOCK_BYTES));
    return createStreamPiece(this.#host.encryptBlocks(this.#key, blocks));
  }
}

/**
 * Writes `count` counter blocks one after the other: `first` plus `index`, plus `index` + 1 … modulo 2^128, big-endian.
 * Counted here and not by a library: crypto-js' counter mode increments the last 32 bits only.
 */
function counterBlocks(first: Uint8Array, index: number, count: number): Uint8Array {
  const blocks = new Uint8Array(count * BLOCK_BYTES);
  for (let block = 0; block < count; block++) {
    let carry = index + block;
    for (let i = BLOCK_BYTES - 1; i >= 0; i--) {
      carry += first[i] ?? 0;
      blocks[block * BLOCK_BYTES + i] = carry;
      carry = Math.floor(carry / 256);
    }
  }
  return blocks;
}
