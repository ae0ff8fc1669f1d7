import { utf8Decode, utf8Encode } from "@mqplay/shared";
import { describe, expect, test } from "vitest";
import { connect } from "./client.ts";
import { isMqplayError } from "./errors.ts";
import type { GameState } from "./link/state.ts";
import { ManualClock, settle } from "./testing/manual-clock.ts";
import { connectInMemory } from "./testing/memory-game.ts";
import { MemoryServer, type MemoryServerOptions } from "./testing/memory-server.ts";
import { createTestPlatform } from "./testing/test-platform.ts";

const kick = { module: 0, type: 0, content: utf8Encode("Other client Login") };
const tokens = { token: "t".repeat(43), refreshToken: "r", expireAt: 60 };
const loginAnswers: MemoryServerOptions = {
  handler: () => ({ state: 0, msg: "", result: JSON.stringify(tokens) }),
};
const account = { username: "someone", password: "secret" };

async function failing(options: MemoryServerOptions) {
  const server = new MemoryServer(options);
  const clock = new ManualClock();
  const platform = createTestPlatform(clock, server.openLink);
  const failure = connect("ws://in-memory/ws", { platform }).then(
    () => undefined,
    (error: unknown) => error,
  );
  await clock.advance(10_000);
  return { error: await failure, clock, server };
}

describe("connect()", () => {
  test("makes a client id of 32 characters of [0-9A-Za-z], another one each time", async () => {
    const first = await connectInMemory();
    const second = await connectInMemory();
    expect(first.game.clientId).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(first.server.latest.clientId).toBe(first.game.clientId);
    expect(second.game.clientId).toMatch(/^[0-9A-Za-z]{32}$/);
  });

  test.each([
    ["sends no server string", { sendsServerString: false }, /sent no server string there within 10000 ms/],
    [
      "refuses topic s",
      { refusedTopics: ["s"] },
      /refused topic "s": it is an MQTT server, but not an mqplay server/,
    ],
    ["refuses p", { refusedTopics: ["p"] }, /refused topics p after the handshake/],
  ])("fails with handshakeFailed when the server %s", async (_name, options, message) => {
    const { error, clock } = await failing(options);
    expect(error).toMatchObject({ code: "handshakeFailed", message: expect.stringMatching(message) });
    expect(clock.running).toBe(0);
  });

  test("fails when the server refuses, and does not try again by itself", async () => {
    const { error, server } = await failing({ connack: () => 5 });
    expect(error).toMatchObject({ code: "connectFailed", state: 5 });
    expect(server.connections).toHaveLength(1);
  });

  test.each([
    [{ timeoutMs: 0 }, "timeoutMs"],
    [{ keepAliveS: 1.5 }, "keepAliveS"],
    [{ clientId: "short" }, "clientId"],
    [{ token: "short" }, "token"],
    [{ reconnect: { maxDelayMs: -1 } }, "reconnect.maxDelayMs"],
  ])("refuses the options %j before anything is tried", async (options, path) => {
    await expect(connectInMemory({}, options)).rejects.toMatchObject({ code: "invalidArgument", path });
  });

  test("does not wait for ever for a token or for random bytes", async () => {
    const server = new MemoryServer();
    const clock = new ManualClock();
    const platform = createTestPlatform(clock, server.openLink);
    const failure = connect("ws://in-memory/ws", { platform, token: () => new Promise(() => {}) }).catch(
      (error: unknown) => error,
    );
    await clock.advance(10_000);
    expect(await failure).toMatchObject({
      code: "connectFailed",
      detail: expect.stringContaining("within 10000 ms"),
    });
    expect(clock.running).toBe(0);
  });

  test("goes on when the trace throws, and the error surfaces in the host", async () => {
    const fault = new Error("the tool's fault");
    const trace = (): never => {
      throw fault;
    };
    const { game, platform } = await connectInMemory({}, { trace });
    expect(game.state.name).toBe("ready");
    expect(platform.thrown).toContain(fault);
  });

  test("with secret: false sends and reads payloads plain [handshake-7]", async () => {
    const { game, server } = await connectInMemory({ secret: false, ...loginAnswers }, { secret: false });
    await game.user.login(account);
    expect(server.latest.calls).toHaveLength(1);
  });
});

