/**
 * classic once more, read off the clauses line by line and as slow as that: what tests hold the fast one against.
 * Nothing but tests imports it.
 */
import type { Host } from "../../host/host.ts";

/** Derives the key. [handshake-2] */
export function referenceKey(host: Host, clientId: Uint8Array, serverString: Uint8Array): Uint8Array {
  const b = [...clientId, ...serverString];
  [b[32], b[6]] = [b[6] ?? 0, b[32] ?? 0];
  [b[48], b[31]] = [b[31] ?? 0, b[48] ?? 0];
  return host.md5(Uint8Array.from(b));
}

/** Opens or seals one message: each byte with its own block, each block counted as one 128-bit number. [handshake-3] */
export function referenceApply(host: Host, key: Uint8Array, message: Uint8Array): Uint8Array {
  const first = Array.from(key).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return message.map((byte, i) => {
    const counter = BigInt.asUintN(128, first + BigInt(Math.floor(i / 16)));
    const block = Uint8Array.from({ length: 16 }, (_, j) =>
      Number((counter >> BigInt(8 * (15 - j))) & 0xffn),
    );
    return byte ^ (host.encryptBlocks(key, block)[i % 16] ?? 0);
  });
}
