import { describe, expect, it } from "vitest";
import { boundedPersistence } from "./persistence.ts";

const options = {
  maxOfflineMessages: 3,
  maxOfflineBytes: 100,
  maxOfflineSessions: 2,
  maxRetained: 3,
  maxRetainedBytes: 100,
  maxRetainedPerClient: 2,
};
const subscriber = (clientId: string) => ({ clientId, topic: "game/x", qos: 1 });

async function topicsQueued(store: ReturnType<typeof boundedPersistence>, id: string): Promise<unknown[]> {
  const topics: unknown[] = [];
  for await (const packet of store.outgoingStream({ id })) topics.push(packet.topic);
  return topics;
}

describe("the broker's memory", () => {
  it("queues one copy for a client, however many of its filters match", async () => {
    const store = boundedPersistence(options);
    await store.outgoingEnqueueCombi([subscriber("a"), subscriber("a"), subscriber("b")], { topic: "1" });
    expect(await topicsQueued(store, "a")).toEqual(["1"]);
    expect(await topicsQueued(store, "b")).toEqual(["1"]);
  });

  it("drops the oldest unsent message beyond the limit of a queue", async () => {
    const store = boundedPersistence(options);
    for (const topic of ["1", "2", "3", "4"]) await store.outgoingEnqueueCombi([subscriber("a")], { topic });
    expect(await topicsQueued(store, "a")).toEqual(["2", "3", "4"]);
  });

  it("drops the oldest beyond a queue's bytes, and a message that is too large alone", async () => {
    const store = boundedPersistence(options);
    const send = (topic: string, bytes: number) =>
      store.outgoingEnqueueCombi([subscriber("a")], { topic, payload: Buffer.alloc(bytes) });
    await send("1", 60);
    await send("2", 30);
    await send("3", 50);
    expect(await topicsQueued(store, "a")).toEqual(["2", "3"]);
    await send("4", 101);
    expect(await topicsQueued(store, "a")).toEqual([]);
    await send("5", 100);
    expect(await topicsQueued(store, "a")).toEqual(["5"]);
  });

  it("takes no more for a client that acknowledges nothing, and drops the oldest once it is away", async () => {
    const store = boundedPersistence(options);
    const send = (topic: string, brokerCounter: number) =>
      store.outgoingEnqueueCombi([subscriber("a")], { topic, brokerId: "b", brokerCounter });
    for (const counter of [1, 2, 3]) {
      await send(`${counter}`, counter);
      await store.outgoingUpdate({ id: "a" }, { brokerId: "b", brokerCounter: counter, messageId: counter });
    }
    await send("4", 4);
    expect(await topicsQueued(store, "a")).toEqual(["1", "2", "3"]);
    store.sessionAway("a");
    await send("5", 5);
    expect(await topicsQueued(store, "a")).toEqual(["2", "3", "5"]);
  });

  it("takes messages at QoS 2 up to a client's bytes, until it releases some", async () => {
    const store = boundedPersistence(options);
    const begin = (messageId: number, bytes: number) =>
      store.incomingStorePacket({ id: "a" }, { messageId, payload: Buffer.alloc(bytes) });
    await begin(1, 60);
    await expect(begin(2, 60)).rejects.toThrow("PUBREL");
    await begin(3, 40);
    await store.incomingDelPacket({ id: "a" }, { messageId: 1 });
    await expect(store.incomingDelPacket({ id: "a" }, { messageId: 1 })).rejects.toThrow("no such packet");
    await begin(4, 60);
    await store.cleanIncoming({ id: "a" });
    await begin(5, 100);
  });

  it("leaves the queue alone when a held-back double without an identifier is cleared", async () => {
    const store = boundedPersistence(options);
    await store.outgoingEnqueueCombi([subscriber("a")], { topic: "1" });
    expect(
      await store.outgoingClearMessageId({ id: "a", clean: false }, { messageId: undefined }),
    ).toBeUndefined();
    expect(await topicsQueued(store, "a")).toEqual(["1"]);
  });

  it("forgets what an earlier session had queued when a clean one begins", async () => {
    const store = boundedPersistence(options);
    await store.outgoingEnqueueCombi([subscriber("a")], { topic: "1" });
    await store.cleanSubscriptions({ id: "a" });
    expect(await topicsQueued(store, "a")).toEqual([]);
  });

  it("forgets the session that has been away longest beyond the limit", async () => {
    const store = boundedPersistence(options);
    for (const id of ["a", "b", "c"]) await store.outgoingEnqueueCombi([subscriber(id)], { topic: "1" });
    store.sessionAway("a");
    store.sessionAway("b");
    store.sessionBack("a");
    store.sessionAway("a");
    store.sessionAway("c");
    await Promise.resolve();
    await expect.poll(() => topicsQueued(store, "b")).toEqual([]);
    expect(await topicsQueued(store, "a")).toEqual(["1"]);
  });

  it("bounds retained topics by client and in all, and frees a place when one is deleted", () => {
    const store = boundedPersistence(options);
    expect(["1", "2", "3"].map((topic) => store.admitRetained("a", topic, 5))).toEqual([true, true, false]);
    expect(store.admitRetained("b", "3", 5)).toBe(true);
    expect(store.admitRetained("b", "4", 5), "three in all").toBe(false);
    expect(store.admitRetained("b", "1", 5), "a topic that exists may be written by anyone").toBe(true);
    expect(store.admitRetained("b", "1", 0)).toBe(true);
    expect(store.admitRetained("b", "4", 5)).toBe(true);
  });

  it("bounds the bytes of retained messages, and keeps no older one of a topic whose new one is too large", async () => {
    const store = boundedPersistence(options);
    const retain = async (topic: string, bytes: number): Promise<boolean> => {
      const admitted = store.admitRetained("a", topic, bytes);
      if (admitted) await store.storeRetained({ topic, payload: Buffer.alloc(bytes) });
      return admitted;
    };
    const kept = async () => (await store.createRetainedStream("#").toArray()).map(({ topic }) => topic);
    expect([await retain("1", 60), await retain("2", 41), await retain("2", 40)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([await retain("1", 60), await retain("1", 61)]).toEqual([true, false]);
    expect(await kept()).toEqual(["2"]);
    expect(await retain("1", 60)).toBe(true);
  });
});
