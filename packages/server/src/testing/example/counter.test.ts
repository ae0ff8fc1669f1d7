/**
 * How a module is tested: the example of the README. Everything is real but the sockets, the files and the time.
 */
import { createTestServer } from "@mqplay/server/testing";
import { describe, expect, it } from "vitest";
import { createCounterModule } from "./counter-module.ts";
import { Counter } from "./generated/counter.ts";

describe("the counter", () => {
  it("tells who watches of every change, and by whom", async () => {
    await using server = await createTestServer({ modules: [createCounterModule()] });
    const alice = await server.user({ username: "alice" });
    const bob = await server.user({ username: "bob", encoding: "protobuf" });

    await alice.module(Counter).watch({ name: "goals" });
    expect(await bob.module(Counter).add({ name: "goals", by: 2 })).toEqual({ name: "goals", value: 2 });

    const changed = await alice.waitForPush(Counter.pushes.changed, { where: ({ value }) => value === 2 });
    expect(changed).toEqual({ name: "goals", value: 2, changed_by: bob.userId });
    expect(bob.pushes).toEqual([]);
  });

  it("refuses what would be too much, with the error of its contract", async () => {
    await using server = await createTestServer({ modules: [createCounterModule()] });
    const alice = await server.user();
    await alice.module(Counter).add({ name: "goals", by: 100 });
    await expect(alice.module(Counter).add({ name: "goals", by: 1 })).rejects.toMatchObject({
      code: "functionError",
      errorName: "full",
      detail: "The counter is full",
    });
  });

  it("serves nobody who is not logged in", async () => {
    await using server = await createTestServer({ modules: [createCounterModule()] });
    const guest = await server.guest();
    await expect(guest.module(Counter).watch({ name: "goals" })).rejects.toMatchObject({ code: "needLogin" });
  });

  it("gives up waiting for a value after its time limit", async () => {
    await using server = await createTestServer({ modules: [createCounterModule()] });
    const alice = await server.user();
    const reached = alice.module(Counter).await({ name: "goals", value: 5 });
    const late = expect(reached).rejects.toMatchObject({ code: "requestTimeout" });
    await server.clock.advance(30_000);
    await late;
    expect(server.metrics.runtime.timeouts).toBe(1);
  });

  it("forgets who watched when the connection ends", async () => {
    await using server = await createTestServer({ modules: [createCounterModule()] });
    const alice = await server.user();
    await alice.module(Counter).watch({ name: "goals" });
    await alice.drop();
    await alice.reconnect();
    expect(alice.loggedIn).toBe(true);
    await alice.module(Counter).add({ name: "goals", by: 1 });
    expect(alice.pushes).toEqual([]);
  });
});
