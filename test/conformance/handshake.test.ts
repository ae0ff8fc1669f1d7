/**
 * docs/protocol.md, "Handshake". The key and the cipher are made here by node:crypto, not by the code under test.
 */
import { createCipheriv, createHash } from "node:crypto";
import { describe, expect } from "vitest";
import { RawClient, bytesOf, randomClientId } from "../support/raw-client.ts";
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

const WHO = JSON.stringify({ module: "User", func: "GetSelfInfo" });
const NEED_LOGIN = { msg: "Need Login first", state: 0xf9 };

/** The key, step by step as the page says it. */
function deriveKey(clientId: string, serverString: Uint8Array): Buffer {
  const b = Buffer.concat([Buffer.from(clientId, "utf8"), serverString]);
  for (const [left, right] of [
    [32, 6],
    [48, 31],
  ] as const) {
    const kept = b.readUInt8(left);
    b.writeUInt8(b.readUInt8(right), left);
    b.writeUInt8(kept, right);
  }
  return createHash("md5").update(b).digest();
}

function cipher(key: Buffer, bytes: Uint8Array): Buffer {
  return createCipheriv("aes-128-ctr", key, key).update(bytes);
}

describe.each(transports)("over %s", (transport) => {
  const connect = (options = {}) => RawClient.connect(server.url(transport), options);
  const ready = (topics: readonly string[] = []) => RawClient.ready(server.url(transport), { topics });

  test("[handshake-1] answers SUBSCRIBE s with SUBACK, then with 32 letters and digits on s", async () => {
    await using client = await connect();
    client.send({ cmd: "subscribe", messageId: 77, subscriptions: [{ topic: "s", qos: 1 }] });
    expect(await client.next()).toMatchObject({ cmd: "suback", messageId: 77, granted: [1] });
    const message = await client.next();
    expect(message).toMatchObject({ cmd: "publish", topic: "s", retain: false });
    if (message.cmd !== "publish") throw new Error("no PUBLISH");
    expect(Buffer.from(bytesOf(message)).toString("latin1")).toMatch(/^[0-9A-Za-z]{32}$/);
    await client.quiet();
  });

  test("[handshake-1] gives every handshake a server string of its own", async () => {
    const strings = new Set<string>();
    for (let round = 0; round < 20; round++) {
      await using client = await connect();
      strings.add(Buffer.from(await client.handshake()).toString("hex"));
    }
    expect(strings.size).toBe(20);
  });

  for (const [what, clientId] of [
    ["32 bytes", randomClientId(32)],
    ["48 bytes", randomClientId(48)],
    ["49 bytes", randomClientId(49)],
    ["64 bytes", randomClientId(64)],
    ["16 characters of two bytes", "é".repeat(16)],
    ["17 characters, some of four bytes", `😀😀😀😀😀${"x".repeat(12)}é`],
  ] as const) {
    test(`[handshake-2] derives the key from a client id of ${what} and the server string`, async () => {
      await using client = await connect({ clientId });
      await client.subscribe("s");
      const key = deriveKey(clientId, bytesOf(await client.takePublish("s")));
      const messageId = client.sendPublish("i", cipher(key, Buffer.from(WHO)));
      await client.take("puback");
      const answer = await client.take("publish", (packet) => packet.messageId === messageId);
      expect(JSON.parse(cipher(key, bytesOf(answer)).toString("utf8"))).toEqual(NEED_LOGIN);
    });
  }

  test("[handshake-3] encrypts every message from the start of the same keystream, without padding", async () => {
    await using client = await connect();
    await client.subscribe("s");
    const key = deriveKey(client.clientId, bytesOf(await client.takePublish("s")));
    const answers: Buffer[] = [];
    // Lengths around the block of 16 bytes and beyond what a server may have cached.
    for (const length of [0, 1, 15, 16, 17, 255, 256, 257, 5_000, 20_000]) {
      const call = JSON.stringify({
        module: "User",
        func: "GetSelfInfo",
        id: "x",
        params: { pad: "p".repeat(length) },
      });
      client.sendPublish("i", cipher(key, Buffer.from(call)));
      await client.take("puback");
      answers.push(Buffer.from(bytesOf(await client.takePublish("i"))));
    }
    const expected = { ...NEED_LOGIN, id: "x" };
    for (const answer of answers) {
      expect(JSON.parse(cipher(key, answer).toString("utf8"))).toEqual(expected);
      expect(answer).toEqual(answers[0]);
    }
    client.sendPublish("f", cipher(key, protobufCall(2, 4)));
    const frame = cipher(key, bytesOf(await client.takePublish("f")));
    expect([...frame.subarray(0, 2)]).toEqual([2, 4]);
  });

  test("[handshake-3] encrypts long answers too", async () => {
    await using client = await connect();
    await client.subscribe("s");
    const key = deriveKey(client.clientId, bytesOf(await client.takePublish("s")));
    const username = randomName();
    client.sendPublish(
      "i",
      cipher(
        key,
        Buffer.from(JSON.stringify({ module: "User", func: "Register", params: registration(username) })),
      ),
    );
    const bytes = cipher(key, bytesOf(await client.takePublish("i")));
    expect(bytes.length).toBeGreaterThan(200);
    expect(JSON.parse(bytes.toString("utf8"))).toHaveProperty("result");
  });

  test("[handshake-4] refuses i, f, p and q before the key exists", async () => {
    await using client = await connect();
    expect(await client.subscribe(["i", "f", "p", "q"])).toEqual([0x80, 0x80, 0x80, 0x80]);
    for (const topic of ["i", "f", "p", "q"]) expect(await client.subscribe(topic)).toEqual([0x80]);
    await client.handshake();
    expect(await client.subscribe(["i", "f", "p", "q"])).toEqual([1, 1, 1, 1]);
  });

  test("[handshake-4] counts an s earlier in the same packet as having the key", async () => {
    await using client = await connect();
    expect(await client.subscribe(["i", "p", "s", "f", "q"])).toEqual([0x80, 0x80, 1, 1, 1]);
    await client.takeServerString();
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    await client.quiet();
  });

  test("[handshake-4] counts an s of an earlier packet too, whatever else that packet held and however soon it comes", async () => {
    await using client = await connect();
    for (const [index, filters] of [
      ["s", "game/x"],
      ["i", "p"],
    ].entries()) {
      const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }));
      client.send({ cmd: "subscribe", messageId: index + 1, subscriptions });
    }
    expect((await client.take("suback", ({ messageId }) => messageId === 1)).granted).toEqual([1, 1]);
    expect((await client.take("suback", ({ messageId }) => messageId === 2)).granted).toEqual([1, 1]);
    await client.takeServerString();
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
  });

  test("[handshake-4] acknowledges a call before the key exists and drops it", async () => {
    await using client = await connect();
    await client.publish("i", WHO);
    await client.publish("f", protobufCall(2, 4));
    await client.publish("i", WHO, { qos: 2 });
    client.sendPublish("i", WHO, { qos: 0 });
    await client.quiet();
    await client.handshake();
    await client.quiet();
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    await client.quiet();
  });

  test("[handshake-5] makes a new key on a second SUBSCRIBE s, and the old one is over", async () => {
    await using client = await ready(["i"]);
    const old = client.channel;
    const first = await client.subscribe("s").then(() => client.takeServerString());
    const second = await client.handshake();
    expect(second).not.toEqual(first);
    expect((await client.user("GetSelfInfo")).body).toEqual(NEED_LOGIN);
    expect((await client.callProtobuf(protobufCall(2, 4))).state).toBe(0xf9);
    const messageId = client.sendPublish("i", old?.seal(Buffer.from(WHO)) ?? "");
    await client.take("puback", (packet) => packet.messageId === messageId);
    expect((await client.takeJsonAnswer(messageId ?? 0)).state).toBe(0xfe);
    await client.quiet();
  });

  test("[handshake-5] answers under the new key a call that was made under the old one", async () => {
    await using client = await ready();
    // Slow enough, by its password hash, to be answered after the new string.
    const slow = client.sendJson({ module: "User", func: "Register", params: registration(randomName()) });
    await client.handshake();
    expect((await client.takeJsonAnswer(slow)).state).toBe(0);
  });

  test("[handshake-5] keeps login and subscriptions over a change of the key", async () => {
    const username = randomName();
    await using client = await ready(["p"]);
    expect((await client.user("Register", registration(username))).state).toBe(0);
    await client.handshake();
    expect((await client.user("GetSelfInfo")).result).toMatchObject({ userData: { UserName: username } });
    await using other = await ready();
    expect((await other.user("Login", { username, password: PASSWORD })).state).toBe(0);
    const push: unknown = JSON.parse(
      Buffer.from(client.open(await client.takePublish("p"))).toString("utf8"),
    );
    expect(push).toMatchObject({ Module: 0, PushType: 0 });
  });

  test("[handshake-6] answers calls on i and f to a client that has subscribed neither", async () => {
    await using client = await ready();
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    expect((await client.callProtobuf(protobufCall(2, 4))).state).toBe(0xf9);
    await client.quiet();
  });

  test("[handshake-6] answers once to a client that has subscribed i and f", async () => {
    await using client = await ready(["i", "f"]);
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    expect((await client.callProtobuf(protobufCall(2, 4))).state).toBe(0xf9);
    await client.quiet();
  });

  for (const [subscribed, left, expected] of [
    [[], [], []],
    [["p"], [], ["p", "p"]],
    [["q"], [], ["q"]],
    [["p", "q"], [], ["p", "p", "q"]],
    [["p", "q"], ["p"], ["q"]],
    [["i", "f"], [], []],
  ] as const) {
    const without = left.length > 0 ? ` and has left ${left.join(" ")}` : "";
    test(`[handshake-6] pushes only on p and q that a client has subscribed: [${subscribed.join(" ")}]${without}`, async () => {
      const username = randomName();
      await using client = await ready(subscribed);
      for (const topic of left) await client.unsubscribe(topic);
      expect((await client.user("Register", registration(username))).state).toBe(0);
      await using other = await ready();
      expect((await other.user("Login", { username, password: PASSWORD })).state).toBe(0);
      await client.whenClosed();
      const topics = client.takeAll().map((packet) => (packet.cmd === "publish" ? packet.topic : packet.cmd));
      expect(topics.toSorted()).toEqual(expected);
    });
  }

  test.ours(
    "[handshake-7] sends payloads plain with secret false, and still does the handshake",
    async () => {
      await using own = await startOwnServer({ gate: { secret: false } });
      await using client = await RawClient.connect(own.url(transport));
      expect(await client.subscribe(["i"])).toEqual([0x80]);
      await client.publish("i", WHO);
      await client.quiet();
      await client.handshake();
      expect(await client.subscribe(["i", "f", "p", "q"])).toEqual([1, 1, 1, 1]);
      const json = client.sendPublish("i", WHO);
      await client.take("puback");
      const answer = await client.takePublish("i");
      expect(answer.messageId).toBe(json);
      expect(JSON.parse(Buffer.from(bytesOf(answer)).toString("utf8"))).toEqual(NEED_LOGIN);
      await client.publish("f", protobufCall(2, 4));
      expect([...bytesOf(await client.takePublish("f")).subarray(0, 2)]).toEqual([2, 4]);
      await client.quiet();
    },
  );
});
