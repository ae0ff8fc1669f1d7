/**
 * One client that misbehaves harms itself and nobody else.
 */
import { describe, expect, test } from "vitest";
import { RawClient, randomClientId, textOf } from "../support/raw-client.ts";
import { startServer } from "../support/server.ts";
import { remainingLength } from "../conformance/raw-connect.ts";

const WHO = { module: "User", func: "GetSelfInfo" };
const MEGABYTE = 1_048_576;

/** Makes calls one after the other until `stop` is called; returns the longest time that one took, in ms. */
function watch(client: RawClient): { stop(): Promise<number> } {
  const stopped = new AbortController();
  const longest = (async () => {
    let worst = 0;
    while (!stopped.signal.aborted) {
      const from = performance.now();
      await client.callJson(WHO);
      worst = Math.max(worst, performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return worst;
  })();
  // Whoever stops it hears of a failure; a test that has failed before that must not fail twice.
  longest.catch(() => undefined);
  return {
    stop() {
      stopped.abort();
      return longest;
    },
  };
}

describe.each(["mqttUrl", "wsUrl"] as const)("at %s", (where) => {
  for (const [what, type] of [
    ["a PUBLISH of 100 MB", 0x32],
    ["a SUBSCRIBE of 100 MB", 0x82],
  ] as const) {
    test(`${what} ends the connection at its header`, async () => {
      await using server = await startServer();
      await using client = await RawClient.connect(server[where]);
      client.write(Buffer.concat([Buffer.of(type), remainingLength(100 * MEGABYTE), Buffer.of(0, 4)]));
      await client.whenClosed({ timeoutMs: 1_000 });
      expect(client.closed).toBe(true);
    });
  }

  test("a CONNECT of 250 MB ends the connection at its header", async () => {
    await using server = await startServer();
    await using client = await RawClient.open(server[where]);
    client.write(Buffer.concat([Buffer.of(0x10), remainingLength(250 * MEGABYTE), Buffer.of(0, 4)]));
    await client.whenClosed({ timeoutMs: 1_000 });
    expect(client.takeAll()).toEqual([]);
  });

  test("a length of five bytes ends the connection", async () => {
    await using server = await startServer();
    await using client = await RawClient.connect(server[where]);
    client.write(Buffer.of(0x32, 0xff, 0xff, 0xff, 0xff, 0x01));
    await client.whenClosed({ timeoutMs: 1_000 });
    expect(client.closed).toBe(true);
  });

  test("a connection without CONNECT, or with half of one, is closed in time", async () => {
    await using server = await startServer({ settings: { gate: { connectTimeoutMs: 300 } } });
    await using silent = await RawClient.open(server[where]);
    await using slow = await RawClient.open(server[where]);
    slow.write(Buffer.of(0x10, 44, 0, 4));
    await Promise.all([silent.whenClosed({ timeoutMs: 1_500 }), slow.whenClosed({ timeoutMs: 1_500 })]);
    await using honest = await RawClient.connect(server[where]);
    await honest.quiet();
    expect([silent.closed, slow.closed, honest.closed]).toEqual([true, true, false]);
  });

  test("a subscriber that does not read is cut off, and others get their messages without a gap", async () => {
    await using server = await startServer({ settings: { gate: { maxUnsentBytes: 262_144 } } });
    const topic = `game/${randomClientId(8)}`;
    await using slow = await RawClient.connect(server[where]);
    await slow.subscribe(topic, 0);
    slow.pauseReading();
    await using reader = await RawClient.connect(server[where]);
    await reader.subscribe(topic, 0);
    await using sender = await RawClient.connect(server[where]);
    await using player = await RawClient.ready(server[where]);
    const calls = watch(player);
    let longestGap = 0;
    // More than the sockets' buffers take (a few MB), then 256 KB more.
    for (let round = 0; round < 400; round++) {
      const from = performance.now();
      await sender.publish(topic, "x".repeat(50_000), { qos: 1 });
      await reader.takePublish(topic);
      longestGap = Math.max(longestGap, performance.now() - from);
    }
    expect(longestGap).toBeLessThan(500);
    expect(await calls.stop()).toBeLessThan(500);
    expect(reader.closed).toBe(false);
    slow.resumeReading();
    await slow.whenClosed();
    expect(slow.takeAll().length).toBeLessThan(400);
  });

  test("a client that calls and does not read the answers is cut off", async () => {
    await using server = await startServer({
      settings: { gate: { maxUnacknowledged: 100, maxPacketsPerS: 100_000, maxPacketBurst: 100_000 } },
    });
    await using deaf = await RawClient.ready(server[where]);
    await using player = await RawClient.ready(server[where]);
    const calls = watch(player);
    deaf.pauseReading();
    for (let round = 0; round < 1_000; round++) deaf.sendJson(WHO);
    // It is over when the server no longer takes what the client sends.
    const until = performance.now() + 5_000;
    while (!deaf.closed && performance.now() < until) {
      deaf.resumeReading();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(deaf.closed).toBe(true);
    expect(await calls.stop()).toBeLessThan(500);
  });

  test("a client that leaves answers unacknowledged is cut off at the limit, not before", async () => {
    await using server = await startServer({ settings: { gate: { maxUnacknowledged: 50 } } });
    await using client = await RawClient.ready(server[where], { acknowledge: false });
    // The server string counts as well where it is sent at QoS 1.
    for (let round = 0; round < 45; round++) expect((await client.callJson(WHO)).state).toBe(0xf9);
    for (let round = 0; round < 10; round++) client.sendJson(WHO);
    await client.whenClosed();
  });

  test("a flood of messages slows its sender down and nobody else", async () => {
    await using server = await startServer({
      settings: { gate: { maxPacketsPerS: 1_000, maxPacketBurst: 1_000 } },
    });
    const topic = `game/${randomClientId(8)}`;
    await using reader = await RawClient.connect(server[where]);
    await reader.subscribe(topic, 0);
    await using player = await RawClient.ready(server[where]);
    await using flooder = await RawClient.connect(server[where]);
    const calls = watch(player);
    const from = performance.now();
    for (let round = 0; round < 3_000; round++) flooder.sendPublish(topic, "flood", { qos: 0 });
    flooder.sendPublish(topic, "end", { qos: 1 });
    await reader.take("publish", (packet) => textOf(packet) === "end", { timeoutMs: 10_000 });
    // 3,000 packets, of which 1,000 may come at once and 1,000 a second after that.
    expect(performance.now() - from).toBeGreaterThan(1_500);
    expect(flooder.closed).toBe(false);
    expect(await calls.stop()).toBeLessThan(500);
    expect(player.closed).toBe(false);
  });

  test("a client has as many subscriptions as are allowed, and topics as deep as are allowed", async () => {
    await using server = await startServer({
      settings: { gate: { maxSubscriptions: 5, maxTopicLevels: 4 } },
    });
    await using client = await RawClient.connect(server[where]);
    const granted = await client.subscribe(Array.from({ length: 8 }, (_, index) => `game/${index}`));
    expect(granted).toEqual([1, 1, 1, 1, 1, 0x80, 0x80, 0x80]);
    await client.unsubscribe("game/0");
    expect(await client.subscribe(["game/9", "game/10"])).toEqual([1, 0x80]);
    await using deep = await RawClient.connect(server[where]);
    expect(await deep.subscribe(["a/b/c/d", "a/b/c/d/e"])).toEqual([1, 0x80]);
  });
});
