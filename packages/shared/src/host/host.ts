/**
 * What the house needs from the machine below it, and nothing more: hashing, block encryption, text and base64.
 * Two implementations with the same exports: node.ts and portable.ts; the package's import map picks one as `#host`.
 * No random here: whoever needs it says where it comes from.
 */

/** The primitives, as one value. Everything is deterministic and keeps no state. */
export interface Host {
  /** Hashes bytes with MD5; 16 bytes come back. For classic's key derivation only. [handshake-2] */
  md5(bytes: Uint8Array): Uint8Array;
  /**
   * Encrypts 16-byte blocks with AES-128, each on its own (ECB). [handshake-3]
   * @param key 16 bytes
   * @param blocks a multiple of 16 bytes
   */
  encryptBlocks(key: Uint8Array, blocks: Uint8Array): Uint8Array;
  /** Writes bytes as base64 with padding (RFC 4648, section 4). */
  toBase64(bytes: Uint8Array): string;
  /**
   * Reads base64 as {@link Host.toBase64} writes it: padded, canonical, no white space.
   * @throws MqplayError `malformed`
   */
  fromBase64(text: string): Uint8Array;
  /**
   * Writes text as UTF-8.
   * @throws MqplayError `malformed` when the text holds half a surrogate pair
   */
  utf8Encode(text: string): Uint8Array;
  /**
   * Reads UTF-8; a byte order mark is kept.
   * @throws MqplayError `malformed` on anything that RFC 3629 does not allow
   */
  utf8Decode(bytes: Uint8Array): string;
  /** Makes an array whose content is arbitrary: whoever asks writes every byte of it. */
  allocate(length: number): Uint8Array;
}
