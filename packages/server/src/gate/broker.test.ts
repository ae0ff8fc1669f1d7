import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import MemoryPersistence from "aedes-persistence/asyncPersistence.js";
import { generate, parser, type IPublishPacket, type Packet } from "mqtt-packet";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createRecordedLog } from "../runtime/testing/recorded-log.ts";
import { BrokerSide } from "./broker-side.ts";
import { BrokerStream } from "./broker-stream.ts";
import { createBroker, type Broker, type BrokerClient } from "./broker.ts";
import { InFlight } from "./in-flight.ts";
import { createGateMetrics } from "./metrics.ts";
import { defaultGateOptions, type GateOptions } from "./options.ts";
import { Subscriptions } from "./subscriptions.ts";

const idOf = (name: string): string => name.padEnd(32, "0");

const connectBytes = (id: string, more: object = {}): Buffer =>
  generate({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    keepalive: 0,
    clientId: id,
    ...more,
  });

const publication = (topic: string, payload: string, qos: 0 | 1 | 2, messageId = 1): Buffer =>
  generate({ cmd: "publish", topic, payload, qos, messageId, dup: false, retain: false });

/** A client that speaks to the broker with no gate between. */
class Guest {
  readonly stream: BrokerStream;
  readonly client: BrokerClient;
  readonly #packets: Packet[] = [];
  #seen: () => void = () => {};

  constructor(broker: Broker, id: string, more: object = {}) {
    const reader = parser();
    reader.on("packet", (packet) => {
      this.#packets.push(packet);
      if (packet.cmd === "publish" && packet.qos === 1)
        this.stream.push(generate({ cmd: "puback", messageId: packet.messageId ?? 0 }));
    });
    this.stream = new BrokerStream({
      packets: (bytes, written) => {
        reader.parse(bytes);
        written();
        this.#seen();
      },
      wanted: () => undefined,
      ended: () => this.#seen(),
    });
    this.client = broker.attach(this.stream);
    this.stream.push(connectBytes(id, more));
  }

