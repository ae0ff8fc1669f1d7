/**
 * Stores that go away and come back under a server that has work: who needs them is told so in time, everybody else
 * notices nothing, and nobody has to restart anything.
 */
import { randomUUID } from "node:crypto";
import { connect, type Game } from "@mqplay/client-sdk";
import { describe, expect, test } from "vitest";
import { request } from "../support/http.ts";
import { startMariadb } from "../support/mariadb.ts";
import { freePort } from "../support/ports.ts";
import { startRedis } from "../support/redis.ts";
import { spawnCli, startServer, type TestServer } from "../support/server.ts";
import { Bell, bellModule } from "./bell-module.ts";
import { startLoad } from "./load.ts";

const PLAYERS = 4;
const PASSWORD = "correct horse";

/** What the server may take to answer a call; the stores' own limits are shorter. */
const CALL_LIMIT_MS = 10_000;

/** A store that a test can take away. */
interface Takeable extends AsyncDisposable {
  readonly settings: object;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const kinds: readonly {
  readonly name: string;
  readonly part: string;
  readonly take: () => Promise<Takeable>;
}[] = [
  {
    name: "Redis",
    part: "sessions",
    async take() {
      const redis = await startRedis({ own: true });
      return { ...redis, settings: { sessions: redis.url } };
    },
  },
  {
    name: "MariaDB",
    part: "accounts",
    async take() {
      const mariadb = await startMariadb({ own: true });
      return { ...mariadb, settings: { accounts: await mariadb.createDatabase() } };
    },
  },
];

async function players(server: TestServer, prefix: string): Promise<Game[]> {
  return Promise.all(
    Array.from({ length: PLAYERS }, async (_, n) => {
      const game = await connect(server.mqttUrl, { timeoutMs: CALL_LIMIT_MS });
      await game.user.register({ username: `${prefix} ${n}`, password: PASSWORD });
      return game;
    }),
  );
}

/** One turn of somebody who needs no store: a call, a message to a friend, a push. */
async function play(game: Game, name: string): Promise<void> {
  const rang = new Promise<void>((resolve) => {
    const stop = game.module(Bell).on("rang", () => {
      stop();
      resolve();
    });
  });
  let hear = (): void => undefined;
  const heard = new Promise<void>((resolve) => (hear = resolve));
  const topic = `chat/${randomUUID()}`;
  const leave = await game.mqtt.subscribe(topic, () => hear());
  await game.mqtt.publish(topic, "hello");
  const { userData } = await game.user.getSelfInfo();
  expect(userData.UserName).toBe(name);
  await game.module(Bell).ring();
  await Promise.all([rang, heard]);
  leave();
}

describe.each(kinds)("$name", ({ take, part }) => {
  test("stopped and started again under load: only calls that need it fail, in time, and all resumes", async () => {
    await using store = await take();
    // Names are not remembered, so that GetSelfInfo asks the accounts, too.
    const settings = { store: store.settings, user: { profileTtlMs: 0 } };
    await using server = await startServer({ settings, modules: [bellModule] });
    const ready = async () => (await request(server.ports.http, "/readyz")).json();
    const here = await players(server, "here");
    const coming = await players(server, "coming");
    {
      await using playing = startLoad(here.map((game, n) => () => play(game, `here ${n}`)));
      await using loggingIn = startLoad(
        coming.map((game, n) => () => game.user.login({ username: `coming ${n}`, password: PASSWORD })),
      );
      await loggingIn.moreSucceed(20);
      expect(loggingIn.failures).toEqual([]);

      await store.stop();
      await loggingIn.moreFail(20);
      await playing.moreSucceed(40);
      expect(await ready()).toEqual({ status: "notReady", missing: { [part]: "does not answer" } });

      await store.start();
      await loggingIn.moreSucceed(20);
      expect(await ready()).toEqual({ status: "ready" });
      await playing.moreSucceed(20);
      expect(playing.failures).toEqual([]);
      for (const code of loggingIn.failures) expect(["serverIsDown", "storageError"]).toContain(code);
      expect(loggingIn.slowestMs).toBeLessThan(CALL_LIMIT_MS);
    }
    for (const game of [...here, ...coming]) await game.close();
  });

  test("away at start: /readyz says 503, the log says what is waited for, and it serves when the store is there", async () => {
    await using store = await take();
    await store.stop();
    const port = await freePort();
    await using server = spawnCli([], {
      MQPLAY_MQTT_PORT: "0",
      MQPLAY_HTTP_PORT: String(port),
      MQPLAY_DATA: ":memory:",
      MQPLAY_STORE_ACCOUNTS: "accounts" in store.settings ? String(store.settings.accounts) : undefined,
      MQPLAY_STORE_SESSIONS: "sessions" in store.settings ? String(store.settings.sessions) : undefined,
    });
    await server.line(/Waiting for a store that is away/, { timeoutMs: 20_000 });
    const waiting = await request(port, "/readyz");
    expect(waiting.status).toBe(503);
    expect(waiting.json()).toMatchObject({ status: "notReady", missing: { [part]: "does not answer" } });
    await store.start();
    await server.line(/the server is ready/, { timeoutMs: 20_000 });
    expect((await request(port, "/readyz")).status).toBe(200);
    expect(server.output).not.toContain("p%40ss");
  });
});
