import { expect, test } from "vitest";
import { createClientId } from "./client-id.ts";

test("bytes that would make some characters likelier are thrown away", async () => {
  const draws = [new Uint8Array(32).fill(255), Uint8Array.from({ length: 32 }, (_, at) => at + 216)];
  const id = await createClientId({ randomBytes: () => draws.shift() ?? new Uint8Array(32) });
  // The second draw gives 216 to 247; 248 and above never count. 216 % 62 = 30.
  expect(id).toBe("UVWXYZabcdefghijklmnopqrstuvwxyz");
});

test("a host that answers later is waited for", async () => {
  expect(await createClientId({ randomBytes: async (length) => new Uint8Array(length) })).toBe(
    "0".repeat(32),
  );
});
