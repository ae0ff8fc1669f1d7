import { expect, test } from "vitest";
import { bytesEqual } from "./bytes.ts";

test("arrays are equal when all their bytes are, whatever memory they lie in", () => {
  const a = Uint8Array.of(1, 2, 3);
  expect(bytesEqual(a, Buffer.from([0, 1, 2, 3]).subarray(1))).toBe(true);
  expect(bytesEqual(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  expect(bytesEqual(a, Uint8Array.of(1, 2, 4))).toBe(false);
  expect(bytesEqual(a, Uint8Array.of(1, 2))).toBe(false);
  expect(bytesEqual(a, Uint8Array.of(1, 2, 3, 0))).toBe(false);
});
