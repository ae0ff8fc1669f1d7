/**
 * The SDK and the real server with a bad network between them, and with TLS.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connect, isMqplayError, type ConnectOptions, type Game, type GameState } from "@mqplay/client-sdk";
import { lightLink } from "@mqplay/client-sdk/light";
import { startServer, temporaryFolder } from "../support/server.ts";
import { startFaultProxy } from "./fault-proxy.ts";

const account = { username: "player-one", password: "correct horse" };
const quick = { firstDelayMs: 20, maxDelayMs: 100 };

function until(game: Game, name: GameState["name"]): Promise<GameState> {
  if (game.state.name === name) return Promise.resolve(game.state);
  return new Promise((resolve) => {
    const stop = game.on("state", (state) => {
      if (state.name !== name) return;
      stop();
      resolve(state);
    });
  });
}

const links: readonly { name: string; scheme: "mqtt" | "ws"; options: ConnectOptions }[] = [
  { name: "mqtt.js over TCP", scheme: "mqtt", options: {} },
  { name: "mqtt.js over WebSocket", scheme: "ws", options: {} },
  { name: "the light link", scheme: "ws", options: { link: lightLink } },
];

describe.each(links)("$name", ({ scheme, options }) => {
  async function start(more: ConnectOptions = {}) {
    const server = await startServer();
    const proxy = await startFaultProxy(scheme === "mqtt" ? server.ports.mqtt : server.ports.http);
    const game = await connect(`${scheme}://127.0.0.1:${proxy.port}`, {
      reconnect: quick,
      ...options,
      ...more,
    });
    return {
      server,
      proxy,
      game,
      async [Symbol.asyncDispose]() {
        await game.close();
        await proxy[Symbol.asyncDispose]();
        await server.stop();
      },
    };
  }

  test("after a cut the player is logged in as before, without logging in again", async () => {
    await using all = await start();
    const { game, proxy } = all;
    const { result: userId } = await game.user.register(account);
    for (let cuts = 1; cuts <= 3; cuts++) {
      const lost = until(game, "reconnecting");
      proxy.cut();
      await lost;
      expect((await game.user.getSelfInfo()).userData.UserID).toBe(userId);
      expect(game.state.name).toBe("ready");
    }
    expect(proxy.accepted).toBeGreaterThanOrEqual(4);
  });

  test("every call ends exactly once while the network comes and goes: idempotent ones answered [call-5]", async () => {
    await using all = await start();
    const { game, proxy } = all;
    const { result: userId } = await game.user.register(account);
    const idempotent: Promise<string>[] = [];
    const once: Promise<string>[] = [];
    const endOf = (call: Promise<unknown>): Promise<string> =>
      call.then(
        () => "answered",
        // An error that the server answered with is an answer.
        (error: unknown) => (isMqplayError(error) ? (error.fromPeer ? "answered" : error.code) : "untyped"),
      );
    const whoAmI = (): Promise<string> =>
      endOf(
        game.user.getSelfInfo().then(({ userData }) => {
          if (userData.UserID !== userId) throw new TypeError("another's answer");
        }),
      );
    const code = { phoneNumber: "13912345678", verifyCode: "000000" };
    for (let cuts = 0; cuts < 5; cuts++) {
      for (let calls = 0; calls < 20; calls++) {
        idempotent.push(whoAmI());
        once.push(endOf(game.user.checkVerifyCodeAvailable(code)));
      }
      const lost = until(game, "reconnecting");
      proxy.cut();
      await lost;
      const waiting = Array.from({ length: 10 }, whoAmI);
      expect(new Set(await Promise.all(waiting))).toEqual(new Set(["answered"]));
    }
    expect(new Set(await Promise.all(idempotent))).toEqual(new Set(["answered"]));
    expect(idempotent.length + once.length).toBe(200);
    const ends = new Set(await Promise.all(once));
    expect(ends.has("connectionLost")).toBe(true);
    ends.delete("connectionLost");
    ends.delete("answered");
    expect(ends).toEqual(new Set());
    expect(game.stats).toMatchObject({ pending: 0, strayAnswers: 0 });
  });

  test("a link that is dead without a word is noticed by its keep-alive, and made anew", async () => {
    await using all = await start({ keepAliveS: 1 });
    const { game, proxy } = all;
    await game.user.register(account);
    const lost = until(game, "reconnecting");
    proxy.freeze();
    const startedMs = performance.now();
    await lost;
    expect(performance.now() - startedMs).toBeLessThan(2_500);
    await until(game, "ready");
    expect((await game.user.getSelfInfo()).userData.UserName).toBe(account.username);
  });

  test("while the server refuses, tries go on; when it is back, so is the game", async () => {
    await using all = await start();
    const { game, proxy } = all;
    proxy.refuse(true);
    const third = new Promise<void>((resolve) => {
      game.on("state", (state) => {
        if (state.name === "reconnecting" && state.attempt === 3) resolve();
      });
    });
    proxy.cut();
    await third;
    const call = expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "needLogin" });
    proxy.refuse(false);
    await call;
    expect(game.state.name).toBe("ready");
  });
});

test("a server that is restarted is found again, and accounts that were answered are there", async () => {
  await using folder = await temporaryFolder();
  const store = { data: folder.path };
  const first = await startServer({ settings: { store } });
  const game = await connect(first.mqttUrl, { reconnect: quick });
  await game.user.register(account);
  const lost = until(game, "reconnecting");
  await first.stop();
  await lost;
  await using _second = await startServer({ settings: { store, mqtt: { port: first.ports.mqtt } } });
  await until(game, "ready");
  expect((await game.user.login(account)).token).not.toBe("");
  await game.close();
});

describe("TLS", () => {
  const read = (name: string): Promise<string> =>
    readFile(join(import.meta.dirname, "fixtures", name), "utf8");

  async function start(scheme: "mqtts" | "wss") {
    const [key, cert] = await Promise.all([read("localhost.key.pem"), read("localhost.cert.pem")]);
    const server = await startServer();
    const proxy = await startFaultProxy(scheme === "mqtts" ? server.ports.mqtt : server.ports.http, {
      key,
      cert,
    });
    return {
      cert,
      url: `${scheme}://localhost:${proxy.port}`,
      wrongNameUrl: `${scheme}://127.0.0.1:${proxy.port}`,
      async [Symbol.asyncDispose]() {
        await proxy[Symbol.asyncDispose]();
        await server.stop();
      },
    };
  }

  test.each([
    ["mqtts", {}],
    ["wss", {}],
    ["wss", { link: lightLink }],
  ] as const)(
    "%s works with its authority, and says what is wrong without it (%o)",
    async (scheme, options) => {
      await using tls = await start(scheme);
      await using game = await connect(tls.url, { ...options, tls: { ca: tls.cert } });
      await game.user.register(account);

      await expect(connect(tls.url, options)).rejects.toThrow(
        /\[connectFailed\] the certificate of localhost:\d+ is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): pass its authority as tls.ca/,
      );
      await expect(connect(tls.wrongNameUrl, { ...options, tls: { ca: tls.cert } })).rejects.toThrow(
        /the certificate of 127.0.0.1:\d+ is for another name/,
      );
      await using unchecked = await connect(tls.wrongNameUrl, {
        ...options,
        tls: { rejectUnauthorized: false },
      });
      expect(unchecked.state.name).toBe("ready");
    },
  );
});
