import fc from "fast-check";
import { createCipheriv, createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isMqplayError } from "../errors.ts";
import type { Host } from "./host.ts";
import * as node from "./node.ts";
import * as portable from "./portable.ts";
import * as chosen from "#host";

const hosts: readonly (readonly [string, Host])[] = [
  ["node", node],
  ["portable", portable],
];

function codeOf(run: () => unknown): unknown {
  try {
    return { returned: run() };
  } catch (error) {
    return isMqplayError(error) ? error.code : error;
  }
}

test("both hosts offer the same names, and Node gets its own", () => {
  expect(Object.keys(portable).sort()).toEqual(Object.keys(node).sort());
  expect(chosen.md5).toBe(node.md5);
});

describe.each(hosts)("the %s host", (_name, host) => {
  test("hashes and encrypts as OpenSSL does", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (bytes, key) => {
          expect(Buffer.from(host.md5(bytes))).toEqual(createHash("md5").update(bytes).digest());
          const blocks = bytes.subarray(0, bytes.length & ~15);
          const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
          expect(Buffer.from(host.encryptBlocks(key, blocks))).toEqual(
            Buffer.concat([cipher.update(blocks), cipher.final()]),
          );
        },
      ),
    );
  });

  test("writes and reads base64 and UTF-8 as Node does", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.string({ unit: "grapheme", maxLength: 60 }),
        (bytes, text) => {
          const base64 = Buffer.from(bytes).toString("base64");
          expect(host.toBase64(bytes)).toBe(base64);
          expect(Buffer.from(host.fromBase64(base64))).toEqual(Buffer.from(bytes));
          expect(Buffer.from(host.utf8Encode(text))).toEqual(Buffer.from(text, "utf8"));
          expect(host.utf8Decode(Buffer.from(text, "utf8"))).toBe(text);
        },
      ),
    );
  });

  test.each([
    "A",
    "AA",
    "AAA",
    "AB==",
    "AAB=",
    "AA=A",
    "====",
    "A===",
    "AAAA=",
    "AA==AA==",
    "A A=",
    "AAA\n",
    "AA-_",
    "ÄAAA",
  ])("refuses %j as base64", (text) => {
    expect(codeOf(() => host.fromBase64(text))).toBe("malformed");
  });

  test.each([
    ["a lone continuation", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["an overlong three-byte form", [0xe0, 0x9f, 0xbf]],
    ["an overlong four-byte form", [0xf0, 0x8f, 0xbf, 0xbf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a point beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
    ["a byte that never occurs", [0xff]],
    ["a sequence that is cut", [0x61, 0xe2, 0x82]],
    ["a sequence that is broken off", [0xe2, 0x82, 0x61]],
  ])("refuses %s as UTF-8", (_what, bytes) => {
    expect(codeOf(() => host.utf8Decode(Uint8Array.from(bytes)))).toBe("malformed");
  });

  test.each(["\ud800", "\udc00", "a\ud83d", "\ud83dx", "\ude00\ud83d"])(
    "refuses to write %j as UTF-8",
    (text) => {
      expect(codeOf(() => host.utf8Encode(text))).toBe("malformed");
    },
  );

  test("keeps a byte order mark, reads text longer than one piece, and every boundary of UTF-8", () => {
    const text = `\ufeff${"ab€😀".repeat(5_000)}\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}`;
    expect(host.utf8Decode(host.utf8Encode(text))).toBe(text);
  });

  test("allocates what was asked for", () => {
    expect([0, 1, 64, 65, 5_000].map((length) => host.allocate(length).length)).toEqual([
      0, 1, 64, 65, 5_000,
    ]);
  });
});

test("both hosts judge any bytes and any text alike", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 12 }),
      fc.string({ unit: "binary", maxLength: 12 }),
      (bytes, text) => {
        expect(codeOf(() => portable.utf8Decode(bytes))).toEqual(codeOf(() => node.utf8Decode(bytes)));
        const written = (host: Host): unknown => codeOf(() => [...host.utf8Encode(text)]);
        expect(written(portable)).toEqual(written(node));
        const read = (host: Host): unknown => codeOf(() => [...host.fromBase64(text)]);
        expect(read(portable)).toEqual(read(node));
      },
    ),
    { numRuns: 500 },
  );
});
