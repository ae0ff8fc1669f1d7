/**
 * A profile: how a connection's key comes to be, and how a payload is opened and sealed with it.
 * `classic` is the one there is; a second one would be negotiated on topics below `s/`.
 */

/** A key agreed on one connection; it dies with the connection or with the next handshake. */
export interface SealedChannel {
  /** Decrypts a payload into fresh bytes. The input is left alone. */
  open(payload: Uint8Array): Uint8Array;
  /** Encrypts a payload into fresh bytes. The input is left alone. */
  seal(plain: Uint8Array): Uint8Array;
  /**
   * Encrypts `plain` into `target` from `offset` on; `target` must have `plain.length + overheadBytes` bytes there.
   * Returns how many bytes it wrote. For the hot path: the frame is the only buffer.
   */
  sealInto(plain: Uint8Array, target: Uint8Array, offset: number): number;
  /** How many bytes longer a sealed payload is than its plaintext. 0 in classic. */
  readonly overheadBytes: number;
}

/** How a key comes to be. */
export interface Profile {
  /** The profile's name, as configuration and logs say it. */
  readonly name: string;
  /**
   * Derives the connection's channel from what both ends know.
   * @param clientId the UTF-8 bytes of the client id, 32 to 64 of them
   * @param serverString the bytes that the server published on `s`
   * @throws MqplayError `handshakeFailed` when a length does not fit
   */
  derive(clientId: Uint8Array, serverString: Uint8Array): SealedChannel;
}

/** The channel of `"secret": false`: payloads travel plain. [handshake-7] */
export const plainChannel: SealedChannel = {
  overheadBytes: 0,
  // Not slice(): on a Buffer that is a view.
  open: (payload) => new Uint8Array(payload),
  seal: (plain) => new Uint8Array(plain),
  sealInto(plain, target, offset) {
    target.set(plain, offset);
    return plain.length;
  },
};
