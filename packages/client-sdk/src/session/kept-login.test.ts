import { describe, expect, test } from "vitest";
import { connect } from "../client.ts";
import type { ConnectOptions } from "../options.ts";
import { ManualClock, settle } from "../testing/manual-clock.ts";
import { MemoryServer, type MemoryServerOptions } from "../testing/memory-server.ts";
import { createTestPlatform } from "../testing/test-platform.ts";
import { TokenServer, type TokenServerOptions } from "../testing/token-server.ts";
import type { LoginState } from "./login.ts";
import { customTokens, memoryTokens, type StoredTokens } from "./token-store.ts";

const account = { username: "someone", password: "secret" };
const DAY = 86_400_000;

/** A store that shows what is in it. */
function createStore(kept?: StoredTokens) {
  const store = { kept, saves: 0 };
  const tokens = customTokens({
    load: () => store.kept,
    save: (next) => {
      store.kept = next;
      store.saves++;
    },
    clear: () => void (store.kept = undefined),
  });
  return { store, tokens };
}

function open(options: TokenServerOptions = {}, serverOptions: MemoryServerOptions = {}) {
  const clock = new ManualClock();
  const login = new TokenServer(clock, options);
  const server = new MemoryServer({ handler: login.handler, ...serverOptions });
  const platform = createTestPlatform(clock, server.openLink);
  const start = async (more: ConnectOptions) => {
    const game = await connect("ws://in-memory/ws", { platform, ...more });
    const states: LoginState[] = [];
    game.on("login", (state) => states.push(state));
    return { game, states };
  };
  return { clock, login, server, start };
}

type Opened = ReturnType<typeof open>;

/** Tokens that a login of an earlier run left behind. */
function earlier({ login, clock }: Opened): StoredTokens {
  const { token, refreshToken, expireAt } = login.issue();
  const issuedAtMs = clock.now();
  return { token, refreshToken, issuedAtMs, expiresAtMs: issuedAtMs + expireAt * 1_000 };
}

