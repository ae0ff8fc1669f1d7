import { describe, expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";
import { PacketIds } from "./packet-ids.ts";
import { mayFollow } from "./state.ts";
import { parseTarget } from "./target.ts";

describe("an address", () => {
  test.each([
    [
      "mqtt://localhost",
      { scheme: "mqtt", host: "localhost", port: 1883, path: "", href: "mqtt://localhost:1883" },
    ],
    [
      "mqtts://game.example:9",
      { scheme: "mqtts", host: "game.example", port: 9, path: "", href: "mqtts://game.example:9" },
    ],
    ["ws://[::1]:8080", { scheme: "ws", host: "::1", port: 8080, path: "/ws", href: "ws://[::1]:8080/ws" }],
    ["wss://a.b/", { scheme: "wss", host: "a.b", port: 443, path: "/ws", href: "wss://a.b:443/ws" }],
    ["WS://a/mqtt?x=1", { scheme: "ws", host: "a", port: 80, path: "/mqtt?x=1", href: "ws://a:80/mqtt?x=1" }],
  ])("%s is read", (url, target) => {
    expect(parseTarget(url)).toEqual(target);
  });

  test.each([
    "http://a",
    "mqtt:/a",
    "ws://",
    "ws://a:0",
    "ws://a:70000",
    "ws://user@a",
    "ws://a b",
    "ws://a#x",
    "constructor://a",
  ])("%s is refused", (url) => {
    expect(() => parseTarget(url)).toThrow(/invalidArgument.*"url" must be/);
  });
});

describe("packet identifiers", () => {
  test("come in order, and a freed one comes last", () => {
    const ids = new PacketIds();
    expect([ids.take(), ids.take()]).toEqual([1, 2]);
    ids.free(1);
    expect(ids.take()).toBe(3);
  });

  test("wrap at 65535, skip what is in use, and end when all are", () => {
    const ids = new PacketIds();
    const taken = Array.from({ length: 65_535 }, () => ids.take());
    expect([taken[0], taken.at(-1), new Set(taken).size]).toEqual([1, 65_535, 65_535]);
    expect(ids.take()).toBeUndefined();
    ids.free(7);
    ids.free(9);
    expect([ids.take(), ids.take(), ids.take()]).toEqual([7, 9, undefined]);
  });
});

test("a delay is drawn from 0 to a bound that doubles up to its maximum", () => {
  const bounds = { firstDelayMs: 500, maxDelayMs: 5_000 };
  expect([1, 2, 3, 4, 5, 50].map((attempt) => backoffMs(attempt, 0.999_999, bounds))).toEqual([
    499, 999, 1_999, 3_999, 4_999, 4_999,
  ]);
  expect(backoffMs(3, 0, bounds)).toBe(0);
});

test("closed is final, and nothing returns to connecting", () => {
  const names = ["connecting", "ready", "reconnecting", "closed"] as const;
  const allowed = names.flatMap((from) =>
    names.filter((to) => mayFollow(from, to)).map((to) => `${from} > ${to}`),
  );
  expect(allowed).toEqual([
    "connecting > ready",
    "connecting > closed",
    "ready > reconnecting",
    "ready > closed",
    "reconnecting > ready",
    "reconnecting > reconnecting",
    "reconnecting > closed",
  ]);
});
