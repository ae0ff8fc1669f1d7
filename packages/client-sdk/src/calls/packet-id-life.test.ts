/**
 * When a call's packet identifier may be used again: not before PUBACK and answer have both come, for either would be
 * taken for the next call's. [answer-1]
 */
import { jsonCodec, utf8Encode } from "@mqplay/shared";
import { describe, expect, test } from "vitest";
import { MqplayError } from "../errors.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { Calls } from "./calls.ts";
import type { OutgoingCall } from "./pending.ts";

const outgoing: OutgoingCall = {
  name: "User.Login",
  encoding: "json",
  module: 2,
  func: 1,
  plain: utf8Encode("{}"),
  timeoutMs: 1_000,
  signal: undefined,
  hasKey: false,
};
const answer = jsonCodec.encodeAnswer({ state: 0, msg: "", result: "null" }, { module: 2, func: 1 });

function start() {
  const clock = new ManualClock();
  const freed: number[] = [];
  const calls = new Calls({ clock, protobuf: undefined, logger: { warn: () => {} } }, 10);
  let next = 1;
  const sender = { send: () => next++, free: (packetId: number) => void freed.push(packetId) };
  calls.start(sender);
  return { calls, clock, freed, sender };
}

describe("a packet identifier is free", () => {
  test("after the acknowledgement, when the answer came first", async () => {
    const { calls, freed } = start();
    const call = calls.call(outgoing);
    calls.handleMessage("i", 1, answer);
    await call;
    expect(freed).toEqual([]);
    calls.handleAcknowledged(1);
    expect(freed).toEqual([1]);
  });

  test("after the answer, when the acknowledgement came first", async () => {
    const { calls, freed } = start();
    const call = calls.call(outgoing);
    calls.handleAcknowledged(1);
    expect(freed).toEqual([]);
    calls.handleMessage("i", 1, answer);
    await call;
    expect(freed).toEqual([1]);
  });

  test("after its late answer, when the call was given up", async () => {
    const { calls, clock, freed } = start();
    const call = expect(calls.call(outgoing)).rejects.toMatchObject({ code: "callTimeout" });
    calls.handleAcknowledged(1);
    await clock.advance(1_000);
    await call;
    expect(freed).toEqual([]);
    calls.handleMessage("i", 1, answer);
    expect(freed).toEqual([1]);
    expect(calls.stats).toMatchObject({ lateAnswers: 1 });
  });

  test("after 1024 other calls were given up, when its answer never comes", async () => {
    const { calls, clock, freed } = start();
    for (let count = 1; count <= 1_025; count++) {
      const call = calls.call(outgoing).catch(() => {});
      calls.handleAcknowledged(count);
      await clock.advance(1_000);
      await call;
    }
    expect(freed).toEqual([1]);
  });
});

test("what was given up on one connection is forgotten with it", async () => {
  const { calls, clock, freed, sender } = start();
  const timedOut = calls.call(outgoing).catch(() => {});
  await clock.advance(1_000);
  await timedOut;
  const lost = expect(calls.call(outgoing)).rejects.toMatchObject({ code: "connectionLost" });
  calls.pause(new MqplayError("connectionLost", "the cable was pulled"));
  await lost;
  calls.start(sender);
  for (const packetId of [1, 2]) calls.handleMessage("i", packetId, answer);
  expect(calls.stats).toEqual({ pending: 0, lateAnswers: 0, strayAnswers: 2 });
  expect(freed).toEqual([]);
});
