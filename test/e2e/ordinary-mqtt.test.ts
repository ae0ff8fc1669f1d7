/**
 * Ordinary MQTT clients, mosquitto_pub and mosquitto_sub, exchange messages through the server.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Mosquitto, requireMosquitto } from "../support/mosquitto.ts";
import { RawClient, randomClientId } from "../support/raw-client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { randomName, registration } from "../conformance/harness.ts";

let server: TestServer;
let mosquitto: Mosquitto;

beforeAll(async () => {
  await requireMosquitto();
  server = await startServer();
  mosquitto = new Mosquitto(server.mqttUrl);
});
afterAll(() => server.stop());

/** A topic that no other test uses. */
function ownTopic(): string {
  return `game/${randomClientId(8)}`;
}

for (const qos of ["0", "1", "2"]) {
  test(`[topic-6] mosquitto_sub gets what mosquitto_pub sends at QoS ${qos}`, async () => {
    const topic = ownTopic();
    await using subscriber = await mosquitto.subscribe("-t", topic, "-q", "2", "-C", "2");
    await mosquitto.publish(topic, "hello", "-q", qos);
    await mosquitto.publish(topic, "ünïcode 🎮", "-q", qos);
    expect(await subscriber.messages()).toEqual([`${topic} ${qos} 0 hello`, `${topic} ${qos} 0 ünïcode 🎮`]);
  });
}

test("[topic-6] mosquitto_sub gets a large message", async () => {
  const topic = ownTopic();
  const message = "0123456789".repeat(10_000);
  await using subscriber = await mosquitto.subscribe("-t", topic, "-q", "1", "-C", "1");
  await mosquitto.publish(topic, message, "-q", "1");
  expect(await subscriber.messages()).toEqual([`${topic} 1 0 ${message}`]);
});

test("[topic-6] a retained message waits for who comes later, and an empty one takes it back", async () => {
  const topic = ownTopic();
  await mosquitto.publish(topic, "first", "-q", "1", "-r");
  await mosquitto.publish(topic, "second", "-q", "1", "-r");
  await using late = mosquitto.start("-t", topic, "-q", "1", "-C", "1");
  expect(await late.messages()).toEqual([`${topic} 1 1 second`]);
  await mosquitto.publish(topic, "", "-r");
  await using later = await mosquitto.subscribe("-t", topic, "-q", "1", "-C", "1");
  await mosquitto.publish(topic, "live", "-q", "1");
  expect(await later.messages()).toEqual([`${topic} 1 0 live`]);
});

test("[topic-6] the will of a client that is killed is published", async () => {
  const [topic, will] = [ownTopic(), ownTopic()];
  await using witness = await mosquitto.subscribe("-t", will, "-q", "2", "-C", "1");
  await using victim = await mosquitto.subscribe(
    "-t",
    topic,
    "--will-topic",
    will,
    "--will-payload",
    "gone",
    "--will-qos",
    "2",
  );
  victim.process.kill("SIGKILL");
  expect(await witness.messages()).toEqual([`${will} 2 0 gone`]);
});

test("[topic-6] a persistent session gets what was sent while its client was away", async () => {
  const [topic, clientId] = [ownTopic(), randomClientId()];
  const session = ["-i", clientId, "-c", "-t", topic, "-q", "2"];
  await using first = await mosquitto.subscribe(...session, "-C", "1");
  await mosquitto.publish(topic, "online", "-q", "1");
  expect(await first.messages()).toEqual([`${topic} 1 0 online`]);
  await mosquitto.publish(topic, "one", "-q", "1");
  await mosquitto.publish(topic, "two", "-q", "2");
  await mosquitto.publish(topic, "three", "-q", "1");
  await using second = mosquitto.start(...session, "-C", "3");
  // mosquitto_sub shows a message at QoS 2 when its flow has ended, which may be after the next one.
  const expected = [`${topic} 1 0 one`, `${topic} 1 0 three`, `${topic} 2 0 two`];
  expect((await second.messages()).toSorted()).toEqual(expected);
});

