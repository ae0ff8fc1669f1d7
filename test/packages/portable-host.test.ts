/**
 * The published form of the host for browsers and mini-games, which has only a part of crypto-js in it, against OpenSSL.
 */
import { createCipheriv, createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { repository } from "../support/server.ts";

const path = join(repository, "packages/shared/dist/host/portable.js");

interface Built {
  md5(bytes: Uint8Array): Uint8Array;
  encryptBlocks(key: Uint8Array, blocks: Uint8Array): Uint8Array;
}

function isHost(value: object): value is Built {
  return "md5" in value && "encryptBlocks" in value;
}

test("hashes and encrypts as OpenSSL does", async () => {
  const host: object = await import(path);
  if (!isHost(host)) throw new Error(`${path} is no host`);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      (bytes, key) => {
        expect(Buffer.from(host.md5(bytes))).toEqual(createHash("md5").update(bytes).digest());
        const blocks = bytes.subarray(0, bytes.length & ~15);
        const cipher = createCipheriv("aes-128-ecb", key, null).setAutoPadding(false);
        expect(Buffer.from(host.encryptBlocks(key, blocks))).toEqual(cipher.update(blocks));
      },
    ),
  );
});

test("imports nothing but the package's errors, requires nothing, and has the notice of crypto-js", async () => {
  const code = await readFile(path, "utf8");
  expect([...code.matchAll(/^import .*$/gmu)].map(String)).toEqual([
    'import { MqplayError } from "../errors.js";',
  ]);
  expect(code).not.toMatch(/\brequire\b|EvpKDF|SHA1|getRandomValues/u);
  expect(code).toContain("Copyright (c) 2009-2013 Jeff Mott");
});
