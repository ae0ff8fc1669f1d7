/**
 * docs/protocol.md, "Transport".
 */
import { describe, expect } from "vitest";
import { RawClient, randomClientId, textOf } from "../support/raw-client.ts";
import { generate } from "mqtt-packet";
import { openTransport } from "../support/raw-transport.ts";
import {
  PASSWORD,
  randomName,
  registration,
  serverUnderTest,
  startOwnServer,
  test,
  transports,
} from "./harness.ts";
import { connectBytes } from "./raw-connect.ts";

const server = serverUnderTest();

/**
 * What a client may send in one go: CONNECT, a subscription, a message to itself, the handshake. The message comes
 * back at QoS 0: a PUBACK of it would stand in the middle of what is being sent byte by byte.
 */
function pipeline(clientId: string): Buffer {
  const topic = `game/${clientId}`;
  return Buffer.concat([
    generate({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clientId,
      clean: true,
      keepalive: 60,
    }),
    generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 0 }] }),
    generate({ cmd: "publish", messageId: 2, topic, payload: "hello", qos: 1, dup: false, retain: false }),
    generate({ cmd: "subscribe", messageId: 3, subscriptions: [{ topic: "s", qos: 1 }] }),
  ]);
}

/** Takes what {@link pipeline} must bring, and nothing else. */
async function expectPipeline(client: RawClient): Promise<void> {
  expect(await client.next()).toMatchObject({ cmd: "connack", returnCode: 0 });
  expect(await client.take("suback", ({ messageId }) => messageId === 1)).toMatchObject({ granted: [0] });
  await client.take("puback", ({ messageId }) => messageId === 2);
  expect(textOf(await client.takePublish(`game/${client.clientId}`))).toBe("hello");
  expect(await client.take("suback", ({ messageId }) => messageId === 3)).toMatchObject({ granted: [1] });
  await client.takeServerString();
  expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
  await client.quiet();
}