test("[topic-6] wildcards catch what they should", async () => {
  const base = ownTopic();
  await using plus = await mosquitto.subscribe("-t", `${base}/+/hp`, "-q", "1", "-C", "2");
  await using hash = await mosquitto.subscribe("-t", `${base}/#`, "-q", "1", "-C", "4");
  for (const level of ["", "/7/hp", "/7/8/hp", "/8/hp"])
    await mosquitto.publish(base + level, `at ${level}`, "-q", "1");
  expect(await plus.messages()).toEqual([`${base}/7/hp 1 0 at /7/hp`, `${base}/8/hp 1 0 at /8/hp`]);
  expect(await hash.messages()).toEqual(
    ["", "/7/hp", "/7/8/hp", "/8/hp"].map((level) => `${base}${level} 1 0 at ${level}`),
  );
});

test("[topic-6] overlapping filters bring each message, and the connection lives on", async () => {
  const base = ownTopic();
  const filters = ["-t", `${base}/#`, "-t", `${base}/+`, "-t", `${base}/end`];
  await using subscriber = await mosquitto.subscribe(...filters, "-q", "1");
  for (const text of ["a", "b", "c"]) await mosquitto.publish(`${base}/x`, text, "-q", "1");
  await mosquitto.publish(`${base}/end`, "end", "-q", "1");
  await subscriber.process.line(/^message: .* end$/);
  const texts = [...subscriber.process.output.matchAll(/^message: \S+ \d \d (.*)$/gm)].map(
    ([, text]) => text,
  );
  expect([...new Set(texts)]).toEqual(["a", "b", "c", "end"]);
});

test("[topic-1] a subscriber of everything sees none of s, i, f, p and q", async () => {
  const topic = ownTopic();
  await using spy = await mosquitto.subscribe("-t", "#", "-t", "+", "-q", "1");
  await using player = await RawClient.ready(server.wsUrl, { topics: ["i", "f", "p", "q"] });
  expect((await player.user("Register", registration(randomName()))).state).toBe(0);
  await mosquitto.publish(topic, "end", "-q", "1");
  await spy.process.line(/^message: .* end$/);
  const topics = [...spy.process.output.matchAll(/^message: (\S+) /gm)].map(([, name = ""]) => name);
  expect(topics.filter((name) => /^[sifpq]$/.test(name))).toEqual([]);
  expect(topics).toContain(topic);
});

test("[topic-5] mosquitto_sub is refused a reserved topic, and gets the others of the same packet", async () => {
  const topic = ownTopic();
  await using subscriber = await mosquitto.subscribe("-t", "info", "-t", topic, "-q", "1", "-C", "1");
  expect(subscriber.process.output).toMatch(/Subscribed \(mid: 1\): 128, 1/);
  await mosquitto.publish("info", "stray", "-q", "1");
  await mosquitto.publish("info", "stray", "-q", "2");
  await mosquitto.publish(topic, "mine", "-q", "1");
  expect(await subscriber.messages()).toEqual([`${topic} 1 0 mine`]);
});

test("[connect-2] mosquitto_pub is told that its client id of 31 or 65 bytes is not allowed", async () => {
  for (const length of [31, 65]) {
    const ended = await mosquitto.tryPublish(ownTopic(), "x", "-i", randomClientId(length));
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(/identifier rejected/i);
  }
});

test("[connect-3] mosquitto_pub is refused with the id of a client that is connected, which goes on", async () => {
  const [topic, clientId] = [ownTopic(), randomClientId()];
  await using first = await mosquitto.subscribe("-i", clientId, "-t", topic, "-q", "1", "-C", "1");
  const ended = await mosquitto.tryPublish(topic, "intruder", "-i", clientId);
  expect(ended.code).not.toBe(0);
  expect(ended.stderr).toMatch(/not authori[sz]ed/i);
  await mosquitto.publish(topic, "honest", "-q", "1");
  expect(await first.messages()).toEqual([`${topic} 1 0 honest`]);
});
