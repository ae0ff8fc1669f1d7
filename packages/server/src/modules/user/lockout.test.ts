import { describe, expect, it } from "vitest";
import { openRoom, type TestRoom } from "./testing/user-room.ts";

const anna = { username: "anna", password: "secret1" };

async function guess(room: TestRoom, times: number, remoteAddress = "192.0.2.1"): Promise<number[]> {
  const states: number[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const { state } = await room.call("a", "Login", { ...anna, password: "wrong" }, { remoteAddress });
    states.push(state);
  }
  return states;
}

describe("guessing a password", () => {
  it("is answered TooManyRequests with how long to wait, and the right owner gets in after that", async () => {
    const room = await openRoom();
    room.connect("a");
    await room.register("a", "anna");
    expect(await guess(room, 7)).toEqual([1, 1, 1, 1, 1, 1, 0xed]);
    const refused = await room.call("a", "Login", anna);
    expect(refused).toEqual({
      state: 0xed,
      msg: "Too Many Requests",
      data: { retryAfterMs: 1_000 },
      retryAfterMs: 1_000,
    });
    room.clock.advance(1_000);
    expect(await room.call("a", "Login", anna)).toMatchObject({ state: 0 });
    expect(await guess(room, 1)).toEqual([1]);
  });

  it("is as slow for a name that there is not", async () => {
    const room = await openRoom();
    room.connect("a");
    expect(await guess(room, 7)).toEqual([1, 1, 1, 1, 1, 1, 0xed]);
  });

  it("is no faster when many guesses come at once", async () => {
    const room = await openRoom();
    room.connect("a");
    await room.register("a", "anna");
    const all = await Promise.all(Array.from({ length: 20 }, async () => (await guess(room, 1))[0]));
    expect(all.filter((state) => state === 1)).toHaveLength(6);
    expect(all.filter((state) => state === 0xed)).toHaveLength(14);
  });

  it("on many accounts from one address is slowed down, too, and only there", async () => {
    const room = await openRoom();
    room.connect("a");
    const tryOne = async (index: number, remoteAddress: string) =>
      (await room.call("a", "Login", { username: `user ${index}`, password: "wrong" }, { remoteAddress }))
        .state;
    const states: number[] = [];
    for (let index = 0; index < 22; index += 1) states.push(await tryOne(index, "192.0.2.1"));
    expect(states).toEqual([...Array.from({ length: 21 }, () => 1), 0xed]);
    expect(await tryOne(99, "192.0.2.2")).toBe(1);
  });

  it("does not count what came to nothing through no fault of the caller's", async () => {
    const room = await openRoom();
    room.connect("a");
    await room.register("a", "anna");
    room.accounts.before = () => Promise.reject(new Error("database away"));
    for (let turn = 0; turn < 10; turn += 1) {
      expect(await room.call("a", "Login", anna)).toMatchObject({ state: 0xff });
    }
    room.accounts.before = async () => {};
    expect(await room.call("a", "Login", anna)).toMatchObject({ state: 0 });
  });
});

describe("password hashes", () => {
  it("run few at once behind a bounded line; beyond it, TooManyRequests with a wait", async () => {
    const room = await openRoom({
      options: { maxRunningHashes: 1, maxWaitingHashes: 2 },
      deps: { attempts: undefined },
    });
    room.connect("a");
    const logins = Array.from({ length: 6 }, async () => await room.call("a", "Login", anna));
    const replies = await Promise.all(logins);
    expect(replies.filter(({ state }) => state === 1)).toHaveLength(3);
    const refused = replies.filter(({ state }) => state === 0xed);
    expect(refused).toHaveLength(3);
    expect(refused[0]?.retryAfterMs).toBe(1_000);
  });
});
