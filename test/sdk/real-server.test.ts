/**
 * The SDK against the real server: over TCP and WebSocket, by JSON and protobuf, with both links.
 */
import { describe, expect, test } from "vitest";
import { connect, type ConnectOptions, type Game, type TraceEvent } from "@mqplay/client-sdk";
import { lightLink } from "@mqplay/client-sdk/light";
import { startServer, type TestServer } from "../support/server.ts";

interface Way {
  readonly name: string;
  readonly url: (server: TestServer) => string;
  readonly options: ConnectOptions;
}

const ways: readonly Way[] = [
  { name: "TCP, JSON", url: (server) => server.mqttUrl, options: { encoding: "json" } },
  { name: "TCP, protobuf", url: (server) => server.mqttUrl, options: { encoding: "protobuf" } },
  { name: "WebSocket, JSON", url: (server) => server.wsUrl, options: { encoding: "json" } },
  { name: "WebSocket, protobuf", url: (server) => server.wsUrl, options: { encoding: "protobuf" } },
  { name: "WebSocket by the light link, JSON", url: (server) => server.wsUrl, options: { link: lightLink } },
  {
    name: "WebSocket by the light link, protobuf",
    url: (server) => server.wsUrl,
    options: { link: lightLink, encoding: "protobuf" },
  },
];

const account = { username: "player-one", password: "correct horse" };

function next<E extends "kicked" | "closed">(game: Game, event: E) {
  return new Promise<Parameters<Parameters<typeof game.on<E>>[1]>[0]>((resolve) => game.on(event, resolve));
}

describe.each(ways)("$name", ({ url, options }) => {
  test("a player registers, is logged in, logs out and logs in again", async () => {
    await using server = await startServer();
    await using game = await connect(url(server), options);
    await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "needLogin", state: 0xf9 });

    const { result: userId } = await game.user.register(account);
    expect(userId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(await game.user.getSelfInfo()).toEqual({
      userData: { UserName: account.username, UserID: userId },
    });

    expect(await game.user.logout()).toBeUndefined();
    await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "needLogin" });

    const login = await game.user.login(account);
    expect(login.expireAt).toBe(604_800);
    expect((await game.user.getSelfInfo()).userData.UserID).toBe(userId);
    expect(game.stats).toEqual({ pending: 0, lateAnswers: 0, strayAnswers: 0, unreadablePushes: 0 });
  });

  test("a function's own errors carry their names", async () => {
    await using server = await startServer();
    await using game = await connect(url(server), options);
    await game.user.register(account);
    await expect(game.user.register(account)).rejects.toMatchObject({
      code: "functionError",
      state: 2,
      errorName: "accountTaken",
      detail: "Account has been taken",
      fromPeer: true,
    });
    await expect(game.user.login({ ...account, password: "wrong" })).rejects.toMatchObject({
      state: 1,
      errorName: "wrongCredentials",
    });
  });

  test("a refresh token gives new tokens, once", async () => {
    await using server = await startServer();
    await using game = await connect(url(server), options);
    const { tokenInfo } = await game.user.register(account);
    const { tokenData } = await game.user.refreshToken({ refresh_token: tokenInfo.refreshToken });
    expect(tokenData.token).not.toBe(tokenInfo.token);
    await using thief = await connect(url(server), options);
    await expect(thief.user.refreshToken({ refresh_token: tokenInfo.refreshToken })).rejects.toMatchObject({
      errorName: "refreshFailed",
    });
  });

  test("a second login is pushed to the first client, which is closed as kicked and stays away", async () => {
    await using server = await startServer();
    await using first = await connect(url(server), options);
    await first.user.register(account);
    const notices: string[] = [];
    first.user.on("onLoginSuccessNotify", ({ msg }) => notices.push(msg));
    const kicked = next(first, "kicked");
    const closed = next(first, "closed");

    await using second = await connect(url(server), options);
    await second.user.login(account);

    expect(await kicked).toEqual({ message: "Other client Login" });
    expect(await closed).toMatchObject({ reason: "kicked", error: { code: "closed", fromPeer: true } });
    expect(notices).toHaveLength(1);
    await expect(first.user.getSelfInfo()).rejects.toMatchObject({ code: "notConnected", mayHaveRun: false });
    expect((await second.user.getSelfInfo()).userData.UserName).toBe(account.username);
  });

  test("an access token as the client id is that user, logged in from the first call", async () => {
    await using server = await startServer();
    await using first = await connect(url(server), options);
    const { result: userId, tokenInfo } = await first.user.register(account);
    await first.close();

    await using again = await connect(url(server), { ...options, token: tokenInfo.token });
    expect((await again.user.getSelfInfo()).userData.UserID).toBe(userId);
  });

  test("many calls at once get each its own answer", async () => {
    await using server = await startServer();
    await using game = await connect(url(server), options);
    const { result: userId } = await game.user.register(account);
    const answers = await Promise.all(Array.from({ length: 200 }, () => game.user.getSelfInfo()));
    expect(new Set(answers.map(({ userData }) => userData.UserID))).toEqual(new Set([userId]));
    expect(game.stats.pending).toBe(0);
  });

  test("a closed game refuses calls and ends those under way", async () => {
    await using server = await startServer();
    const game = await connect(url(server), options);
    const underWay = expect(game.user.login(account)).rejects.toMatchObject({
      code: "connectionLost",
      mayHaveRun: true,
    });
    await game.close();
    await game.close();
    await underWay;
    expect(game.state).toMatchObject({ name: "closed", reason: "closed" });
    await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "notConnected" });
  });

  test("ordinary topics work on the same connection, and the game's own are refused", async () => {
    await using server = await startServer();
    await using alice = await connect(url(server), options);
    await using bob = await connect(url(server), options);
    const heard = new Promise<string>((resolve) => {
      void bob.mqtt.subscribe("room/+/chat", ({ topic, payload }) =>
        resolve(`${topic}: ${String.fromCharCode(...payload)}`),
      );
    });
    await bob.mqtt.publish("room/warm-up", "", { qos: 1 });
    await alice.mqtt.publish("room/1/chat", "hello");
    expect(await heard).toBe("room/1/chat: hello");
    await expect(alice.mqtt.publish("i", "x")).rejects.toMatchObject({
      code: "invalidArgument",
      path: "topic",
    });
    await expect(alice.mqtt.subscribe("secrets", () => {})).rejects.toMatchObject({ path: "filter" });
  });
});

