/**
 * Whether the time of an answer tells if there is an account. Unknown names and wrong passwords are tried in turns on
 * one connection, so that whatever else the machine does slows both alike, and the medians of each are compared. Without the
 * work for unknown names the ratio is about 1 : 20.
 */
import { expect, test } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { startServer } from "../support/server.ts";

const PAIRS = 120;
const PASSWORD = "correct horse battery";

/** Medians of two kinds may differ by this part of them: more than noise, far less than what a missing hash would make. */
const TOLERANCE = 0.25;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

test("an unknown name and a wrong password are answered alike and after the same time", async () => {
  const free = { freeFailures: 1_000_000 };
  await using server = await startServer({ settings: { lockout: { account: free, address: free } } });
  await using client = await RawClient.ready(server.mqttUrl);
  await client.user("Register", { username: "someone", password: PASSWORD });

  const samples = { known: [] as number[], unknown: [] as number[] };
  const texts = new Set<string>();
  const sample = async (kind: "known" | "unknown", n: number): Promise<void> => {
    const username = kind === "known" ? "someone" : `nobody${n}`;
    const beganAt = performance.now();
    const { text } = await client.user("Login", { username, password: `wrong ${n}` });
    samples[kind].push(performance.now() - beganAt);
    texts.add(text);
  };
  for (let n = 0; n < PAIRS; n += 1) {
    const order = n % 2 === 0 ? (["known", "unknown"] as const) : (["unknown", "known"] as const);
    for (const kind of order) await sample(kind, n);
  }

  expect(texts.size).toBe(1);
  const ratio = median(samples.unknown) / median(samples.known);
  expect(ratio).toBeGreaterThan(1 - TOLERANCE);
  expect(ratio).toBeLessThan(1 + TOLERANCE);
});