describe("tokens that are kept", () => {
  test("are those of the newest login, and logging out forgets them", async () => {
    const all = open();
    const { store, tokens } = createStore();
    const { game, states } = await all.start({ tokens });
    expect(game.login).toEqual({ name: "none" });
    const { token, refreshToken } = await game.user.login(account);
    expect(store.kept).toMatchObject({ token, refreshToken, expiresAtMs: all.clock.now() + 7 * DAY });
    await settle();
    expect(game.login).toMatchObject({ name: "loggedIn", user: { userId: "id", userName: "me" } });
    await game.user.logout();
    expect(store.kept).toBeUndefined();
    expect(states.at(-1)).toEqual({ name: "over", reason: "loggedOut", error: undefined });
  });

  test("resume the login of an earlier run, whose user is known before connect() is fulfilled [connect-5]", async () => {
    const all = open();
    const kept = earlier(all);
    const { tokens } = createStore(kept);
    const { game } = await all.start({ tokens });
    expect(all.server.connections).toHaveLength(1);
    expect(game.clientId).toBe(kept.token);
    expect(game.login).toEqual({
      name: "loggedIn",
      user: { userId: "id", userName: "me" },
      untilMs: kept.expiresAtMs,
    });
    expect(game.stats).toMatchObject({ pending: 0, strayAnswers: 0 });
  });

  test("whose access token ended while away are refreshed, and no login is shown", async () => {
    const all = open({ accessS: 60 });
    const kept = earlier(all);
    const { store, tokens } = createStore(kept);
    await all.clock.advance(3_600_000);
    const { game } = await all.start({ tokens });
    expect(all.login.refreshed).toEqual([kept.refreshToken]);
    expect(all.server.connections.map(({ clientId }) => clientId.length)).toEqual([32, 43]);
    expect(all.server.connections.map(({ isOpen }) => isOpen)).toEqual([false, true]);
    expect(game.clientId).toBe(store.kept?.token);
    expect(game.login).toMatchObject({ name: "loggedIn", user: { userId: "id" } });
    expect(game.state.name).toBe("ready");
  });

  test("that the server does not know any more end the login: it is told, once, and the game goes on as nobody", async () => {
    const all = open();
    const { store, tokens } = createStore(earlier(all));
    all.login.endAll();
    const { game } = await all.start({ tokens });
    expect(game.login).toMatchObject({
      name: "over",
      reason: "expired",
      error: { errorName: "refreshFailed" },
    });
    expect(game.state.name).toBe("ready");
    expect(store.kept).toBeUndefined();
    await game.user.login(account);
    await settle();
    expect(game.login).toMatchObject({ name: "loggedIn" });
  });

  test("that ended while the connection was away end the login after the cut", async () => {
    const all = open();
    const { tokens } = createStore(earlier(all));
    const { game, states } = await all.start({ tokens });
    all.login.endAll();
    all.server.latest.drop();
    await all.clock.advance(10_000);
    expect(game.state.name).toBe("ready");
    expect(states).toMatchObject([{ name: "over", reason: "expired" }]);
  });

  test("are kept when the server cannot answer now: connecting fails, and the next try resumes", async () => {
    const all = open({ accessS: 60 });
    const { store, tokens } = createStore(earlier(all));
    await all.clock.advance(3_600_000);
    all.login.refusal = "storageError";
    await expect(all.start({ tokens })).rejects.toMatchObject({ code: "storageError" });
    expect(store.kept).toBeDefined();
    all.login.refusal = undefined;
    const { game } = await all.start({ tokens });
    expect(game.login.name).toBe("loggedIn");
    expect(all.login.isBurnt).toBe(false);
  });

  test.each([
    ["no tokens", "{}"],
    ["of an older game", '{"token":1}'],
    ["short", '{"token":"x","refreshToken":"y","issuedAtMs":0,"expiresAtMs":1}'],
  ])("that are %s are none", async (_name, text) => {
    const all = open();
    const { game } = await all.start({ tokens: createStore(JSON.parse(text) as StoredTokens).tokens });
    expect(game.login).toEqual({ name: "none" });
  });

  test("in a store that fails cost the login, not the game, and it is reported", async () => {
    const all = open();
    const warnings: string[] = [];
    const broken = (): never => {
      throw new Error("the disk is full");
    };
    const tokens = customTokens({ load: broken, save: broken, clear: broken });
    const logger = { warn: (message: string) => warnings.push(message) };
    const { game } = await all.start({ tokens, logger });
    await game.user.login(account);
    await settle();
    expect(game.login.name).toBe("loggedIn");
    expect(warnings).toContain("the tokens of the login could not be kept");
  });

  test("exclude a token and a client id, and setToken", async () => {
    const all = open();
    const tokens = memoryTokens();
    for (const other of [{ token: "t".repeat(43) }, { clientId: "c".repeat(32) }]) {
      await expect(all.start({ tokens, ...other })).rejects.toMatchObject({ path: "tokens" });
    }
    const { game } = await all.start({ tokens });
    expect(() => game.setToken("t".repeat(43))).toThrow(/invalidArgument/);
  });
});