test("a trace shows the packets, the plaintext and how the key came to be", async () => {
  await using server = await startServer();
  const events: TraceEvent[] = [];
  await using game = await connect(server.mqttUrl, { trace: (event) => events.push(event) });
  await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "needLogin" });

  const packets = events.flatMap((event) => (event.kind === "packet" ? [event] : []));
  expect(packets.slice(0, 4).map(({ direction, type }) => `${direction} ${type}`)).toEqual([
    "out CONNECT",
    "in CONNACK",
    "out SUBSCRIBE",
    "in SUBACK",
  ]);
  const call = packets.find(({ type, direction }) => type === "PUBLISH" && direction === "out");
  expect(new TextDecoder().decode(call?.plain)).toMatch(
    /^{"module":"User","func":"GetSelfInfo","once":"[0-9a-z]{24}-0"}$/,
  );
  expect(call?.payload).not.toEqual(call?.plain);
  const answer = packets.find(
    ({ type, topic, direction }) => type === "PUBLISH" && topic === "i" && direction === "in",
  );
  expect(answer?.packetId).toBe(call?.packetId);
  expect(new TextDecoder().decode(answer?.plain)).toContain('"state":249');
  const handshake = events.find((event) => event.kind === "handshake");
  expect(new TextDecoder().decode(handshake?.clientId)).toBe(game.clientId);
  expect(handshake?.joined).toHaveLength(64);
  expect(handshake?.key).toHaveLength(16);
});

test("a server whose configuration says secret: false is called in plain", async () => {
  await using server = await startServer({ settings: { gate: { secret: false } } });
  await using game = await connect(server.mqttUrl, { secret: false });
  await game.user.register(account);
  expect((await game.user.getSelfInfo()).userData.UserName).toBe(account.username);
});

test("a client id that is connected already is refused with its meaning", async () => {
  await using server = await startServer();
  await using game = await connect(server.mqttUrl);
  await expect(connect(server.mqttUrl, { clientId: game.clientId })).rejects.toMatchObject({
    code: "connectFailed",
    state: 5,
  });
  await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "needLogin" });
});
