/**
 * How classic's key comes to be: client id and server string in, 16 bytes out. [handshake-2]
 * Never logged, never kept here.
 */
import type { Host } from "../../host/host.ts";
import { MqplayError } from "../../errors.ts";
import { MAX_CLIENT_ID_BYTES, MIN_CLIENT_ID_BYTES, SERVER_STRING_BYTES } from "../../limits.ts";

/** Each step of the derivation, for pages and tools that show it. The key is a secret of the connection. */
export interface ClassicKeyTrace {
  /** The client id's bytes, then the server string's. */
  readonly joined: Uint8Array;
  /** The same after both swaps. */
  readonly swapped: Uint8Array;
  /** MD5 of that: the AES-128 key and the first counter block. */
  readonly key: Uint8Array;
}

/**
 * Derives the key and keeps what lies between.
 * @throws MqplayError `handshakeFailed` when a length does not fit
 */
export function traceKey(
  host: Pick<Host, "md5">,
  clientId: Uint8Array,
  serverString: Uint8Array,
): ClassicKeyTrace {
  assertLengths(clientId, serverString);
  const joined = new Uint8Array(clientId.length + serverString.length);
  joined.set(clientId);
  joined.set(serverString, clientId.length);
  const swapped = new Uint8Array(joined);
  swap(swapped, 32, 6);
  swap(swapped, 48, 31);
  return { joined, swapped, key: host.md5(swapped) };
}

function assertLengths(clientId: Uint8Array, serverString: Uint8Array): void {
  if (clientId.length < MIN_CLIENT_ID_BYTES || clientId.length > MAX_CLIENT_ID_BYTES) {
    throw new MqplayError(
      "handshakeFailed",
      `the client id must have ${MIN_CLIENT_ID_BYTES} to ${MAX_CLIENT_ID_BYTES} bytes, got ${clientId.length}`,
    );
  }
  if (serverString.length !== SERVER_STRING_BYTES) {
    throw new MqplayError(
      "handshakeFailed",
      `the server string must have ${SERVER_STRING_BYTES} bytes, got ${serverString.length}`,
    );
  }
}

function swap(bytes: Uint8Array, a: number, b: number): void {
  const kept = bytes[a] ?? 0;
  bytes[a] = bytes[b] ?? 0;
  bytes[b] = kept;
}