describe("after a cut", () => {
  test("the connection is made anew with a new key, and the states tell of it", async () => {
    const { game, server, clock } = await connectInMemory(loginAnswers);
    const states: GameState[] = [];
    game.on("state", (state) => states.push(state));
    server.latest.drop("the cable was pulled");
    expect(states.at(-1)).toMatchObject({ name: "reconnecting", attempt: 1, delayMs: 250 });
    await clock.advance(250);
    expect(game.state.name).toBe("ready");
    expect(server.connections).toHaveLength(2);
    expect(server.connections[0]?.clientId).not.toBe(server.connections[1]?.clientId);
    await game.user.login(account);
  });

  test("a call that was under way ends as lost and says that it may have run", async () => {
    const { game, server } = await connectInMemory({ handler: () => undefined });
    const call = expect(game.user.login(account)).rejects.toMatchObject({
      code: "connectionLost",
      mayHaveRun: true,
      detail: expect.stringContaining("the cable was pulled"),
    });
    server.latest.drop("the cable was pulled");
    await call;
  });

  test("calls made meanwhile wait, go out in order, and keep their own time limits", async () => {
    const { game, server, clock } = await connectInMemory(loginAnswers);
    server.latest.drop();
    const impatient = expect(game.user.login(account, { timeoutMs: 100 })).rejects.toMatchObject({
      code: "callTimeout",
      mayHaveRun: false,
      detail: "User.Login got no answer within 100 ms; it was not sent, for there was no connection",
    });
    const first = game.user.login(account);
    const second = game.user.logout();
    await clock.advance(250);
    await impatient;
    await Promise.all([first, second]);
    expect(server.latest.calls.map(({ func }) => func)).toEqual(["Login", "Logout"]);
  });

  test("the next connection is made with the token of the newest login [connect-5]", async () => {
    const { game, server, clock } = await connectInMemory(loginAnswers);
    await game.user.login(account);
    server.latest.drop();
    await clock.advance(250);
    expect(server.latest.clientId).toBe(tokens.token);
    await game.user.logout();
    server.latest.drop();
    await clock.advance(250);
    expect(server.latest.clientId).not.toBe(tokens.token);
  });

  test("a token source is asked before every connection, with the token known so far", async () => {
    const asked: (string | undefined)[] = [];
    const token = async (current: string | undefined) => {
      asked.push(current);
      return `${asked.length}`.repeat(43);
    };
    const { game, server, clock } = await connectInMemory(loginAnswers, { token });
    expect(server.latest.clientId).toBe("1".repeat(43));
    await game.user.login(account);
    server.latest.drop();
    await clock.advance(250);
    expect(server.latest.clientId).toBe("2".repeat(43));
    expect(asked).toEqual([undefined, tokens.token]);
  });

  test("tries go on with growing delays until the server is back", async () => {
    const { game, server, clock } = await connectInMemory({
      connack: (attempt) => (attempt > 1 && attempt < 6 ? 3 : 0),
    });
    const delays: number[] = [];
    game.on("state", (state) => {
      if (state.name === "reconnecting") delays.push(state.delayMs);
    });
    server.latest.drop();
    await clock.advance(20_000);
    expect(delays).toEqual([250, 500, 1_000, 2_000, 2_500]);
    expect(game.state.name).toBe("ready");
  });

  test("trying ends after its time: the game is closed as lost and waiting calls end", async () => {
    const { game, server, clock } = await connectInMemory(
      { connack: (attempt) => (attempt > 1 ? 3 : 0) },
      { reconnect: { giveUpAfterMs: 5_000 } },
    );
    server.latest.drop();
    const waiting = expect(game.user.getSelfInfo({ timeoutMs: 60_000 })).rejects.toMatchObject({
      code: "connectionLost",
      mayHaveRun: false,
    });
    await clock.advance(20_000);
    await waiting;
    expect(game.state).toMatchObject({ name: "closed", reason: "lost" });
    expect(clock.running).toBe(0);
  });

  test("with reconnect: false the game is closed as lost", async () => {
    const { game, server } = await connectInMemory({}, { reconnect: false });
    const closed: unknown[] = [];
    game.on("closed", (value) => closed.push(value));
    server.latest.drop("the cable was pulled");
    expect(closed).toMatchObject([{ reason: "lost", error: { code: "connectionLost" } }]);
    await expect(game.user.getSelfInfo()).rejects.toThrow(/the cable was pulled/);
  });

  test("a wake of the host ends the delay at once", async () => {
    const server = new MemoryServer();
    const clock = new ManualClock();
    let wake: () => void = () => {};
    const platform = {
      ...createTestPlatform(clock, server.openLink),
      watchWake: (onWake: () => void) => {
        wake = onWake;
        return () => (wake = () => {});
      },
    };
    const game = await connect("ws://in-memory/ws", { platform });
    wake();
    server.latest.drop();
    wake();
    wake();
    await settle();
    expect(game.state.name).toBe("ready");
    expect(server.connections).toHaveLength(2);
    await game.close();
    expect(clock.running).toBe(0);
  });

  test("ordinary subscriptions are restored", async () => {
    const { game, server, clock } = await connectInMemory();
    const heard: string[] = [];
    const stop = await game.mqtt.subscribe("room/#", ({ payload }) => heard.push(utf8Decode(payload)));
    server.latest.drop();
    await clock.advance(250);
    expect(server.latest.subscribed.at(-1)).toEqual(["room/#"]);
    server.latest.sendOrdinary("room/1", utf8Encode("hi"));
    server.latest.sendOrdinary("hall", utf8Encode("not subscribed"));
    expect(heard).toEqual(["hi"]);
    stop();
    server.latest.sendOrdinary("room/1", utf8Encode("after"));
    expect(heard).toEqual(["hi"]);
  });
});

