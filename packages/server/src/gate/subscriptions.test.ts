import { generate, type ISubscribePacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { ProtocolViolation, suback } from "./frame.ts";
import { parseSubscribe, parseUnsubscribe } from "./subscribe-packet.ts";
import { Subscriptions } from "./subscriptions.ts";

const options = { sysTopics: false, maxTopicLevels: 8, maxSubscriptions: 2 };

function subscribe(messageId: number, topics: readonly string[], qos: 0 | 1 | 2 = 1): Buffer {
  const packet: ISubscribePacket = {
    cmd: "subscribe",
    messageId,
    subscriptions: topics.map((topic) => ({ topic, qos })),
  };
  return generate(packet);
}

describe("Subscriptions", () => {
  it("knows whether one message may match several of the filters", () => {
    const subscriptions = new Subscriptions({ ...options, maxSubscriptions: 8 });
    subscriptions.subscribe(subscribe(1, ["game/a", "game/b", "game/c"]), false);
    expect(subscriptions.mayOverlap).toBe(false);
    subscriptions.subscribe(subscribe(2, ["game/+", "game/+"]), false);
    expect(subscriptions.mayOverlap).toBe(true);
    const unsubscriptions = ["game/+", "game/+", "game/a"];
    subscriptions.unsubscribe(generate({ cmd: "unsubscribe", messageId: 3, unsubscriptions }));
    expect(subscriptions.mayOverlap).toBe(false);
    subscriptions.restore(["game/#"]);
    expect(subscriptions.mayOverlap).toBe(true);
  });

  it("answers private filters alone, without the broker", () => {
    const outcome = new Subscriptions(options).subscribe(subscribe(3, ["s", "i", "p"]), false);
    expect(outcome).toMatchObject({ forward: undefined, handshake: true, refused: 0 });
    expect(outcome.suback).toEqual(suback(3, [1, 1, 1]));
  });

  it("refuses i f p q without a key, and where s comes only after them [handshake-4]", () => {
    const outcome = new Subscriptions(options).subscribe(subscribe(3, ["i", "s", "f"]), false);
    expect(outcome.suback).toEqual(suback(3, [0x80, 1, 1]));
    expect(outcome.refused).toBe(1);
  });

  it("grants private topics at QoS 1 whatever was asked for [topic-2]", () => {
    const subscriptions = new Subscriptions(options);
    expect(subscriptions.subscribe(subscribe(1, ["p", "q"], 2), true).suback).toEqual(suback(1, [1, 1]));
    expect(subscriptions.subscribe(subscribe(1, ["p", "q"], 0), true).suback).toEqual(suback(1, [1, 1]));
  });

  it("gives the broker the ordinary filters only, and puts the codes together in the order asked [topic-5]", () => {
    const subscriptions = new Subscriptions(options);
    const outcome = subscriptions.subscribe(
      subscribe(9, ["game/a", "s", "score", "game/a", "game/b"]),
      false,
    );
    expect(outcome).toMatchObject({ suback: undefined, handshake: false, refused: 1 });
    const forwarded = parseSubscribe(outcome.forward ?? Buffer.alloc(0));
    expect(forwarded.filters.map(({ filter }) => filter)).toEqual(["game/a", "game/b"]);
    expect(subscriptions.completeSuback(suback(9, [1, 2]))).toEqual({
      suback: suback(9, [1, 1, 0x80, 1, 2]),
      handshake: true,
      listens: false,
    });
    expect(subscriptions.completeSuback(suback(9, [1, 2]))).toBeUndefined();
  });

  it("refuses ordinary filters above the limit, those of a restored session included", () => {
    const subscriptions = new Subscriptions(options);
    subscriptions.restore(["game/old"]);
    const outcome = subscriptions.subscribe(subscribe(9, ["game/old", "game/a", "game/b"]), false);
    expect(parseSubscribe(outcome.forward ?? Buffer.alloc(0)).filters).toHaveLength(2);
    expect(subscriptions.completeSuback(suback(9, [1, 1]))?.suback).toEqual(suback(9, [1, 1, 0x80]));
    expect(subscriptions.ordinaryCount).toBe(2);
  });

  it("ends private subscriptions itself and passes ordinary ones on", () => {
    const subscriptions = new Subscriptions(options);
    subscriptions.subscribe(subscribe(1, ["p"]), true);
    const outcome = subscriptions.unsubscribe(
      generate({ cmd: "unsubscribe", messageId: 4, unsubscriptions: ["p", "game/a"] }),
    );
    expect(subscriptions.has("p")).toBe(false);
    expect(outcome.unsuback).toBeUndefined();
    expect(parseUnsubscribe(outcome.forward ?? Buffer.alloc(0))).toEqual({
      packetId: 4,
      filters: ["game/a"],
    });
    const own = subscriptions.unsubscribe(
      generate({ cmd: "unsubscribe", messageId: 5, unsubscriptions: ["i"] }),
    );
    expect(own.unsuback).toEqual(Buffer.from([0xb0, 2, 0, 5]));
  });

  it.each([
    ["no filter", Buffer.from([0x82, 2, 0, 1])],
    ["identifier 0", Buffer.from([0x82, 6, 0, 0, 0, 1, 0x67, 1])],
    ["QoS 3", Buffer.from([0x82, 6, 0, 1, 0, 1, 0x67, 3])],
    ["a filter that is cut off", Buffer.from([0x82, 5, 0, 1, 0, 9, 0x67])],
    ["reserved flags", Buffer.from([0x80, 6, 0, 1, 0, 1, 0x67, 1])],
    ["a filter that is no UTF-8", Buffer.from([0x82, 6, 0, 1, 0, 1, 0xff, 1])],
  ])("ends the connection for a SUBSCRIBE with %s", (_what, frame) => {
    expect(() => new Subscriptions(options).subscribe(frame, true)).toThrow(ProtocolViolation);
  });
});
