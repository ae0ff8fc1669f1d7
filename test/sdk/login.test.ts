/**
 * A login that is kept, and calls that run once, against the real server.
 */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  connect,
  customTokens,
  memoryTokens,
  type Game,
  type LoginState,
  type StoredTokens,
} from "@mqplay/client-sdk";
import { lightLink } from "@mqplay/client-sdk/light";
import { defineMessage, type ModuleContract } from "@mqplay/shared";
import { implement } from "@mqplay/server";
import { startServer } from "../support/server.ts";
import { startFaultProxy } from "./fault-proxy.ts";

const account = { username: "player-one", password: "correct horse" };
const quick = { reconnect: { firstDelayMs: 20, maxDelayMs: 100 } };

/** Waits for a state of the login. */
function login(game: Game, wanted: (state: LoginState) => boolean): Promise<LoginState> {
  if (wanted(game.login)) return Promise.resolve(game.login);
  return new Promise((resolve) => {
    const stop = game.on("login", (state) => {
      if (!wanted(state)) return;
      stop();
      resolve(state);
    });
  });
}

function sharedStore() {
  const store: { kept: StoredTokens | undefined } = { kept: undefined };
  const tokens = customTokens({
    load: () => store.kept,
    save: (tokens) => void (store.kept = tokens),
    clear: () => void (store.kept = undefined),
  });
  return { store, tokens };
}

describe.each([
  ["mqtt.js, JSON", { ...quick }],
  ["the light link, protobuf", { ...quick, link: lightLink, encoding: "protobuf" }],
] as const)("a login that is kept, by %s", (_name, options) => {
  test("is there again in the next run, though its access token ended while away", async () => {
    await using server = await startServer({ settings: { user: { accessTokenTtlMs: 1_000 } } });
    const { tokens, store } = sharedStore();
    const first = await connect(server.wsUrl, { ...options, tokens });
    const { result: userId } = await first.user.register(account);
    await first.close();
    const before = store.kept;
    await pause((before?.expiresAtMs ?? 0) - Date.now());
    await using again = await connect(server.wsUrl, { ...options, tokens });
    expect(again.login).toMatchObject({ name: "loggedIn", user: { userId, userName: account.username } });
    expect(store.kept?.refreshToken).not.toBe(before?.refreshToken);
    expect((await again.user.getSelfInfo()).userData.UserID).toBe(userId);
  });

  test("outlives its tokens and its session many times over, across cuts", async () => {
    await using server = await startServer({
      settings: { user: { accessTokenTtlMs: 1_000, sessionTtlMs: 1_000 } },
    });
    await using proxy = await startFaultProxy(server.ports.http);
    await using game = await connect(`ws://127.0.0.1:${proxy.port}`, { ...options, tokens: memoryTokens() });
    const { result: userId } = await game.user.register(account);
    const over: LoginState[] = [];
    game.on("login", (state) => {
      if (state.name === "over") over.push(state);
    });
    for (let rounds = 0; rounds < 4; rounds++) {
      const untilMs = game.login.name === "loggedIn" ? (game.login.untilMs ?? 0) : 0;
      await login(game, (state) => state.name === "loggedIn" && (state.untilMs ?? 0) > untilMs);
      if (rounds % 2 === 1) proxy.cut();
      expect((await game.user.getSelfInfo()).userData.UserID).toBe(userId);
    }
    expect(over).toEqual([]);
  });

  test("is told to be over when it was ended elsewhere, and the game goes on", async () => {
    await using server = await startServer({ settings: { user: { singleLogin: "allow" } } });
    await using proxy = await startFaultProxy(server.ports.http);
    const { tokens, store } = sharedStore();
    await using game = await connect(`ws://127.0.0.1:${proxy.port}`, { ...options, tokens });
    await game.user.register(account);
    await using other = await connect(server.mqttUrl);
    await other.user.login(account);
    proxy.refuse(true);
    proxy.cut();
    const next = { oldPassword: account.password, newPassword: "battery staple" };
    await other.user.changePasswordByPassword(next);
    const over = login(game, ({ name }) => name === "over");
    proxy.refuse(false);
    expect(await over).toMatchObject({ reason: "expired" });
    expect(store.kept).toBeUndefined();
    await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "needLogin" });
    await game.user.login({ ...account, password: next.newPassword });
    await login(game, (state) => state.name === "loggedIn" && state.user?.userName === account.username);
  });

  test("is shared by games that refresh it in turns, and none ends it for the others", async () => {
    const user = { accessTokenTtlMs: 1_000, sessionTtlMs: 1_000, singleLogin: "allow" };
    await using server = await startServer({ settings: { user } });
    const tokens = memoryTokens();
    await using first = await connect(server.wsUrl, { ...options, tokens });
    const { result: userId } = await first.user.register(account);
    await using second = await connect(server.wsUrl, { ...options, tokens });
    await using third = await connect(server.wsUrl, { ...options, tokens });
    for (let rounds = 0; rounds < 3; rounds++) {
      for (const game of [first, second, third]) {
        const untilMs = game.login.name === "loggedIn" ? (game.login.untilMs ?? 0) : 0;
        await login(game, (state) => state.name === "loggedIn" && (state.untilMs ?? 0) > untilMs);
        expect((await game.user.getSelfInfo()).userData.UserID).toBe(userId);
      }
    }
    for (const line of server.log) expect(line.message).not.toContain("refresh token was used twice");
  });
});

interface Order {
  readonly item: string;
}
const Order = defineMessage<Order>("Order", [{ number: 1, name: "item", type: "string" }]);
const buy = {
  request: Order,
  response: Order,
  access: "user",
  idempotent: true,
  sticky: null,
  errors: [],
} as const;
const Shop = {
  name: "Shop",
  number: 15,
  funcs: { buy: { ...buy, name: "Buy", number: 1 } },
  pushes: {},
  errors: {},
} as const satisfies ModuleContract;

test.each(["json", "protobuf"] as const)(
  "a purchase whose connection is cut while it runs is answered on the next one, and was made once, by %s [call-5]",
  async (encoding) => {
    const keys: (string | undefined)[] = [];
    let begun: () => void = () => {};
    let finish: () => void = () => {};
    const shop = implement(Shop, {
      async buy(call, order) {
        keys.push(call.once);
        begun();
        await new Promise<void>((resolve) => (finish = resolve));
        return order;
      },
    });
    await using server = await startServer({ modules: [shop] });
    await using proxy = await startFaultProxy(server.ports.mqtt);
    await using game = await connect(`mqtt://127.0.0.1:${proxy.port}`, { ...quick, encoding });
    await game.user.register(account);
    const runs = new Promise<void>((resolve) => (begun = resolve));
    const bought = game.module(Shop).buy({ item: "a hat" });
    await runs;
    const states: string[] = [];
    const ready = new Promise<void>((resolve) => {
      game.on("state", ({ name }) => {
        states.push(name);
        if (name === "ready") resolve();
      });
    });
    proxy.cut();
    await ready;
    finish();
    expect(await bought).toEqual({ item: "a hat" });
    expect(states).toEqual(["reconnecting", "ready"]);
    expect(keys).toEqual([expect.stringMatching(/^[0-9A-Za-z_-]{16,64}$/)]);
  },
);