describe.each(transports)("over %s", (transport) => {
  test("[connect-1] lets in MQTT 3.1.1", async () => {
    await using client = await RawClient.connect(server.url(transport));
    await client.quiet();
  });

  test("[connect-1] lets in MQTT 3.1", async () => {
    await using client = await RawClient.connect(server.url(transport), {
      protocolId: "MQIsdp",
      protocolVersion: 3,
    });
    await client.handshake();
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
  });

  test("[connect-1] answers another version of MQTT with CONNACK 1 and closes", async () => {
    await using client = await RawClient.open(server.url(transport));
    client.write(connectBytes(Buffer.from(randomClientId()), { version: 5, properties: true }));
    expect((await client.take("connack")).returnCode).toBe(1);
    await client.whenClosed();
  });

  test("[connect-1] takes several packets from one write, CONNECT first", async () => {
    await using client = await RawClient.open(server.url(transport));
    client.clientId = randomClientId();
    client.write(pipeline(client.clientId));
    await expectPipeline(client);
  });

  test("[connect-1] takes packets that arrive byte by byte", async () => {
    await using client = await RawClient.open(server.url(transport));
    client.clientId = randomClientId();
    for (const byte of pipeline(client.clientId)) {
      client.write(Uint8Array.of(byte));
      // Lets the byte leave on its own instead of being joined with the next.
      await new Promise(setImmediate);
    }
    await expectPipeline(client);
  });

  const accepted: readonly (readonly [string, string])[] = [
    ["32 bytes", randomClientId(32)],
    ["33 bytes", randomClientId(33)],
    ["63 bytes", randomClientId(63)],
    ["64 bytes", randomClientId(64)],
    ["16 characters that are 32 bytes", "é".repeat(16)],
    ["8 characters that are 32 bytes", "😀".repeat(8)],
    ["32 characters that are 64 bytes", "ü".repeat(32)],
    ["spaces and underscores", "client id with_spaces 0123456789"],
    ["the signs that MQTT topics and SQL make something of", `#+/$'";-- ${randomClientId(24)}`],
  ];
  for (const [what, clientId] of accepted) {
    test(`[connect-2] lets in a client id of ${what}`, async () => {
      await using client = await RawClient.connect(server.url(transport), { clientId });
      await client.handshake();
      expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    });
  }

  const refused: readonly (readonly [string, Uint8Array])[] = [
    ["0 bytes", new Uint8Array()],
    ["1 byte", Buffer.from("a")],
    ["31 bytes", Buffer.from(randomClientId(31))],
    ["65 bytes", Buffer.from(randomClientId(65))],
    ["1,000 bytes", Buffer.from(randomClientId(1_000))],
    ["64 characters that are 65 bytes", Buffer.from(`${randomClientId(63)}é`)],
    ["33 characters that are 66 bytes", Buffer.from("é".repeat(33))],
    ["15 characters that are 30 bytes", Buffer.from("é".repeat(15))],
    ["32 bytes, one of them U+0000", Buffer.from(`${randomClientId(31)}\u0000`)],
    ["32 bytes, one of them U+0001", Buffer.from(`\u0001${randomClientId(31)}`)],
    ["32 bytes, one of them a line feed", Buffer.from(`${randomClientId(15)}\n${randomClientId(16)}`)],
    ["32 bytes, one of them U+001F", Buffer.from(`${randomClientId(31)}\u001f`)],
    ["32 bytes, one of them U+007F", Buffer.from(`${randomClientId(31)}\u007f`)],
    ["33 bytes, two of them U+0085", Buffer.from(`${randomClientId(31)}\u0085`)],
    ["33 bytes, two of them U+009F", Buffer.from(`\u009f${randomClientId(31)}`)],
    ["32 bytes that are no UTF-8", Buffer.alloc(32, 0xff)],
    [
      "32 bytes, the last of them no UTF-8",
      Buffer.concat([Buffer.from(randomClientId(31)), Buffer.of(0xc3)]),
    ],
    ["12 bytes that are no UTF-8 and would grow to 36 if they were repaired", Buffer.alloc(12, 0xff)],
  ];
  for (const [what, clientId] of refused) {
    test(`[connect-2] refuses a client id of ${what} with CONNACK 2 and closes`, async () => {
      await using client = await RawClient.open(server.url(transport));
      client.write(connectBytes(clientId));
      expect(await client.next()).toMatchObject({ cmd: "connack", returnCode: 2, sessionPresent: false });
      await client.whenClosed();
      expect(client.takeAll()).toEqual([]);
    });
  }

  test("[connect-2] does nothing of what a refused client sent behind its CONNECT", async () => {
    await using witness = await RawClient.connect(server.url(transport));
    const topic = `game/${randomClientId()}`;
    await witness.subscribe(topic);
    await using client = await RawClient.open(server.url(transport));
    client.write(
      Buffer.concat([
        connectBytes(Buffer.from(randomClientId(31))),
        generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] }),
        generate({
          cmd: "publish",
          messageId: 2,
          topic,
          payload: "smuggled",
          qos: 1,
          dup: false,
          retain: true,
        }),
        generate({ cmd: "subscribe", messageId: 3, subscriptions: [{ topic: "s", qos: 1 }] }),
      ]),
    );
    expect(await client.next()).toMatchObject({ cmd: "connack", returnCode: 2 });
    await client.whenClosed();
    expect(client.takeAll()).toEqual([]);
    await witness.publish(topic, "honest");
    expect(textOf(await witness.takePublish(topic))).toBe("honest");
    await witness.quiet();
    await using late = await RawClient.connect(server.url(transport));
    await late.subscribe(topic);
    await late.quiet();
  });

  test("[connect-3] refuses a client id that is connected with CONNACK 5, and the first lives on", async () => {
    const clientId = randomClientId();
    await using first = await RawClient.ready(server.url(transport), { clientId });
    for (let attempt = 0; attempt < 3; attempt++) {
      await using second = (await RawClient.tryConnect(server.url(transport), { clientId })).client;
      await second.whenClosed();
      expect(second.takeAll()).toEqual([]);
      expect((await first.user("GetSelfInfo")).state).toBe(0xf9);
      await first.quiet();
    }
    const { client: another, code } = await RawClient.tryConnect(server.url(transport), { clientId });
    await using _ = another;
    expect(code).toBe(5);
  });

  test("[connect-3] lets in exactly one of 20 that connect with one client id at once", async () => {
    const clientId = randomClientId();
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => RawClient.open(server.url(transport))),
    );
    await using _all = {
      [Symbol.asyncDispose]: async () =>
        void (await Promise.all(clients.map((c) => c[Symbol.asyncDispose]()))),
    };
    for (const client of clients) client.sendConnect({ clientId });
    const codes = await Promise.all(
      clients.map(async (client) => (await client.take("connack")).returnCode ?? -1),
    );
    expect(codes.toSorted((a, b) => a - b)).toEqual([0, ...Array.from({ length: 19 }, () => 5)]);
    const winner = clients[codes.indexOf(0)];
    if (winner === undefined) throw new Error("nobody was let in");
    await Promise.all(clients.filter((client) => client !== winner).map((client) => client.whenClosed()));
    await winner.quiet();
  });

  for (const [how, leave] of [
    ["says DISCONNECT", (client: RawClient) => client.end()],
    ["drops its connection", async (client: RawClient) => client.drop()],
  ] as const) {
    test(`[connect-3] frees a client id when its client ${how}`, async () => {
      const clientId = randomClientId();
      await using first = await RawClient.connect(server.url(transport), { clientId });
      await leave(first);
      expect(await codeAfterRetries(server.url(transport), clientId, 1_000)).toBe(0);
    });
  }

  test("[connect-3] frees the client id of a dead peer within 1.5 times its keep-alive", async () => {
    const clientId = randomClientId();
    await using first = await RawClient.connect(server.url(transport), { clientId, keepalive: 1 });
    first.pauseReading();
    const from = performance.now();
    const { client, code } = await RawClient.tryConnect(server.url(transport), { clientId });
    await client[Symbol.asyncDispose]();
    expect(code).toBe(5);
    expect(await codeAfterRetries(server.url(transport), clientId, 3_000)).toBe(0);
    const took = performance.now() - from;
    expect(took).toBeGreaterThan(900);
    // Half a second for a busy machine.
    expect(took).toBeLessThan(2_000);
    first.resumeReading();
    await first.whenClosed();
  });

  test.ours(
    "[connect-3] lets no keep-alive of 0, nor a large one, block a client id for longer than the limit",
    async () => {
      await using own = await startOwnServer({ gate: { maxKeepAliveS: 1 } });
      for (const keepalive of [0, 600]) {
        const clientId = randomClientId();
        await using first = await RawClient.connect(own.url(transport), { clientId, keepalive });
        first.pauseReading();
        const from = performance.now();
        expect(await codeAfterRetries(own.url(transport), clientId, 3_000)).toBe(0);
        const took = performance.now() - from;
        expect(took).toBeGreaterThan(900);
        expect(took).toBeLessThan(2_000);
      }
    },
  );

  test.ours("[connect-3] lets the newcomer in and closes the first when takeover is configured", async () => {
    await using own = await startOwnServer({ gate: { duplicateClientId: "takeover" } });
    const clientId = randomClientId();
    await using first = await RawClient.ready(own.url(transport), { clientId });
    await using second = await RawClient.ready(own.url(transport), { clientId });
    await first.whenClosed();
    expect((await second.user("GetSelfInfo")).state).toBe(0xf9);
    await using third = await RawClient.ready(own.url(transport), { clientId });
    await second.whenClosed();
    await third.quiet();
  });

  test("[connect-4] takes any username and password, and they log nobody in", async () => {
    const username = randomName();
    await using owner = await RawClient.ready(server.url(transport));
    expect((await owner.user("Register", registration(username))).state).toBe(0);
    await owner.end();
    for (const credentials of [{ username, password: Buffer.from(PASSWORD) }, { username: "nobody" }, {}]) {
      await using client = await RawClient.ready(server.url(transport), credentials);
      expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    }
  });

  test("[connect-5] knows the user by a client id that is a valid access token, from the first call on", async () => {
    const username = randomName();
    await using first = await RawClient.ready(server.url(transport));
    const registered = await first.user("Register", registration(username));
    expect(registered.state).toBe(0);
    const { tokenInfo } = registered.result as { tokenInfo: { token: string } };
    await first.end();
    await using resumed = await RawClient.ready(server.url(transport), { clientId: tokenInfo.token });
    const info = await resumed.user("GetSelfInfo");
    expect(info.result).toMatchObject({ userData: { UserName: username } });
    expect((await resumed.user("Logout")).state).toBe(0);
    await resumed.end();
    await using after = await RawClient.ready(server.url(transport), { clientId: tokenInfo.token });
    expect((await after.user("GetSelfInfo")).state).toBe(0xf9);
  });

  test("[connect-5] logs nobody in by an id that only looks like a token", async () => {
    for (const length of [32, 43, 64]) {
      await using client = await RawClient.ready(server.url(transport), { clientId: randomClientId(length) });
      expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    }
  });
});

