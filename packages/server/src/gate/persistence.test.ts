import { describe, expect, it } from "vitest";
import { boundedPersistence } from "./persistence.ts";

const options = { maxOfflineMessages: 3, maxOfflineSessions: 2, maxRetained: 3, maxRetainedPerClient: 2 };
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
});