describe("refreshing", () => {
  test("comes before the access token ends, again and again, on the connection that there is", async () => {
    const all = open({ accessS: 3_600 });
    const { store, tokens } = createStore(earlier(all));
    const { game } = await all.start({ tokens });
    await all.clock.advance(10 * 3_600_000);
    expect(all.login.refreshed.length).toBeGreaterThanOrEqual(10);
    expect(all.login.isBurnt).toBe(false);
    expect(all.server.connections).toHaveLength(1);
    expect(store.kept?.expiresAtMs).toBeGreaterThan(all.clock.now());
    expect((await game.user.getSelfInfo()).userData.UserID).toBe("id");
  });

  test("comes before the session's 12 hours are over, however long the token lives [user-3]", async () => {
    const all = open();
    const { tokens } = createStore(earlier(all));
    const { game, states } = await all.start({ tokens });
    await all.clock.advance(5 * DAY);
    await game.user.getSelfInfo();
    expect(states.filter(({ name }) => name === "over")).toEqual([]);
    expect(all.login.refreshed.length).toBeGreaterThanOrEqual(10);
  });

  test("is done once for all calls that find the login timed out; they are answered as if nothing had been", async () => {
    const all = open({ sessionMs: 60_000 });
    const { tokens } = createStore(earlier(all));
    const { game, states } = await all.start({ tokens });
    await all.clock.advance(120_000);
    const answers = await Promise.all(Array.from({ length: 5 }, () => game.user.getSelfInfo()));
    expect(answers.map(({ userData }) => userData.UserID)).toEqual(Array(5).fill("id"));
    expect(all.login.refreshed).toHaveLength(1);
    expect(states.filter(({ name }) => name === "over")).toEqual([]);
  });

  test("that is refused as used up ends the login; a call that waited for it says why", async () => {
    const all = open({ sessionMs: 60_000 });
    const { tokens } = createStore(earlier(all));
    const { game, states } = await all.start({ tokens });
    await all.clock.advance(120_000);
    all.login.endAll();
    await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "loginTimeOut" });
    expect(states.at(-1)).toMatchObject({ name: "over", reason: "expired" });
  });

  test("whose answer a cut swallowed is asked for again under the same key, and burns no token [call-5]", async () => {
    let swallow = false;
    const all = open(
      { accessS: 3_600 },
      {
        handler: (call, connection) => {
          const answer = all.login.handler(call, connection);
          if (!swallow || call.func !== "RefreshToken") return answer;
          swallow = false;
          connection.drop("cut while the answer was on its way");
          return undefined;
        },
      },
    );
    const { store, tokens } = createStore(earlier(all));
    const { game, states } = await all.start({ tokens });
    swallow = true;
    await all.clock.advance(3_600_000);
    expect(all.server.connections).toHaveLength(2);
    expect(all.login.refreshed).toHaveLength(1);
    expect(all.login.isBurnt).toBe(false);
    expect(all.login.valid.has(store.kept?.token ?? "")).toBe(true);
    await game.user.getSelfInfo();
    expect(states.filter(({ name }) => name === "over")).toEqual([]);
  });

  test("ends with the game", async () => {
    const all = open();
    const { tokens } = createStore(earlier(all));
    const { game } = await all.start({ tokens });
    await game.close();
    await all.clock.advance(2 * DAY);
    expect(all.login.refreshed).toEqual([]);
    expect(all.clock.running).toBe(0);
  });
});

describe("two games that share their tokens", () => {
  test("do not use up each other's refresh token, whoever comes first", async () => {
    const all = open({ accessS: 3_600 });
    const { tokens, store } = createStore(earlier(all));
    const first = await all.start({ tokens });
    const second = await all.start({ tokens });
    await all.clock.advance(20 * 3_600_000);
    expect(all.login.refreshed.length).toBeGreaterThan(10);
    expect(all.login.isBurnt).toBe(false);
    expect(all.login.valid.has(store.kept?.token ?? "")).toBe(true);
    for (const { game } of [first, second]) {
      expect((await game.user.getSelfInfo()).userData.UserID).toBe("id");
    }
  });

  test("take turns where the store has a lock, and one takes what the other has refreshed", async () => {
    const all = open({ accessS: 60 });
    const tokens = memoryTokens();
    const before = await all.start({ tokens });
    await before.game.user.login(account);
    await before.game.close();
    await all.clock.advance(3_600_000);
    const games = await Promise.all([all.start({ tokens }), all.start({ tokens }), all.start({ tokens })]);
    expect(games.map(({ game }) => game.login.name)).toEqual(["loggedIn", "loggedIn", "loggedIn"]);
    expect(all.login.refreshed).toHaveLength(1);
  });

  test("or whose id is connected already: new tokens are another id [connect-3]", async () => {
    let taken = "";
    const all = open({}, { connack: (_attempt, clientId) => (clientId === taken ? 5 : 0) });
    const kept = earlier(all);
    const { tokens, store } = createStore(kept);
    taken = kept.token;
    const { game } = await all.start({ tokens });
    expect(game.login.name).toBe("loggedIn");
    expect(all.server.connections.map(({ clientId }) => clientId.length)).toEqual([43, 32, 43]);
    expect(game.clientId).toBe(store.kept?.token);
    expect(all.login.refreshed).toEqual([kept.refreshToken]);
  });
});
