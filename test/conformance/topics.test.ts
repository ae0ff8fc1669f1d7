/**
 * docs/protocol.md, "Topics".
 */
import { describe, expect } from "vitest";
import { RawClient, bytesOf, randomClientId, textOf, type QoS } from "../support/raw-client.ts";
import { protobufCall } from "../support/raw-answer.ts";
import {
  PASSWORD,
  randomName,
  registration,
  serverUnderTest,
  startOwnServer,
  test,
  transports,
} from "./harness.ts";

const server = serverUnderTest();

const RESERVED = [
  "info",
  "i/",
  "i/1",
  "f/1",
  "first",
  "s/1",
  "secret",
  "sifpq",
  "in",
  "fs",
  "i/+/x",
  "s//",
] as const;
const ORDINARY = [
  "player/1",
  "quiz",
  "p/1",
  "q/1",
  "pq",
  "game",
  "Score",
  "I",
  "F/1",
  "S",
  "/s",
  "/i",
  "ßs",
  "1i",
  " i",
] as const;

/** Whatever a wildcard may catch. */
const CURIOUS = ["#", "+", "+/+", "+/#", "/+"] as const;

/** Proves that a spy is still served and that nothing reached it before its own message. */
async function expectOnlyOwnMessage(spy: RawClient): Promise<void> {
  const topic = `mark/${randomClientId(8)}`;
  await spy.publish(topic, "mark");
  await spy.takePublish(topic);
  for (const packet of await spy.settle()) {
    // Overlapping filters may bring a message more than once.
    expect(packet).toMatchObject({ cmd: "publish", topic });
  }
  spy.takeAll();
}

