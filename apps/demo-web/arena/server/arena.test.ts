import { createTestServer, type TestServer, type TestUser } from "@mqplay/server/testing";
import { describe, expect, it } from "vitest";
import { Arena, type Player, type Point } from "../contracts/arena.ts";
import { FIELD, RADIUS, SPEED } from "../rules.ts";
import { createArena } from "./arena.ts";
import { KEEP_SEAT_MS, MAX_PLAYERS, POINTS } from "./room.ts";

const startServer = (): Promise<TestServer> => createTestServer({ modules: [createArena()] });

/** In this time, in ms, everybody has come to a wall, or to two when it heads for a corner. */
const CROSSING_MS = (1_000 * Math.SQRT2 * Math.max(FIELD.width, FIELD.height)) / SPEED;

const enter = (user: TestUser, name: string, room = "lobby") => user.module(Arena).join({ room, name });

/** The names of the pushes that somebody has got, without those of the built-in modules. */
const told = (user: TestUser): string[] =>
  user.pushes.filter(({ name }) => name.startsWith("Arena.")).map(({ name }) => name.slice("Arena.".length));

/** Where a player is, as somebody who comes in anew is told. */
async function look(user: TestUser, seat: number): Promise<Player> {
  const { players } = await enter(user, "Looker");
  const player = players.find((each) => each.seat === seat);
  if (player === undefined) throw new Error(`nobody has seat ${String(seat)}`);
  return player;
}

/** Walks to a point by two straight ways. */
async function walkTo(server: TestServer, user: TestUser, from: Player, to: Point): Promise<void> {
  const { move } = user.module(Arena);
  await move({ dx: Math.sign(to.x - from.x), dy: 0 });
  await server.clock.advance((1_000 * Math.abs(to.x - from.x)) / SPEED);
  await move({ dx: 0, dy: Math.sign(to.y - from.y) });
  await server.clock.advance((1_000 * Math.abs(to.y - from.y)) / SPEED + 100);
  await move({ dx: 0, dy: 0 });
}

describe("a room", () => {
  it("shows who comes what there is, and tells the others", async () => {
    await using server = await startServer();
    const [ann, bob] = [await server.user(), await server.user()];
    await enter(ann, "Ann");
    const { seat, players, points } = await enter(bob, "Bob");
    expect(seat).toBe(2);
    expect(players.map(({ name, score, away }) => ({ name, score, away }))).toEqual([
      { name: "Ann", score: 0, away: false },
      { name: "Bob", score: 0, away: false },
    ]);
    expect(points).toHaveLength(POINTS);
    const { player } = await ann.waitForPush(Arena.pushes.joined, {
      where: (push) => push.player.seat === 2,
    });
    expect(player).toEqual(players[1]);
  });

  it("keeps rooms apart, and a player in one at a time", async () => {
    await using server = await startServer();
    const [ann, bob] = [await server.user(), await server.user()];
    await enter(ann, "Ann");
    expect((await enter(bob, "Bob", "cellar")).players).toHaveLength(1);
    await enter(bob, "Bob");
    await enter(bob, "Bob", "cellar");
    await ann.waitForPush(Arena.pushes.left, { where: ({ seat }) => seat === 2 });
    await bob.module(Arena).move({ dx: 1, dy: 0 });
    expect(told(ann)).toEqual(["joined", "left"]);
    expect((await enter(ann, "Ann", "cellar")).players).toHaveLength(2);
  });

  it("is full when every seat is taken, but not for who has one", async () => {
    await using server = await startServer();
    const users = [];
    for (let seat = 1; seat <= MAX_PLAYERS; seat += 1) {
      const user = await server.user();
      expect((await enter(user, `Player ${String(seat)}`)).seat).toBe(seat);
      users.push(user);
    }
    const late = await server.user();
    await expect(enter(late, "Late")).rejects.toMatchObject({ errorName: "roomFull" });
    expect((await enter(users[2] ?? late, "Again")).seat).toBe(3);
    await users[4]?.module(Arena).leave();
    expect((await enter(late, "Late")).seat).toBe(5);
    expect(told(late), "while refused, nothing was told").toEqual([]);
  });

  it("is one of a bounded number", async () => {
    await using server = await startServer();
    for (let room = 0; room < 100; room += 1) await enter(await server.user(), "One", `room-${String(room)}`);
    const user = await server.user();
    await expect(enter(user, "One", "room-100")).rejects.toMatchObject({ errorName: "tooManyRooms" });
    await enter(user, "One", "room-99");
  });
});

