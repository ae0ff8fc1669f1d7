import { classicProfile, jsonCodec, type Answer, type Call, type SealedChannel } from "@mqplay/shared";
import { generate, parser, type Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import type { Log } from "../ops/log.ts";
import { ManualClock } from "../runtime/testing/manual-clock.ts";
import type { Session } from "../session/session.ts";
import { createGate, type Gate } from "./gate.ts";
import { memoryStream, type MemoryClient } from "./listen/memory.ts";
import { createGateMetrics, type GateMetrics } from "./metrics.ts";
import { defaultGateOptions, type GateOptions } from "./options.ts";

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
const clientId = "abcdefghijklmnopqrstuvwxyz012345";

interface House extends AsyncDisposable {
  readonly gate: Gate;
  readonly metrics: GateMetrics;
  readonly sessions: Set<Session>;
  /** Sessions in the order in which they subscribed `p` or `q`. */
  readonly listening: readonly Session[];
  /** Connects, does the handshake and subscribes p and q. */
  enter(id?: string, keepAliveS?: number): Promise<Player>;
}

class Player {
  readonly stream: MemoryClient;
  readonly packets: Packet[] = [];
  channel: SealedChannel | undefined;
  #seen: () => void = () => {};

  constructor(stream: MemoryClient) {
    this.stream = stream;
    const reader = parser();
    reader.on("packet", (packet) => {
      this.packets.push(packet);
    });
    stream.onData(() => {
      reader.parse(stream.take());
      this.#seen();
    });
  }

  /** Waits for a packet of a sort and takes it out. */
  async next(wanted: (packet: Packet) => boolean): Promise<Packet> {
    for (;;) {
      const at = this.packets.findIndex(wanted);
      if (at >= 0) return this.packets.splice(at, 1)[0] as Packet;
      if (this.stream.closed) throw new Error("closed");
      await new Promise<void>((resolve) => (this.#seen = resolve));
    }
  }

  send(packet: Packet): void {
    this.stream.send(generate(packet));
  }

  call(messageId: number, params: unknown): Buffer {
    const plain = jsonCodec.encodeCall({ encoding: "json", module: "Echo", func: "Say", params });
    const payload = Buffer.from(this.channel?.seal(plain) ?? plain);
    return generate({ cmd: "publish", topic: "i", qos: 1, dup: false, retain: false, messageId, payload });
  }
}

const isA = (cmd: Packet["cmd"]) => (packet: Packet) => packet.cmd === cmd;

async function openHouse(
  invoke: (call: Call) => Answer | Promise<Answer>,
  options: Partial<GateOptions> = {},
  clock?: ManualClock,
): Promise<House> {
  const metrics = createGateMetrics();
  const sessions = new Set<Session>();
  const listening: Session[] = [];
  const gate = await createGate(
    {
      runtime: { invoke },
      sessions: {
        add: (session) => void sessions.add(session),
        remove: (session) => void sessions.delete(session),
        listening: (session) => void listening.push(session),
        login: () => ({ outcome: "gone" }),
      },
      // As if the store of tokens were away: for ids that have a token's length.
      resume: (id) => (id.length === 43 ? Promise.resolve("unavailable") : undefined),
      profile: classicProfile,
      metrics,
      log: quiet,
      ...(clock === undefined ? {} : { clock }),
    },
    { ...defaultGateOptions, ...options },
  );
  return {
    gate,
    metrics,
    sessions,
    listening,
    async enter(id = clientId, keepAliveS = 0) {
      const { transport, client } = memoryStream();
      gate.accept(transport);
      const player = new Player(client);
      player.send({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clean: true,
        clientId: id,
        keepalive: keepAliveS,
      });
      await player.next(isA("connack"));
      player.send({
        cmd: "subscribe",
        messageId: 1,
        subscriptions: ["s", "p", "q"].map((topic) => ({ topic, qos: 1 })),
      });
      const server = await player.next(isA("publish"));
      if (server.cmd !== "publish" || typeof server.payload === "string") throw new Error("no server string");
      player.channel = classicProfile.derive(Buffer.from(id), server.payload);
      player.packets.length = 0;
      return player;
    },
    [Symbol.asyncDispose]: () => gate.stop(0),
  };
}

const ok: Answer = { state: 0, msg: "", result: "{}" };

describe("the gate", () => {
  it("writes acknowledgement and answer together, with the call's identifier [answer-1]", async () => {
    await using house = await openHouse(() => ok);
    const player = await house.enter();
    let writes = 0;
    player.stream.onData(() => writes++);
    player.stream.send(player.call(77, 1));
    const bytes = player.stream.take();
    expect(writes).toBe(1);
    expect(bytes.subarray(0, 4)).toEqual(Buffer.from([0x40, 2, 0, 77]));
    expect(bytes[4]).toBe(0x32);
    expect(bytes.subarray(9, 11)).toEqual(Buffer.from([0, 77]));
  });

  it("answers calls that came in one write in one write", async () => {
    await using house = await openHouse(() => ok);
    const player = await house.enter();
    let writes = 0;
    player.stream.onData(() => writes++);
    player.stream.send(Buffer.concat([player.call(1, 1), player.call(2, 2), player.call(3, 3)]));
    expect(writes).toBe(1);
    expect(house.metrics.answers).toBe(3);
  });

  it("acknowledges a call that runs on before its answer, once", async () => {
    const answers: ((answer: Answer) => void)[] = [];
    await using house = await openHouse(() => new Promise((resolve) => answers.push(resolve)));
    const player = await house.enter();
    player.stream.send(player.call(5, 1));
    expect(await player.next(isA("puback"))).toMatchObject({ messageId: 5 });
    answers[0]?.(ok);
    expect(await player.next(isA("publish"))).toMatchObject({ topic: "i", messageId: 5 });
    expect(player.packets).toEqual([]);
  });

  it("begins calls in the order in which they were sent, and answers as they end [answer-5]", async () => {
    const begun: unknown[] = [];
    const answers: ((answer: Answer) => void)[] = [];
    await using house = await openHouse((call) => {
      begun.push(call.encoding === "json" ? call.params : undefined);
      return new Promise((resolve) => answers.push(resolve));
    });
    const player = await house.enter();
    player.stream.send(Buffer.concat([7, 3, 9, 1].map((id) => player.call(id, id))));
    expect(begun).toEqual([7, 3, 9, 1]);
    answers[2]?.(ok);
    expect(await player.next(isA("publish"))).toMatchObject({ messageId: 9 });
    answers[0]?.(ok);
    expect(await player.next(isA("publish"))).toMatchObject({ messageId: 7 });
  });

  it("stops reading while too many calls of a connection run, and reads on after", async () => {
    const answers: ((answer: Answer) => void)[] = [];
    await using house = await openHouse(() => new Promise((resolve) => answers.push(resolve)), {
      maxRunningCalls: 2,
    });
    const player = await house.enter();
    player.stream.send(Buffer.concat([1, 2, 3, 4].map((id) => player.call(id, id))));
    expect(answers).toHaveLength(2);
    expect(player.stream.paused).toBe(true);
    answers[0]?.(ok);
    await player.next(isA("publish"));
    expect(answers).toHaveLength(3);
    for (const answer of answers) answer(ok);
    await player.next(isA("publish"));
    await player.next(isA("publish"));
    answers[3]?.(ok);
    await player.next(isA("publish"));
    expect(player.stream.paused).toBe(false);
    expect(house.metrics.answers).toBe(4);
  });

  it("drops answers of a connection that has ended, and counts no call as running", async () => {
    const answers: ((answer: Answer) => void)[] = [];
    await using house = await openHouse(() => new Promise((resolve) => answers.push(resolve)));
    const player = await house.enter();
    player.stream.send(player.call(1, 1));
    const [session] = house.sessions;
    player.stream.close();
    await expect.poll(() => house.gate.connections).toBe(0);
    expect(session?.ended.signal.aborted).toBe(true);
    answers[0]?.(ok);
    await Promise.resolve();
    expect(player.stream.take()).toEqual(Buffer.alloc(0));
  });

  it("cuts off a client that does not acknowledge what it is sent", async () => {
    await using house = await openHouse(() => ok, { maxUnacknowledged: 10 });
    const player = await house.enter();
    for (let id = 1; id <= 12 && !player.stream.closed; id++) player.stream.send(player.call(id, id));
    expect(player.stream.closed).toBe(true);
    expect(house.metrics.closed.limit).toBe(1);
    expect(house.sessions.size).toBe(0);
  });

  it("cuts off a client that acknowledges no ordinary message", async () => {
    const fast = { maxPacketsPerS: 10_000_000, maxPacketBurst: 1_000_000, maxOfflineMessages: 0 };
    await using house = await openHouse(() => ok, { ...fast, maxUnsentBytes: 10_000_000 });
    const player = await house.enter();
    player.send({ cmd: "subscribe", messageId: 2, subscriptions: [{ topic: "game/x", qos: 1 }] });
    await player.next(isA("suback"));
    for (let id = 1; id <= 8_300; id++)
      player.send({
        cmd: "publish",
        topic: "game/x",
        messageId: id,
        qos: 1,
        payload: "",
        dup: false,
        retain: false,
      });
    await expect.poll(() => player.stream.closed, { timeout: 10_000 }).toBe(true);
    expect(house.metrics.closed.limit).toBe(1);
    expect(player.packets.filter(isA("publish")).length).toBeGreaterThanOrEqual(8_192);
  });

  it("hears again of a client that it did not read for longer than its keep-alive", async () => {
    const clock = new ManualClock();
    const answers: ((answer: Answer) => void)[] = [];
    const invoke = () => new Promise<Answer>((resolve) => answers.push(resolve));
    await using house = await openHouse(invoke, { maxRunningCalls: 1 }, clock);
    const player = await house.enter(clientId, 2);
    player.stream.send(player.call(1, 1));
    expect(player.stream.paused).toBe(true);
    clock.advance(10_000);
    answers[0]?.(ok);
    await player.next(isA("publish"));
    const witness = await house.enter("w".repeat(32), 1);
    clock.advance(1_501);
    await expect.poll(() => witness.stream.closed).toBe(true);
    expect(player.stream.closed).toBe(false);
    clock.advance(1_501);
    await expect.poll(() => player.stream.closed).toBe(true);
  });

  it("cuts off a client that does not read", async () => {
    await using house = await openHouse(() => ({ ...ok, result: JSON.stringify("x".repeat(1_000)) }), {
      maxUnsentBytes: 5_000,
    });
    const player = await house.enter();
    player.stream.stalled = true;
    for (let id = 1; id <= 10 && !player.stream.closed; id++) player.stream.send(player.call(id, id));
    expect(player.stream.closed).toBe(true);
    expect(house.metrics.closed.limit).toBe(1);
  });

  it("reads a client that sends too fast no faster than it may", async () => {
    await using house = await openHouse(() => ok, { maxPacketBurst: 5, maxPacketsPerS: 200 });
    const player = await house.enter();
    const started = performance.now();
    player.stream.send(Buffer.concat(Array.from({ length: 65 }, (_, i) => player.call(i + 1, i))));
    expect(player.stream.paused).toBe(true);
    await expect.poll(() => house.metrics.answers, { timeout: 5_000 }).toBe(65);
    const tookMs = performance.now() - started;
    expect(tookMs).toBeGreaterThan(290);
    // Read ever slower, it would take many times as long.
    expect(tookMs).toBeLessThan(3_000);
  });

  it("waits for running calls when it stops, then closes clients", async () => {
    const answers: ((answer: Answer) => void)[] = [];
    const house = await openHouse(() => new Promise((resolve) => answers.push(resolve)));
    const player = await house.enter();
    player.stream.send(player.call(9, 1));
    await player.next(isA("puback"));
    const stopped = house.gate.stop(5_000);
    expect(player.stream.closed).toBe(false);
    answers[0]?.(ok);
    expect(await player.next(isA("publish"))).toMatchObject({ messageId: 9 });
    await stopped;
    expect(player.stream.closed).toBe(true);
    expect(house.metrics.closed.shutdown).toBe(1);
  });

  it("takes nobody in once it stops", async () => {
    const house = await openHouse(() => ok);
    await house.gate.stop(0);
    const { transport, client } = memoryStream();
    house.gate.accept(transport);
    expect(client.closed).toBe(true);
    expect(house.metrics.refused.unavailable).toBe(1);
  });

  it("sends pushes to the topics that are subscribed, in the forms of each [push-1] [push-2] [handshake-6]", async () => {
    await using house = await openHouse(() => ok);
    const player = await house.enter();
    const [session] = house.sessions;
    const push = { module: 11, type: 3, content: Buffer.from("hi") };
    expect(session?.link.push(push, "json")).toBe(true);
    expect(await player.next(isA("publish"))).toMatchObject({ topic: "p", qos: 1 });
    expect(session?.link.push(push, "protobuf")).toBe(true);
    const topics = [await player.next(isA("publish")), await player.next(isA("publish"))].map(
      (packet) => packet.cmd === "publish" && packet.topic,
    );
    expect(new Set(topics)).toEqual(new Set(["p", "q"]));
    player.send({ cmd: "unsubscribe", messageId: 8, unsubscriptions: ["p", "q"] });
    await player.next(isA("unsuback"));
    expect(session?.link.push(push, "protobuf")).toBe(false);
  });

  it("says that a client listens once its SUBACK is on its way, also beside ordinary filters", async () => {
    await using house = await openHouse(() => ok);
    const player = await house.enter();
    const [session] = house.sessions;
    expect(house.listening).toEqual([session]);
    const topics = ["s", "q", "game/x"].map((topic) => ({ topic, qos: 1 as const }));
    player.send({ cmd: "subscribe", messageId: 9, subscriptions: topics });
    expect(house.listening).toHaveLength(1);
    await player.next(isA("suback"));
    expect(house.listening).toEqual([session, session]);
  });

  it("measures silence and budgets by the clock that it is given [connect-3]", async () => {
    const clock = new ManualClock();
    await using house = await openHouse(() => ok, { maxPacketBurst: 5, maxPacketsPerS: 1 }, clock);
    const player = await house.enter(clientId, 60);
    player.stream.send(Buffer.concat([1, 2, 3, 4, 5, 6].map((id) => player.call(id, id))));
    expect(player.stream.paused).toBe(true);
    clock.advance(10_000);
    expect(player.stream.paused).toBe(false);
    expect(house.metrics.answers).toBe(6);
    clock.advance(79_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(player.stream.closed).toBe(false);
    clock.advance(11_001);
    await expect.poll(() => player.stream.closed).toBe(true);
    expect(house.metrics.closed.silent).toBe(1);
  });

  it("sends a client whose token cannot be looked up away with CONNACK 3, and frees its id [connect-5]", async () => {
    await using house = await openHouse(() => ok);
    for (let time = 0; time < 2; time++) {
      const { transport, client } = memoryStream();
      house.gate.accept(transport);
      const player = new Player(client);
      player.send({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clean: true,
        clientId: "t".repeat(43),
        keepalive: 0,
      });
      expect(await player.next(isA("connack"))).toMatchObject({ returnCode: 3 });
      await expect.poll(() => client.closed).toBe(true);
    }
    expect(house.metrics.refused.unavailable).toBe(2);
    expect(house.sessions.size).toBe(0);
  });

  it("carries out UNSUBSCRIBE, SUBSCRIBE and PUBLISH of one write in their order", async () => {
    await using house = await openHouse(() => ok);
    const player = await house.enter();
    const subscriptions = [{ topic: "game/x", qos: 0 as const }];
    const subscribe: Packet = { cmd: "subscribe", messageId: 2, subscriptions };
    player.send(subscribe);
    await player.next(isA("suback"));
    for (let turn = 0; turn < 20; turn++) {
      player.stream.send(
        Buffer.concat([
          generate({ cmd: "unsubscribe", messageId: 3, unsubscriptions: ["game/x"] }),
          generate(subscribe),
          generate({
            cmd: "publish",
            topic: "game/x",
            qos: 0,
            dup: false,
            retain: false,
            payload: `${turn}`,
          }),
        ]),
      );
      const message = await player.next(isA("publish"));
      expect(message.cmd === "publish" && message.payload.toString()).toBe(`${turn}`);
      expect(player.packets.map(({ cmd }) => cmd)).toEqual(["unsuback", "suback"]);
      player.packets.length = 0;
    }
  });
});