describe("epochs", () => {
  test("what comes late from an old connection harms nobody", async () => {
    const { game, server, clock } = await connectInMemory({ handler: () => undefined });
    const [old] = server.connections;
    old?.drop();
    await clock.advance(250);
    const call = game.user.login(account);
    const [sent] = server.latest.calls;
    const packetId = server.latest.packetIds[0] ?? 0;
    if (sent !== undefined) old?.answer(packetId, sent, { state: 1, msg: "from the grave", result: "null" });
    old?.push(kick);
    old?.drop("once more");
    expect(game.state.name).toBe("ready");
    if (sent !== undefined)
      server.latest.answer(packetId, sent, { state: 0, msg: "", result: JSON.stringify(tokens) });
    expect(await call).toEqual(tokens);
  });

  test("a connection that ends within its handshake is followed by the next try", async () => {
    const { game, server, clock } = await connectInMemory();
    server.latest.drop();
    await clock.advance(250);
    server.latest.drop("again");
    expect(game.state).toMatchObject({ name: "reconnecting", attempt: 1 });
    await clock.advance(500);
    expect(game.state.name).toBe("ready");
    expect(server.connections).toHaveLength(3);
  });
});

describe("the end", () => {
  test("after a login elsewhere the game is closed as kicked and does not come back [push-3]", async () => {
    const { game, server, clock } = await connectInMemory();
    const kicks: string[] = [];
    game.on("kicked", ({ message }) => kicks.push(message));
    server.latest.push(kick);
    expect(kicks).toEqual(["Other client Login"]);
    expect(game.state.name).toBe("ready");
    server.latest.drop();
    expect(game.state).toMatchObject({ name: "closed", reason: "kicked" });
    await clock.advance(600_000);
    expect(server.connections).toHaveLength(1);
  });

  test("a cut long after such a notice is a cut like any other, for the Go server goes on", async () => {
    const { game, server, clock } = await connectInMemory();
    server.latest.push(kick);
    await clock.advance(5_001);
    server.latest.drop();
    expect(game.state.name).toBe("reconnecting");
  });

  test("close() ends everything once: connection, timers, waiting calls", async () => {
    const { game, server, clock } = await connectInMemory({ handler: () => undefined });
    const closed: unknown[] = [];
    game.on("closed", (value) => closed.push(value));
    const call = expect(game.user.login(account)).rejects.toMatchObject({
      code: "connectionLost",
      mayHaveRun: true,
    });
    await game.close();
    await game.close();
    await call;
    expect(closed).toEqual([{ reason: "closed", error: undefined }]);
    expect(server.latest.isOpen).toBe(false);
    expect(clock.running).toBe(0);
  });

  test("close() while reconnecting ends the tries", async () => {
    const { game, server, clock } = await connectInMemory();
    server.latest.drop();
    await game.close();
    await clock.advance(60_000);
    expect(server.connections).toHaveLength(1);
    expect(game.state).toMatchObject({ name: "closed", reason: "closed" });
  });

  test("close() in the middle of a try ends that try", async () => {
    const { game, server, clock } = await connectInMemory({
      connack: (attempt) => (attempt === 1 ? 0 : "silence"),
    });
    server.latest.drop();
    await clock.advance(250);
    await game.close();
    await clock.advance(60_000);
    expect(server.connections).toHaveLength(2);
    expect(clock.running).toBe(0);
  });

  test("a signal gives the first connection up", async () => {
    const server = new MemoryServer({ connack: () => "silence" });
    const platform = createTestPlatform(new ManualClock(), server.openLink);
    const controller = new AbortController();
    const failure = connect("ws://in-memory/ws", { platform, signal: controller.signal }).catch(
      (error: unknown) => error,
    );
    await settle();
    controller.abort();
    const error = await failure;
    expect(isMqplayError(error) && error.code).toBe("callAborted");
  });
});
