import { describe, expect, test } from "vitest";
import { matchesFilter } from "./mqtt.ts";
import { connectInMemory } from "./testing/memory-game.ts";

// From MQTT 3.1.1, section 4.7.
test.each([
  ["sport/tennis/player1/#", "sport/tennis/player1", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
  ["sport/tennis/+", "sport/tennis/player1", true],
  ["sport/tennis/+", "sport/tennis/player1/ranking", false],
  ["sport/+", "sport", false],
  ["sport/+", "sport/", true],
  ["+/+", "/finance", true],
  ["/+", "/finance", true],
  ["+", "/finance", false],
  ["#", "$SYS/x", false],
  ["+/monitor", "$SYS/monitor", false],
  ["$SYS/#", "$SYS/x", true],
  ["a/b", "a/b/c", false],
])("filter %s and topic %s: %s", (filter, topic, matches) => {
  expect(matchesFilter(filter, topic)).toBe(matches);
});

describe("ordinary topics", () => {
  test.each(["", "s", "i", "f", "p", "q", "score", "info/1", "friends"])(
    "%j is refused here already [topic-3]",
    async (topic) => {
      const { game, server } = await connectInMemory();
      await expect(game.mqtt.publish(topic, "x")).rejects.toMatchObject({
        code: "invalidArgument",
        path: "topic",
      });
      await expect(game.mqtt.subscribe(topic, () => {})).rejects.toMatchObject({ path: "filter" });
      expect(server.latest.published).toEqual([]);
    },
  );

  test("a message at QoS 1 is fulfilled by its acknowledgement, one at QoS 0 at once", async () => {
    const { game, server } = await connectInMemory();
    await game.mqtt.publish("room/1", "hi");
    await game.mqtt.publish("room/1", Uint8Array.of(1), { qos: 0, retain: true });
    expect(server.latest.published).toMatchObject([
      { topic: "room/1", qos: 1, retain: false },
      { topic: "room/1", qos: 0, retain: true },
    ]);
  });

  test("without a connection they are refused, and a filter that the server refuses says so", async () => {
    const { game, server } = await connectInMemory({ refusedTopics: ["admin/#"] });
    await expect(game.mqtt.subscribe("admin/#", () => {})).rejects.toMatchObject({
      code: "unauthorized",
      fromPeer: true,
    });
    server.latest.drop();
    await expect(game.mqtt.publish("room/1", "hi")).rejects.toMatchObject({ code: "notConnected" });
  });
});