describe.runIf(transports.includes("ws"))("the WebSocket's opening handshake", () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["mqtt", ["mqtt"], "mqtt"],
    ["none", [], ""],
    ["mqttv3.1", ["mqttv3.1"], "mqttv3.1"],
  ];
  for (const [what, subprotocols, chosen] of cases) {
    test(`[connect-1] lets in a client that offers the subprotocol ${what}`, async () => {
      await using client = await RawClient.connect(server.url("ws"), { subprotocols });
      expect(client.subprotocol).toBe(chosen);
      await client.handshake();
    });
  }

  test("[connect-1] chooses one of several subprotocols that a client offers", async () => {
    await using client = await RawClient.connect(server.url("ws"), { subprotocols: ["mqttv3.1", "mqtt"] });
    expect(["mqtt", "mqttv3.1"]).toContain(client.subprotocol);
  });

  test("[connect-1] serves MQTT on /ws alone", async () => {
    const events = { onBytes: () => undefined, onClose: () => undefined };
    for (const path of ["/", "/ws/", "/ws2", "/mqtt", "/console"]) {
      const url = new URL(path, server.url("ws")).href;
      await expect(openTransport(url, events), path).rejects.toThrow();
    }
  });
});

/** Tries to connect again and again until the code is no longer 5, at most for a time; returns the last code. */
async function codeAfterRetries(url: string, clientId: string, forMs: number): Promise<number> {
  const until = performance.now() + forMs;
  for (;;) {
    const { client, code } = await RawClient.tryConnect(url, { clientId });
    await client[Symbol.asyncDispose]();
    if (code !== 5 || performance.now() > until) return code;
  }
}