describe("walking", () => {
  it("is as fast as the rules say, diagonals included, and ends at walls", async () => {
    await using server = await startServer();
    const [ann, looker] = [await server.user(), await server.user()];
    await enter(ann, "Ann");
    const { move } = ann.module(Arena);
    await move({ dx: -1, dy: -1 });
    await server.clock.advance(CROSSING_MS);
    expect(await look(looker, 1)).toMatchObject({ x: RADIUS, y: RADIUS });
    await move({ dx: 1, dy: 1 });
    await server.clock.advance(1_000);
    await move({ dx: 0, dy: 0 });
    await server.clock.advance(1_000);
    const { x, y, dx, dy } = await look(looker, 1);
    expect(Math.hypot(x - RADIUS, y - RADIUS)).toBeCloseTo(SPEED, 6);
    expect({ dx, dy }).toEqual({ dx: 0, dy: 0 });
  });

  it("is told once for every turn, to everybody, with the place where it begins", async () => {
    await using server = await startServer();
    const [ann, bob] = [await server.user({ encoding: "protobuf" }), await server.user()];
    const { players } = await enter(ann, "Ann");
    await enter(bob, "Bob");
    await ann.module(Arena).move({ dx: 0, dy: -0.5 });
    await server.clock.advance(CROSSING_MS);
    const { x, y } = players[0] ?? { x: 0, y: 0 };
    for (const user of [ann, bob])
      expect(await user.waitForPush(Arena.pushes.moved)).toEqual({ seat: 1, x, y, dx: 0, dy: -0.5 });
    expect(told(bob).filter((name) => name === "moved")).toHaveLength(1);
  });

  it("cannot be sped up: a direction is no longer than 1, and no number is too odd", async () => {
    await using server = await startServer();
    const ann = await server.user();
    await enter(ann, "Ann");
    for (const params of [
      { dx: 1.01, dy: 0 },
      { dx: 0, dy: -1e300 },
    ]) {
      await expect(ann.call("Arena", "Move", params)).rejects.toMatchObject({ code: "paramNotAllow" });
    }
    for (const dx of ["NaN", "Infinity", "fast"]) {
      await expect(ann.call("Arena", "Move", { dx })).rejects.toMatchObject({
        code: expect.stringMatching(/^param/),
      });
    }
    expect(told(ann)).toEqual([]);
  });

  it("is slowed down for who turns faster than fingers do, with the time to wait", async () => {
    await using server = await startServer();
    const ann = await server.user();
    await enter(ann, "Ann");
    const turns = Array.from({ length: 40 }, (_, index) => ann.module(Arena).move({ dx: index % 2, dy: 0 }));
    const refused = (await Promise.allSettled(turns)).filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(11); // a burst of 30, and joining was one of them
    expect(refused[0]).toMatchObject({ reason: { code: "tooManyRequests", retryAfterMs: 34 } });
    await server.clock.advance(34);
    await ann.module(Arena).move({ dx: 0, dy: 0 });
  });

  it("is not told to who joined too fast and got no seat", async () => {
    await using server = await startServer();
    const [ann, bob] = [await server.user(), await server.user()];
    await enter(ann, "Ann");
    for (let turn = 0; turn < 30; turn += 1) await enter(bob, "Bob", turn % 2 === 0 ? "cellar" : "attic");
    await expect(enter(bob, "Bob")).rejects.toMatchObject({ code: "tooManyRequests" });
    await ann.module(Arena).move({ dx: 1, dy: 0 });
    expect(told(bob)).not.toContain("moved");
  });

  it("takes a seat", async () => {
    await using server = await startServer();
    const [ann, guest] = [await server.user(), await server.guest()];
    await expect(ann.module(Arena).move({ dx: 1, dy: 0 })).rejects.toMatchObject({ errorName: "notInRoom" });
    await expect(guest.module(Arena).join({ room: "lobby", name: "Ann" })).rejects.toMatchObject({
      code: "needLogin",
    });
  });
});

