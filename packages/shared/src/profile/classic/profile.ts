/**
 * The profile `classic`, as old clients and servers speak it.
 *
 * What it does NOT protect: whoever saw CONNECT and the server string can derive the key; the keystream repeats in
 * every message, so two ciphertexts XORed are two plaintexts XORed; nothing is authenticated, so bits can be flipped
 * on the way; lengths show. It hides payloads from a casual look and no more. For confidentiality use the TLS
 * listeners (wss, mqtts).
 */
import * as defaultHost from "#host";
import type { Host } from "../../host/host.ts";
import type { Profile, SealedChannel } from "../profile.ts";
import { traceKey, type ClassicKeyTrace } from "./key.ts";
import { Keystream } from "./keystream.ts";
import { XorLane } from "./xor.ts";

/** The profile `classic` on this machine's primitives. */
export const classicProfile: Profile = createClassicProfile(defaultHost);

/** Creates the profile on given primitives; for tests that hold two of them against each other. */
export function createClassicProfile(host: Host): Profile {
  const lane = new XorLane();
  return {
    name: "classic",
    derive(clientId, serverString) {
      const { key } = traceKey(host, clientId, serverString);
      return new ClassicChannel(host, new Keystream(host, lane, key));
    },
  };
}

/**
 * Derives a key and returns every step. For developers' tools: the key opens all payloads of the connection, keep it
 * out of logs.
 * @param host the primitives to run on; the platform's own unless given
 * @throws MqplayError `handshakeFailed` when a length does not fit
 */
export function traceClassicKey(
  clientId: Uint8Array,
  serverString: Uint8Array,
  host: Pick<Host, "md5"> = defaultHost,
): ClassicKeyTrace {
  return traceKey(host, clientId, serverString);
}

/** Opening and sealing are the same XOR. [handshake-3] */
class ClassicChannel implements SealedChannel {
  readonly overheadBytes = 0;
  readonly #host: Pick<Host, "allocate">;
  readonly #keystream: Keystream;

  constructor(host: Pick<Host, "allocate">, keystream: Keystream) {
    this.#host = host;
    this.#keystream = keystream;
  }

  open(payload: Uint8Array): Uint8Array {
    const plain = this.#host.allocate(payload.length);
    this.#keystream.apply(payload, plain, 0);
    return plain;
  }

  seal(plain: Uint8Array): Uint8Array {
    return this.open(plain);
  }

  sealInto(plain: Uint8Array, target: Uint8Array, offset: number): number {
    this.#keystream.apply(plain, target, offset);
    return plain.length;
  }
}
