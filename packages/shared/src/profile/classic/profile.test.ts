import fc from "fast-check";
import { createCipheriv } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  checkClassicVectors,
  fromHex,
  type ClassicVectors,
} from "../../../../../test/vectors/check-classic.ts";
import recorded from "../../../../../test/vectors/classic.json" with { type: "json" };
import { isMqplayError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import * as node from "../../host/node.ts";
import * as portable from "../../host/portable.ts";
import { bytesEqual } from "../../util/bytes.ts";
import { plainChannel } from "../profile.ts";
import { classicProfile, createClassicProfile, traceClassicKey } from "./profile.ts";
import { referenceApply, referenceKey } from "./reference.ts";

const vectors: ClassicVectors = recorded;
const hosts: readonly (readonly [string, Host])[] = [
  ["node", node],
  ["portable", portable],
];
const id = fc.uint8Array({ minLength: 32, maxLength: 64 });
const serverString = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Around each length at which something changes: blocks, the byte-wise bound, doublings, the bound of what is kept. */
const edges = [0, 1, 15, 16, 17, 39, 40, 41, 63, 64, 65, 255, 256, 257, 511, 512, 513, 4_095, 4_096, 4_097];
const longEdges = [16_383, 16_384, 16_385, 16_400, 32_768, 32_769, 50_001];

/** A host that notes how many bytes of keystream it was asked for, each time. */
function countingHost(): { host: Host; made: number[] } {
  const made: number[] = [];
  const encryptBlocks: Host["encryptBlocks"] = (key, blocks) => {
    made.push(blocks.length);
    return node.encryptBlocks(key, blocks);
  };
  return { host: { ...node, encryptBlocks }, made };
}

/** Bytes that begin at an odd place of a larger memory. */
function unaligned(bytes: Uint8Array, shift: number): Uint8Array {
  const memory = new Uint8Array(bytes.length + shift + 3);
  memory.set(bytes, shift);
  return memory.subarray(shift, shift + bytes.length);
}

function ruled(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (7 * i + 3) & 0xff);
}

describe.each(hosts)("classic on the %s host", (_name, host) => {
  const profile = createClassicProfile(host);

  test("derives every recorded key and opens and seals every recorded payload [handshake-2] [handshake-3]", () => {
    const { checked, failures } = checkClassicVectors(vectors, host);
    expect(failures).toEqual([]);
    // 6 keys, 23 × (key, seal, open), the independent ones, and both ways for each of the 102 sealed payloads.
    expect(checked).toBeGreaterThan(6 + 23 * 3 + 2 * 102);
  });

  test("agrees with the slow twin for any id, server string, message and alignment", () => {
    fc.assert(
      fc.property(
        id,
        serverString,
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(8),
        (clientId, s, message, shift) => {
          const key = referenceKey(host, clientId, s);
          const sealed = profile.derive(clientId, s).seal(unaligned(message, shift));
          expect(new Uint8Array(traceClassicKey(clientId, s, host).key)).toEqual(new Uint8Array(key));
          expect(new Uint8Array(sealed)).toEqual(referenceApply(host, key, message));
        },
      ),
      { numRuns: 40 },
    );
  });

  test("seals into a frame at any offset and touches nothing around it", () => {
    const channel = profile.derive(new Uint8Array(32), new Uint8Array(32));
    for (const length of edges) {
      const frame = new Uint8Array(length + 7).fill(0xaa);
      expect(channel.sealInto(ruled(length), frame, 3)).toBe(length);
      expect(frame.subarray(3, 3 + length)).toEqual(new Uint8Array(channel.seal(ruled(length))));
      expect([...frame.subarray(0, 3), ...frame.subarray(3 + length)]).toEqual(Array(7).fill(0xaa));
    }
  });
});

test.each(hosts)(
  "the %s host's keystream is OpenSSL's at every length where something changes",
  (_name, host) => {
    const clientId = ruled(33);
    const { key } = traceClassicKey(clientId, new Uint8Array(32), host);
    const channel = createClassicProfile(host).derive(clientId, new Uint8Array(32));
    for (const length of [...edges, ...longEdges]) {
      const sealed = createCipheriv("aes-128-ctr", key, key).update(ruled(length));
      // Compared as one: element by element takes seconds for these lengths.
      expect(bytesEqual(channel.seal(ruled(length)), sealed)).toBe(true);
      expect(bytesEqual(channel.open(sealed), ruled(length))).toBe(true);
    }
  },
);