  async next<TCmd extends Packet["cmd"]>(cmd: TCmd): Promise<Extract<Packet, { cmd: TCmd }>> {
    for (;;) {
      const at = this.#packets.findIndex((packet) => packet.cmd === cmd);
      if (at >= 0) return this.#packets.splice(at, 1)[0] as Extract<Packet, { cmd: TCmd }>;
      if (this.stream.destroyed) throw new Error("the broker has ended the client");
      await new Promise<void>((resolve) => (this.#seen = resolve));
    }
  }

  async subscribe(topics: readonly string[], qos: 0 | 1 | 2 = 1): Promise<void> {
    const subscriptions = topics.map((topic) => ({ topic, qos }));
    this.stream.push(generate({ cmd: "subscribe", messageId: 1, subscriptions }));
    this.client.mayOverlap = topics.length > 1;
    expect((await this.next("suback")).granted).toEqual(topics.map(() => qos));
  }

  /** The texts of what comes, up to and without `end`. */
  async textsUntil(end: string): Promise<string[]> {
    const texts: string[] = [];
    for (;;) {
      const { payload }: IPublishPacket = await this.next("publish");
      const text = payload.toString();
      if (text === end) return texts;
      texts.push(text);
    }
  }
}

async function openBroker(options: Partial<GateOptions> = {}) {
  const log = createRecordedLog();
  const metrics = createGateMetrics();
  const broker = await createBroker({ log, metrics }, { ...defaultGateOptions, ...options });
  return {
    broker,
    log,
    async enter(name: string, more: object = {}): Promise<Guest> {
      const guest = new Guest(broker, idOf(name), more);
      await guest.client.ready;
      await guest.next("connack");
      return guest;
    },
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

afterEach(() => vi.restoreAllMocks());

describe("the repaired broker", () => {
  for (const clean of [true, false]) {
    it(`loses no message at QoS 1 that one at QoS 0 overtakes, clean session ${clean}`, async () => {
      // What a store in another process takes is enough for one to overtake the other.
      const real = MemoryPersistence.prototype.subscriptionsByTopic;
      vi.spyOn(MemoryPersistence.prototype, "subscriptionsByTopic").mockImplementation(async function (
        this: MemoryPersistence,
        topic,
      ) {
        await nextTurn();
        return await real.call(this, topic);
      });
      await using house = await openBroker();
      const reader = await house.enter("reader", { clean });
      await reader.subscribe(["game/x"]);
      const sender = await house.enter("sender");
      const sent = Array.from({ length: 20 }, (_, round) => `m${round}`);
      for (const [round, text] of sent.entries()) {
        sender.stream.push(publication("game/x", text, 1, round + 1));
        await sender.next("puback");
        sender.stream.push(publication("game/x", "quick", 0));
      }
      const got: string[] = [];
      while (got.length < 2 * sent.length) got.push((await reader.next("publish")).payload.toString());
      expect(got.filter((text) => text !== "quick")).toEqual(sent);
    });

    it(`hands a message out once however many filters it matches, clean session ${clean}`, async () => {
      await using house = await openBroker();
      const reader = await house.enter("reader", { clean });
      await reader.subscribe(["game/#", "game/+", "game/x", "+/x"]);
      const sender = await house.enter("sender");
      const sent = Array.from({ length: 30 }, (_, round) => `m${round}`);
      for (const [round, text] of sent.entries())
        sender.stream.push(publication("game/x", text, round % 2 === 0 ? 1 : 0, round + 1));
      sender.stream.push(publication("game/y", "end", 1, 99));
      expect((await reader.textsUntil("end")).toSorted()).toEqual(sent.toSorted());
    });
  }

  it("publishes no client id on $SYS, for it may be an access token [topic-8] [connect-5]", async () => {
    await using house = await openBroker({ sysTopics: true });
    const spy = await house.enter("spy");
    await spy.subscribe(["$SYS/#"], 0);
    const token = "T".repeat(43);
    const owner = new Guest(house.broker, token);
    await owner.client.ready;
    await owner.subscribe(["game/#"]);
    owner.stream.push(generate({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["game/#"] }));
    await owner.next("unsuback");
    owner.stream.push(generate({ cmd: "disconnect" }));
    await once(owner.stream, "close");
    await spy.subscribe(["game/#"], 0);
    spy.stream.push(publication("game/x", "end", 0));
    // How many clients there were when it had come, and when it had gone.
    expect(await spy.textsUntil("end")).toEqual(["2", "1"]);
  });

  it("publishes a will that no gate has looked at instead of failing on it for ever, and says so", async () => {
    await using house = await openBroker();
    const will = { topic: "info", payload: Buffer.from("bye"), qos: 1, retain: false };
    const reader = await house.enter("reader");
    await reader.subscribe(["#"]);
    const dying = await house.enter("dying", { will });
    dying.stream.push(null);
    expect((await reader.next("publish")).topic).toBe("info");
    expect(house.log.lines.map(({ level }) => level)).toEqual(["warn"]);
    await expect.poll(() => house.broker.clients).toBe(1);
  });

  it("lives on when its memory fails", async () => {
    await using house = await openBroker();
    const sender = await house.enter("sender");
    vi.spyOn(MemoryPersistence.prototype, "subscriptionsByTopic").mockRejectedValueOnce(
      new Error("the memory has failed"),
    );
    sender.stream.push(publication("game/x", "lost", 1));
    await expect.poll(() => house.log.lines.some(({ level }) => level === "error")).toBe(true);
    await sender.subscribe(["game/y"]);
    sender.stream.push(publication("game/y", "there", 1));
    expect((await sender.next("publish")).payload.toString()).toBe("there");
  });

  it("ends a client that sends what is no MQTT, and no other", async () => {
    await using house = await openBroker();
    const [broken, bystander] = [await house.enter("broken"), await house.enter("bystander")];
    broken.stream.push(Buffer.of(0xf7, 0xff, 0xff, 0xff, 0xff));
    await once(broken.stream, "close");
    expect(house.broker.clients).toBe(1);
    await bystander.subscribe(["game/x"]);
  });

  it("keeps no client whose connection ended before it was let in", async () => {
    await using house = await openBroker();
    const options = { ...defaultGateOptions };
    const real = MemoryPersistence.prototype.cleanSubscriptions;
    vi.spyOn(MemoryPersistence.prototype, "cleanSubscriptions").mockImplementation(async function (
      this: MemoryPersistence,
      client,
    ) {
      for (let turn = 0; turn < 4; turn++) await nextTurn();
      await real.call(this, client);
    });
    for (let round = 0; round < 10; round++) {
      let stream: BrokerStream | undefined;
      const broker: Pick<Broker, "attach"> = {
        attach: (attached) => house.broker.attach((stream = attached)),
      };
      const nothing = (): void => undefined;
      const side = new BrokerSide(
        {
          broker,
          out: { gather: nothing, flush: nothing },
          inFlight: new InFlight(),
          subscriptions: new Subscriptions(options),
          unsentBytes: () => 0,
          handshake: () => Buffer.alloc(0),
          listens: nothing,
          busy: nothing,
          overdue: nothing,
          ready: nothing,
          ended: nothing,
        },
        options,
        connectBytes(idOf(`ghost${round}`)),
      );
      // At each moment of the broker's letting it in.
      for (let turn = 0; turn < round; turn++) await nextTurn();
      side.close();
      if (stream !== undefined && !stream.destroyed) await once(stream, "close");
    }
    await expect.poll(() => house.broker.clients).toBe(0);
  });

  it("asks no queue for what a clean session acknowledges: each id would leave an entry behind", async () => {
    await using house = await openBroker();
    const asked = vi.spyOn(MemoryPersistence.prototype, "outgoingClearMessageId");
    const reader = await house.enter("reader");
    await reader.subscribe(["game/x", "game/#"]);
    reader.stream.push(publication("game/x", "a", 1));
    await reader.next("publish");
    // The broker has taken the acknowledgement by when it answers what came after it.
    await reader.subscribe(["game/y"]);
    expect(asked).not.toHaveBeenCalled();
  });
});
