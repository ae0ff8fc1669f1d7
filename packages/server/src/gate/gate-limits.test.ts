import type { Answer } from "@mqplay/shared";
import { generate } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../runtime/testing/manual-clock.ts";
import { clientId, isA, ok, openHouse } from "./testing/gate-house.ts";

describe("the limits of a connection", () => {
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

  it("lets acknowledgements cost no budget, unless nothing was waiting for them", async () => {
    await using house = await openHouse(() => ok, { maxPacketBurst: 12, maxPacketsPerS: 1 });
    const player = await house.enter();
    const [session] = house.sessions;
    for (let round = 0; round < 20; round++) {
      session?.link.push({ module: 11, type: 1, content: Buffer.from("x") }, "json");
      const push = await player.next(isA("publish"));
      if (push.cmd !== "publish" || push.messageId === undefined) throw new Error("no push");
      player.send({ cmd: "puback", messageId: push.messageId });
    }
    expect(player.stream.paused).toBe(false);
    const unasked = Array.from({ length: 20 }, (_, id) => generate({ cmd: "puback", messageId: id + 1 }));
    player.stream.send(Buffer.concat(unasked));
    expect(player.stream.paused).toBe(true);
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
});
