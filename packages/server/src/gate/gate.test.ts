import type { Answer } from "@mqplay/shared";
import { generate, type Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { memoryStream } from "./listen/memory.ts";
import { isA, ok, openHouse, Player } from "./testing/gate-house.ts";

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
