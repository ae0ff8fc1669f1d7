/**
 * What brokers, and games that share a connection with one, are known to get wrong: each as a client sees it.
 */
import { generate } from "mqtt-packet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RawClient, randomClientId, textOf, type Packet } from "../support/raw-client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { probeModule } from "../conformance/probe.ts";
import { connectBytes, publishBytes } from "../conformance/raw-connect.ts";
import { PASSWORD, randomName, registration } from "../conformance/harness.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ modules: [probeModule] });
});
afterAll(() => server.stop());

const WHO = { module: "User", func: "GetSelfInfo" };
const GAME_TOPIC = (): string => `game/${randomClientId(8)}`;

const texts = (packets: readonly Packet[]): string[] =>
  packets.flatMap((packet) => (packet.cmd === "publish" ? [textOf(packet)] : []));

describe.each(["mqttUrl", "wsUrl"] as const)("at %s", (where) => {
  const connect = (options = {}) => RawClient.connect(server[where], options);
  const ready = (options = {}) => RawClient.ready(server[where], options);

  test("packets behind a CONNECT that is refused as a duplicate are not carried out", async () => {
    const [clientId, topic] = [randomClientId(), GAME_TOPIC()];
    await using first = await connect({ clientId });
    await first.subscribe("#", 1);
    for (let round = 0; round < 5; round++) {
      await using second = await RawClient.open(server[where]);
      second.write(
        Buffer.concat([
          connectBytes(Buffer.from(clientId)),
          generate({
            cmd: "publish",
            messageId: 1,
            topic,
            payload: "smuggled",
            qos: 1,
            dup: false,
            retain: true,
          }),
          generate({ cmd: "subscribe", messageId: 2, subscriptions: [{ topic: "#", qos: 1 }] }),
        ]),
      );
      expect((await second.next()).cmd).toBe("connack");
      await second.whenClosed();
      expect(second.takeAll()).toEqual([]);
    }
    await first.quiet();
  });

  test("a first packet that is no CONNECT ends the connection, and a second CONNECT does", async () => {
    await using early = await RawClient.open(server[where]);
    early.send({ cmd: "pingreq" });
    await early.whenClosed();
    expect(early.takeAll()).toEqual([]);
    await using twice = await connect();
    twice.sendConnect();
    await twice.whenClosed();
    expect(twice.takeAll()).toEqual([]);
  });

  test("a subscription that was refused is not kept in a persistent session", async () => {
    const [clientId, topic] = [randomClientId(), GAME_TOPIC()];
    await using first = await connect({ clientId, clean: false });
    expect(await first.subscribe(["$SYS/#", "info", topic, "f/1"])).toEqual([0x80, 0x80, 1, 0x80]);
    await first.end();
    await using sender = await connect();
    for (const name of ["info", "f/1"]) await sender.publish(name, "secret");
    await sender.publish(topic, "mine");
    await using back = await connect({ clientId, clean: false });
    expect(textOf(await back.takePublish(topic))).toBe("mine");
    await back.quiet();
    for (const name of ["info", "f/1"]) await sender.publish(name, "secret");
    await back.quiet();
  });

  for (const clean of [true, false]) {
    test(`100 of 100 ordinary messages at QoS 1 arrive between calls and pushes, clean session ${clean}`, async () => {
      const topic = GAME_TOPIC();
      await using player = await ready({ clean, topics: ["i", "f", "p", "q"] });
      await player.subscribe([topic, `${topic}/+`]);
      await using sender = await connect();
      const sent: string[] = [];
      for (let round = 0; round < 100; round++) {
        sender.sendPublish(topic, `m${round}`);
        if (round % 3 === 0) sender.sendPublish(topic, "filler", { qos: 0 });
        player.sendJson(WHO);
        sent.push(`m${round}`);
      }
      const received: string[] = [];
      let answers = 0;
      while (received.length < 100 || answers < 100) {
        const packet = await player.take("publish");
        if (packet.topic === "i") answers += 1;
        else if (textOf(packet) !== "filler") received.push(textOf(packet));
      }
      expect(received).toEqual(sent);
      expect(answers).toBe(100);
    });
  }

  test("overlapping filters at QoS 1 of a persistent session bring 30 of 30 messages, online and away", async () => {
    const [clientId, base] = [randomClientId(), GAME_TOPIC()];
    await using first = await connect({ clientId, clean: false });
    await first.subscribe([`${base}/#`, `${base}/+`, `${base}/x`]);
    await using sender = await connect();
    for (let round = 0; round < 30; round++) await sender.publish(`${base}/x`, `on${round}`);
    const online = new Set(texts(await first.settle()));
    expect(online.size).toBe(30);
    await first.end();
    for (let round = 0; round < 30; round++) await sender.publish(`${base}/x`, `off${round}`);
    await using back = await connect({ clientId, clean: false });
    const away = new Set<string>();
    while (away.size < 30) away.add(textOf(await back.take("publish")));
    expect([...away]).toEqual(Array.from({ length: 30 }, (_, round) => `off${round}`));
    await back.settle();
    await back.end();
    // All is acknowledged: nothing comes a second time.
    await using again = await connect({ clientId, clean: false });
    await again.quiet();
  });

  test("a connection that is gone before it was let in does not keep its id", async () => {
    for (let round = 0; round < 20; round++) {
      const clientId = randomClientId();
      await using ghost = await RawClient.open(server[where]);
      ghost.sendConnect({ clientId });
      ghost.drop();
      const until = performance.now() + 1_000;
      for (let code = 5; code !== 0;) {
        expect(performance.now(), "the id is still taken").toBeLessThan(until);
        const attempt = await RawClient.tryConnect(server[where], { clientId });
        code = attempt.code;
        await attempt.client[Symbol.asyncDispose]();
      }
    }
  });

  test("a persistent session's SUBSCRIBE of several filters is acknowledged at once", async () => {
    await using client = await connect({ clean: false });
    expect(await client.subscribe([GAME_TOPIC(), GAME_TOPIC(), GAME_TOPIC()], 2)).toEqual([2, 2, 2]);
    expect(await client.subscribe([GAME_TOPIC(), GAME_TOPIC()], 1)).toEqual([1, 1]);
  });

  // The second is answered after its PUBACK has left: two small writes, which a server that joins them would hold back.
  for (const [what, call] of [
    ["answered at once", WHO],
    ["that takes 2 ms to run", { module: "Probe", func: "Later" }],
  ] as const) {
    test(`one call at a time, ${what}, takes less than 20 ms`, async () => {
      await using client = await ready();
      const times: number[] = [];
      for (let round = 0; round < 21; round++) {
        const from = performance.now();
        await client.callJson(call);
        times.push(performance.now() - from);
      }
      // The median: a stall of a shared machine is not what 40 ms of Nagle on every call would be.
      expect(times.toSorted((a, b) => a - b)[10]).toBeLessThan(20);
    });
  }

  for (const [what, topic] of [
    ["bytes that are no UTF-8", Buffer.of(0x67, 0x61, 0xff, 0xfe)],
    ["a cut-off character", Buffer.of(0x67, 0xc3)],
    ["U+0000", Buffer.from("game\u0000x")],
    ["a surrogate", Buffer.of(0x67, 0xed, 0xa0, 0x80)],
    ["a wildcard", Buffer.from("game/#")],
    ["nothing", Buffer.alloc(0)],
  ] as const) {
    test(`a PUBLISH whose topic has ${what} ends the connection and reaches nobody`, async () => {
      await using witness = await connect();
      await witness.subscribe("#");
      await witness.settle();
      witness.takeAll();
      await using client = await connect();
      client.write(publishBytes(topic, Buffer.from("x")));
      await client.whenClosed();
      await witness.quiet();
      expect(client.takeAll()).toEqual([]);
    });
  }

  test("an answer and a push that were not acknowledged do not come again after a reconnect", async () => {
    const [clientId, username] = [randomClientId(), randomName()];
    await using first = await ready({
      clientId,
      clean: false,
      acknowledge: false,
      topics: ["i", "f", "p", "q"],
    });
    expect((await first.user("Register", registration(username))).state).toBe(0);
    await using other = await ready();
    expect((await other.user("Login", { username, password: PASSWORD })).state).toBe(0);
    await first.whenClosed();
    await using back = await connect({ clientId, clean: false });
    await back.quiet();
    expect(await back.subscribe(["i", "f", "p", "q"])).toEqual([0x80, 0x80, 0x80, 0x80]);
    await back.handshake();
    await back.quiet();
  });

  test("a call at QoS 2 that is sent again with DUP is not run at all, and its flow ends", async () => {
    await using client = await ready();
    const username = randomName();
    const call = client.seal(
      JSON.stringify({ module: "User", func: "Register", params: registration(username) }),
    );
    client.sendPublish("i", call, { qos: 2, messageId: 9 });
    client.sendPublish("i", call, { qos: 2, messageId: 9, dup: true });
    await client.take("pubrec");
    await client.take("pubrec");
    client.send({ cmd: "pubrel", messageId: 9 });
    await client.take("pubcomp");
    await client.quiet();
    expect((await client.user("Register", registration(username))).state).toBe(0);
  });

  test("a client that only makes calls is not cut off by its keep-alive", async () => {
    await using client = await ready({ keepalive: 1 });
    const until = performance.now() + 2_500;
    while (performance.now() < until) {
      expect((await client.callJson(WHO)).state).toBe(0xf9);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await client.quiet();
  });

  test("[connect-3] a client that sends nothing is cut off after 1.5 times its keep-alive, one that pings is not", async () => {
    await using silent = await connect({ keepalive: 1 });
    await using pinging = await connect({ keepalive: 1 });
    const from = performance.now();
    const timer = setInterval(() => pinging.send({ cmd: "pingreq" }), 400);
    try {
      await silent.whenClosed({ timeoutMs: 4_000 });
    } finally {
      clearInterval(timer);
    }
    const took = performance.now() - from;
    expect(took).toBeGreaterThan(990);
    expect(took).toBeLessThan(2_200);
    expect(pinging.closed).toBe(false);
  });
});

test("an answer and its acknowledgement come in at most two WebSocket messages", async () => {
  await using client = await RawClient.ready(server.wsUrl);
  const before = client.chunks;
  for (let round = 0; round < 10; round++) await client.callJson(WHO);
  expect(client.chunks - before).toBeLessThanOrEqual(20);
  const topic = GAME_TOPIC();
  await client.subscribe(topic, 0);
  const beforePublish = client.chunks;
  await client.publish(topic, "x".repeat(1_000), { qos: 0 });
  await client.takePublish(topic);
  expect(client.chunks - beforePublish).toBeLessThanOrEqual(2);
});