test.each([
  "ffffffffffffffffffffffffffffffff",
  "000000000000000000000000fffffffe",
  "00000000ffffffffffffffffffffffff",
])("carries through all 128 bits of the counter from %s", (keyHex) => {
  // No client id is known that hashes to such a key, so the key is put in place of the hash.
  const host: Host = { ...portable, md5: () => fromHex(keyHex) };
  const channel = createClassicProfile(host).derive(new Uint8Array(32), new Uint8Array(32));
  const zeros = new Uint8Array(80);
  expect(channel.seal(zeros)).toEqual(referenceApply(node, fromHex(keyHex), zeros));
});

test("makes no keystream before the first payload, then 256 bytes once, then doubles", () => {
  const { host, made } = countingHost();
  const channel = createClassicProfile(host).derive(new Uint8Array(32), new Uint8Array(32));
  expect(made).toEqual([]);
  for (let i = 0; i < 10; i++) channel.seal(new Uint8Array(256));
  expect(made).toEqual([256]);
  channel.open(new Uint8Array(257));
  channel.open(new Uint8Array(512));
  expect(made).toEqual([256, 512]);
});

test("keeps at most 16 KB: what is longer costs its far part each time, the near part never again", () => {
  const { host, made } = countingHost();
  const channel = createClassicProfile(host).derive(new Uint8Array(32), new Uint8Array(32));
  channel.seal(new Uint8Array(40_000));
  expect(made.splice(0)).toEqual([16_384, 16_384, 7_232]);
  channel.seal(new Uint8Array(40_000));
  expect(made.splice(0)).toEqual([16_384, 7_232]);
  channel.seal(new Uint8Array(16_384));
  expect(made).toEqual([]);
});

test("two channels in turn do not disturb each other", () => {
  const a = classicProfile.derive(new Uint8Array(32), new Uint8Array(32));
  const b = classicProfile.derive(ruled(32), new Uint8Array(32));
  const sealedA = a.seal(ruled(100));
  const sealedB = b.seal(ruled(90));
  expect(new Uint8Array(a.open(sealedA))).toEqual(ruled(100));
  expect(new Uint8Array(b.open(sealedB))).toEqual(ruled(90));
});

test("leaves its input alone and returns fresh bytes", () => {
  for (const channel of [classicProfile.derive(new Uint8Array(32), new Uint8Array(32)), plainChannel]) {
    const plain = Buffer.from(ruled(100));
    const sealed = channel.seal(plain);
    const opened = channel.open(plain);
    sealed.fill(0);
    opened.fill(0);
    expect(new Uint8Array(plain)).toEqual(ruled(100));
  }
});

test("refuses client ids of 31 and 65 bytes and server strings that are not 32 bytes [connect-2] [handshake-1]", () => {
  const refused = (clientBytes: number, serverBytes: number): unknown => {
    try {
      return classicProfile.derive(new Uint8Array(clientBytes), new Uint8Array(serverBytes));
    } catch (error) {
      return isMqplayError(error) ? error.code : error;
    }
  };
  expect([refused(31, 32), refused(65, 32), refused(32, 31), refused(32, 33)]).toEqual(
    Array(4).fill("handshakeFailed"),
  );
});

test("shows every step of the key to developers' tools", () => {
  const clientId = ruled(40);
  const { joined, swapped, key } = traceClassicKey(clientId, new Uint8Array(32).fill(0xee));
  expect(joined).toEqual(Uint8Array.from([...clientId, ...Array<number>(32).fill(0xee)]));
  const moved = [...swapped.keys()].filter((i) => swapped[i] !== joined[i]);
  expect(moved).toEqual([6, 31, 32, 48]);
  expect(new Uint8Array(key)).toEqual(new Uint8Array(node.md5(swapped)));
});

test("payloads travel as they are when nothing is secret [handshake-7]", () => {
  const frame = new Uint8Array(6);
  expect(plainChannel.sealInto(ruled(4), frame, 1)).toBe(4);
  expect(frame.subarray(1, 5)).toEqual(ruled(4));
  expect(plainChannel.open(plainChannel.seal(ruled(9)))).toEqual(ruled(9));
});