describe.each(transports)("over %s", (transport) => {
  const connect = (options = {}) => RawClient.connect(server.url(transport), options);
  const ready = (topics: readonly string[] = [], options = {}) =>
    RawClient.ready(server.url(transport), { ...options, topics });

  for (const filter of CURIOUS) {
    test(`[topic-1] shows a subscriber of ${filter} nothing of others' s, i, f, p and q`, async () => {
      await using spy = await connect();
      expect(await spy.subscribe([filter, "game/marker"])).toEqual([1, 1]);
      await spy.settle();
      spy.takeAll(); // retained messages of other tests
      const username = randomName();
      await using player = await ready(["i", "f", "p", "q"]);
      expect((await player.user("Register", registration(username))).state).toBe(0);
      expect((await player.callProtobuf(protobufCall(2, 4))).state).toBe(0);
      for (const topic of ["s", "p", "q"]) {
        for (const qos of [0, 1, 2] as const) await player.publish(topic, "forged", { qos, retain: true });
      }
      await using other = await ready(["p"]);
      expect((await other.user("Login", { username, password: PASSWORD })).state).toBe(0);
      await player.takePublish("p");
      await spy.publish("game/marker", "marker");
      expect(textOf(await spy.takePublish("game/marker"))).toBe("marker");
      const strays = (await spy.settle()).filter(
        (packet) => packet.cmd !== "publish" || packet.topic !== "game/marker",
      );
      expect(strays).toEqual([]);
    });
  }

  test.ours("[topic-1] shows a reader of $SYS nothing of others' s, i, f, p and q either", async () => {
    await using own = await startOwnServer({ gate: { sysTopics: true } });
    await using spy = await RawClient.connect(own.url(transport));
    expect(await spy.subscribe(["$SYS/#", "#"])).toEqual([1, 1]);
    await using player = await RawClient.connect(own.url(transport));
    const serverString = Buffer.from(await player.handshake()).toString("latin1");
    expect(await player.subscribe(["i", "f", "p", "q"])).toEqual([1, 1, 1, 1]);
    expect((await player.user("Register", registration(randomName()))).state).toBe(0);
    for (const packet of await spy.settle()) {
      if (packet.cmd !== "publish") throw new Error(`a ${packet.cmd}?`);
      expect(packet.topic).toMatch(/^\$SYS\//);
      expect(textOf(packet)).not.toContain(serverString);
      expect(textOf(packet)).not.toMatch(/"topic":"[sifpq]"/);
    }
  });

  test("[topic-1] brings what is for one client to no other that has subscribed the same private topics", async () => {
    await using spy = await ready(["i", "f", "p", "q"]);
    await using player = await ready(["i", "f", "p", "q"]);
    const username = randomName();
    expect((await player.user("Register", registration(username))).state).toBe(0);
    expect((await player.callProtobuf(protobufCall(2, 4))).state).toBe(0);
    await player.publish("p", "forged");
    await player.publish("q", "forged");
    await player.publish("s", "forged");
    await using other = await ready();
    expect((await other.user("Login", { username, password: PASSWORD })).state).toBe(0);
    await player.takePublish("q");
    await spy.quiet();
  });

  test("[topic-2] grants QoS 1 on all five and sends the server string at QoS 1", async () => {
    for (const qos of [1, 2] as const) {
      await using client = await connect();
      expect(await client.subscribe("s", qos)).toEqual([1]);
      expect(await client.take("publish")).toMatchObject({ topic: "s", qos: 1, retain: false, dup: false });
      expect(await client.subscribe(["i", "f", "p", "q"], qos)).toEqual([1, 1, 1, 1]);
    }
  });

  test("[topic-2] drops a call at QoS 0", async () => {
    await using client = await ready(["i", "f"]);
    const username = randomName();
    client.sendJson({ module: "User", func: "Register", params: registration(username) }, { qos: 0 });
    client.sendProtobuf(protobufCall(2, 4), { qos: 0 });
    await client.quiet();
    // It has not run either: the name is free.
    expect((await client.user("Register", registration(username))).state).toBe(0);
    await client.quiet();
  });

  test("[topic-2] acknowledges a call at QoS 2 to the end and drops it", async () => {
    await using client = await ready(["i", "f"]);
    const username = randomName();
    const call = JSON.stringify({ module: "User", func: "Register", params: registration(username) });
    await client.publish("i", client.seal(call), { qos: 2 });
    await client.publish("f", client.seal(protobufCall(2, 4)), { qos: 2 });
    await client.quiet();
    expect((await client.user("Register", registration(username))).state).toBe(0);
    await client.quiet();
  });

  test("[topic-2] answers a call with the retain flag and retains nothing", async () => {
    await using client = await ready(["i"]);
    expect((await client.callJson({ module: "User", func: "GetSelfInfo" }, { retain: true })).state).toBe(
      0xf9,
    );
    await using late = await connect();
    await late.subscribe("#");
    for (const packet of await late.settle()) expect(packet).not.toMatchObject({ topic: "i" });
    await using next = await ready(["i", "f"]);
    await next.quiet();
  });

  test("[topic-3] refuses filters that begin with s, i or f", async () => {
    for (const filter of [...RESERVED, "s/#", "i/#", "f/+"]) {
      await using client = await ready();
      expect(await client.subscribe(filter), filter).toEqual([0x80]);
      await client.quiet();
    }
  });

  test("[topic-3] brings messages on names that begin with s, i or f to nobody", async () => {
    await using spy = await connect();
    await spy.subscribe("#");
    await spy.settle();
    spy.takeAll();
    await using client = await ready();
    for (const name of RESERVED.filter((topic) => !topic.includes("+"))) await client.publish(name, "stray");
    await expectOnlyOwnMessage(spy);
  });

  test("[topic-3] takes every other name for ordinary, p and q with something behind them too", async () => {
    await using client = await connect();
    for (const name of ORDINARY) {
      expect(await client.subscribe(name, 2), name).toEqual([2]);
      await client.publish(name, `on ${name}`, { qos: 2 });
      expect(textOf(await client.takePublish(name))).toBe(`on ${name}`);
    }
    await client.quiet();
  });

  test("[topic-4] takes no call on a name that only begins with i or f", async () => {
    await using client = await ready(["i", "f"]);
    const username = randomName();
    const call = client.seal(
      JSON.stringify({ module: "User", func: "Register", params: registration(username) }),
    );
    for (const topic of ["info", "i/1", "i/"]) await client.publish(topic, call);
    for (const topic of ["f/1", "ff"]) await client.publish(topic, client.seal(protobufCall(2, 4)));
    await client.quiet();
    expect((await client.user("Register", registration(username))).state).toBe(0);
  });

  test("[topic-4] does no handshake on a name that only begins with s", async () => {
    await using client = await connect();
    expect(await client.subscribe(["s/1", "secret", "s/", "+"])).toEqual([0x80, 0x80, 0x80, 1]);
    await client.quiet();
    expect(await client.subscribe(["i"])).toEqual([0x80]);
  });

  test("[topic-5] refuses the reserved filters of a SUBSCRIBE alone and grants the others", async () => {
    await using client = await connect();
    const filters = ["game/a", "info", "s", "i", "s/#", "player/+", "p", "f/1", "quiz"];
    const granted = await client.subscribe(filters, 1);
    expect(granted).toEqual([1, 0x80, 1, 1, 0x80, 1, 1, 0x80, 1]);
    await client.takeServerString();
    await client.publish("player/7", "moved");
    expect(textOf(await client.takePublish("player/7"))).toBe("moved");
    await client.quiet();
  });

  for (const qos of [0, 1, 2] as const) {
    test(`[topic-5] acknowledges a PUBLISH on a reserved name at QoS ${qos}, drops it, and the connection lives on`, async () => {
      await using spy = await connect();
      await spy.subscribe("#", 2);
      await spy.settle();
      spy.takeAll();
      await using client = await ready(["i", "f", "p", "q"]);
      for (const topic of ["s", "p", "q", "s/1", "info", "f/x"]) {
        await client.publish(topic, "stray", { qos });
        await client.publish(topic, "", { qos, retain: true });
      }
      await client.quiet();
      expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
      await expectOnlyOwnMessage(spy);
    });

    test(`[topic-6] delivers ordinary messages at QoS ${qos}`, async () => {
      const topic = `game/${randomClientId()}`;
      await using receiver = await connect();
      expect(await receiver.subscribe(topic, 2)).toEqual([2]);
      await using sender = await connect();
      const payload = Uint8Array.from({ length: 256 }, (_, index) => index);
      await sender.publish(topic, payload, { qos });
      const message = await receiver.takePublish(topic);
      expect(message.qos).toBe(qos);
      expect(bytesOf(message)).toEqual(payload);
      await receiver.quiet();
    });
  }

  test("[topic-6] delivers at the lower of the two QoS", async () => {
    for (const [subscribed, published, expected] of [
      [0, 2, 0],
      [1, 2, 1],
      [2, 1, 1],
    ] as const satisfies readonly (readonly [QoS, QoS, QoS])[]) {
      const topic = `game/${randomClientId()}`;
      await using client = await connect();
      expect(await client.subscribe(topic, subscribed)).toEqual([subscribed]);
      await client.publish(topic, "x", { qos: published });
      expect((await client.takePublish(topic)).qos).toBe(expected);
    }
  });

  test("[topic-6] keeps a retained message for who comes later, until it is taken back", async () => {
    const topic = `game/${randomClientId()}`;
    await using sender = await connect();
    await sender.publish(topic, "state", { retain: true });
    await using late = await connect();
    await late.subscribe(topic);
    const message = await late.takePublish(topic);
    expect([textOf(message), message.retain]).toEqual(["state", true]);
    await sender.publish(topic, "", { retain: true });
    await late.takePublish(topic);
    await using later = await connect();
    await later.subscribe(topic);
    await later.quiet();
  });

  test("[topic-6] publishes the will of a client that drops, not of one that says DISCONNECT", async () => {
    const topic = `game/${randomClientId()}`;
    await using witness = await connect();
    await witness.subscribe(topic);
    await using polite = await connect({ will: { topic, payload: Buffer.from("polite"), qos: 1 } });
    await polite.end();
    await using rude = await connect({ will: { topic, payload: Buffer.from("gone"), qos: 1 } });
    rude.drop();
    expect(textOf(await witness.takePublish(topic))).toBe("gone");
    await witness.quiet();
  });

  test("[topic-6] knows the wildcards + and #", async () => {
    const base = `game/${randomClientId()}`;
    await using client = await connect();
    await client.subscribe([`${base}/+/hp`, `${base}/room/#`]);
    await client.publish(`${base}/7/hp`, "1");
    await client.publish(`${base}/7/8/hp`, "no");
    await client.publish(`${base}/room`, "2");
    await client.publish(`${base}/room/1/door`, "3");
    await client.publish(`${base}/roomy`, "no");
    const topics = (await client.settle()).map((packet) =>
      packet.cmd === "publish" ? textOf(packet) : packet.cmd,
    );
    expect(topics).toEqual(["1", "2", "3"]);
  });

  test("[topic-6] keeps messages for a persistent session while its client is away", async () => {
    const [clientId, topic] = [randomClientId(), `game/${randomClientId()}`];
    await using first = await connect({ clientId, clean: false });
    await first.subscribe(topic, 2);
    await first.end();
    await using sender = await connect();
    for (const text of ["one", "two", "three"]) {
      await sender.publish(topic, text, { qos: 1 });
      await sender.publish(topic, `${text} at 2`, { qos: 2 });
      await sender.publish(topic, "lost", { qos: 0 });
    }
    await using back = await RawClient.open(server.url(transport));
    back.sendConnect({ clientId, clean: false });
    expect(await back.next()).toMatchObject({ cmd: "connack", returnCode: 0, sessionPresent: true });
    // MQTT promises order among messages of one QoS.
    const texts: string[][] = [[], [], []];
    for (let count = 0; count < 6; count++) {
      const message = await back.takePublish(topic);
      texts[message.qos]?.push(textOf(message));
    }
    expect(texts).toEqual([[], ["one", "two", "three"], ["one at 2", "two at 2", "three at 2"]]);
    await back.quiet();
    await back.end();
    await using clean = await connect({ clientId, clean: true });
    await sender.publish(topic, "three");
    await clean.quiet();
  });

  for (const topic of ["s", "i", "f", "p", "q", "s/1", "info", "f/x"]) {
    test(`[topic-7] refuses a will on ${topic} with CONNACK 5`, async () => {
      await using client = await RawClient.open(server.url(transport));
      client.sendConnect({ will: { topic, payload: Buffer.from("boo"), qos: 1 } });
      expect(await client.next()).toMatchObject({ cmd: "connack", returnCode: 5 });
      await client.whenClosed();
    });
  }

  test("[topic-7] takes a will on p/1 and quiz", async () => {
    for (const topic of ["p/1", "quiz"]) {
      await using client = await connect({ will: { topic, payload: Buffer.from("bye"), qos: 1 } });
      await client.quiet();
      await client.end();
    }
  });

  test("[topic-8] refuses to show $SYS to clients", async () => {
    await using client = await connect();
    expect(await client.subscribe(["$SYS/#", "$SYS/+/heartbeat", "game/x"])).toEqual([0x80, 0x80, 1]);
    await using _other = await connect();
    await client.quiet();
  });

  test("[topic-8] lets nobody publish below $, where it could end others' connections", async () => {
    await using victim = await connect();
    await using attacker = await connect();
    for (const topic of [
      "$SYS/x/new/clients",
      "$SYS/x/disconnect/clients",
      `$SYS/${victim.clientId}/new/clients`,
    ]) {
      attacker.sendPublish(topic, victim.clientId, { qos: 0 });
    }
    await using witness = await connect();
    await witness.quiet();
    await victim.quiet();
  });

  test.ours(
    "[topic-8] shows on $SYS how many clients there are when it is configured, and no client id",
    async () => {
      await using own = await startOwnServer({ gate: { sysTopics: true } });
      await using client = await RawClient.connect(own.url(transport));
      expect(await client.subscribe("$SYS/#")).toEqual([1]);
      // A client id may be a token, and whoever read it would be that user.
      await using other = await RawClient.connect(own.url(transport), { clientId: randomClientId(43) });
      const came = await client.take("publish", ({ topic }) => /^\$SYS\/[^/]+\/new\/clients$/.test(topic));
      expect(textOf(came)).toBe("2");
      await other.subscribe("game/x");
      await other.end();
      const left = await client.take("publish", ({ topic }) => topic.endsWith("/disconnect/clients"));
      expect(textOf(left)).toBe("1");
      await client.quiet();
    },
  );
});