describe("points", () => {
  it("are picked up by who comes near, and appear anew elsewhere", async () => {
    await using server = await startServer();
    const [ann, bob] = [await server.user(), await server.user()];
    const { players, points } = await enter(ann, "Ann");
    await enter(bob, "Bob");
    const [player, point] = [players[0], points[0]];
    if (player === undefined || point === undefined) throw new Error("nobody or nothing is there");
    await walkTo(server, ann, player, point);

    const { seat, score, appeared } = await bob.waitForPush(Arena.pushes.scored, {
      where: ({ picked }) => picked === point.id,
    });
    expect(seat).toBe(1);
    expect(score).toBeGreaterThanOrEqual(1);
    expect(appeared.id).toBeGreaterThan(POINTS);
    const now = await enter(bob, "Bob");
    expect(now.points).toHaveLength(POINTS);
    expect(now.points).not.toContainEqual(point);
    expect(now.players[0]?.score).toBe(told(bob).filter((name) => name === "scored").length);
  });

  it("are looked for only while somebody walks", async () => {
    await using server = await startServer();
    const ann = await server.user();
    await enter(ann, "Ann");
    const idle = server.clock.timers;
    await ann.module(Arena).move({ dx: 1, dy: 0 });
    expect(server.clock.timers).toBe(idle + 1);
    await ann.module(Arena).move({ dx: 0, dy: 0 });
    await server.clock.advance(100);
    expect(server.clock.timers).toBe(idle);
  });
});

describe("leaving", () => {
  it("is told to the others, and frees the seat", async () => {
    await using server = await startServer();
    const [ann, bob] = [await server.user(), await server.user()];
    await enter(ann, "Ann");
    await enter(bob, "Bob");
    await ann.module(Arena).leave();
    expect(await bob.waitForPush(Arena.pushes.left)).toEqual({ seat: 1 });
    await bob.module(Arena).move({ dx: 1, dy: 0 });
    expect(told(ann), "who has left hears no more").not.toContain("moved");
    await ann.module(Arena).leave();
  });

  it("is not what a cut is: the seat is kept, and who comes back has it with place and score", async () => {
    await using server = await startServer();
    const [ann, bob] = [await server.user(), await server.user()];
    await enter(ann, "Ann");
    await enter(bob, "Bob");
    await ann.module(Arena).move({ dx: 1, dy: 0 });
    await ann.drop();
    expect(await bob.waitForPush(Arena.pushes.away)).toEqual({ seat: 1 });
    const away = await look(bob, 1);
    expect(away).toMatchObject({ away: true, dx: 0, dy: 0 });

    await server.clock.advance(KEEP_SEAT_MS - 1);
    await ann.reconnect();
    expect((await enter(ann, "Ann")).seat).toBe(1);
    await server.clock.advance(KEEP_SEAT_MS);
    expect(await look(bob, 1)).toEqual({ ...away, away: false });
    expect(told(bob)).not.toContain("left");
  });

  it("happens to who does not come back in time, and to who logs out", async () => {
    await using server = await startServer();
    const [ann, bob, eve] = [await server.user(), await server.user(), await server.user()];
    for (const [user, name] of [
      [ann, "Ann"],
      [bob, "Bob"],
      [eve, "Eve"],
    ] as const)
      await enter(user, name);
    await ann.drop();
    await eve.call("User", "Logout");
    await server.clock.advance(KEEP_SEAT_MS);
    expect((await enter(bob, "Bob")).players.map(({ name }) => name)).toEqual(["Bob"]);
  });

  it("leaves nothing behind when the last one has gone", async () => {
    await using server = await startServer();
    const timers = server.clock.timers;
    const ann = await server.user();
    await enter(ann, "Ann", "cellar");
    await ann.module(Arena).move({ dx: 1, dy: 0 });
    await ann.drop();
    await server.clock.advance(KEEP_SEAT_MS);
    expect(server.clock.timers).toBe(timers);
  });
});

describe("a name", () => {
  it.each(["Zoë", "李雷", "R2 D2", "O'Neil-Smith jr.", "हिन्दी"])("may be %s", async (name) => {
    await using server = await startServer();
    expect((await enter(await server.user(), name)).players[0]?.name).toBe(name);
  });

  it.each(["", " ", "<b>", "a\u202Eb", "a\nb", "x".repeat(21)])("may not be %j", async (name) => {
    await using server = await startServer();
    await expect(enter(await server.user(), name)).rejects.toMatchObject({
      code: "paramNotAllow",
      path: "name",
    });
  });
});
