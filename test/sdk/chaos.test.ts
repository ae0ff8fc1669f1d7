/**
 * Many clients and a network that does its worst: cut, frozen, slow, refusing. Every call ends once and in time, and
 * everybody is back soon after the network is.
 *
 * MQPLAY_CHAOS_CLIENTS and MQPLAY_CHAOS_S make it larger and longer than what every run of the tests can bear.
 */
import { expect, test } from "vitest";
import { connect, isMqplayError, type Game } from "@mqplay/client-sdk";
import { lightLink } from "@mqplay/client-sdk/light";
import { startServer } from "../support/server.ts";
import { startFaultProxy } from "./fault-proxy.ts";

const CLIENTS = Number(process.env["MQPLAY_CHAOS_CLIENTS"] ?? 12);
const SECONDS = Number(process.env["MQPLAY_CHAOS_S"] ?? 6);
const TIMEOUT_MS = 1_500;
/** Within this time after the network's return everybody is back. */
const RECOVERY_MS = 10_000;

interface Player {
  readonly game: Game;
  readonly userId: string;
  readonly ends: Map<string, number>;
  longestMs: number;
}

/** The same disasters each time: a seeded sequence, for a failure must be found again. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function play(player: Player, until: () => boolean): Promise<void> {
  while (!until()) {
    const startedMs = performance.now();
    const end = await player.game.user.getSelfInfo({ timeoutMs: TIMEOUT_MS }).then(
      ({ userData }) => (userData.UserID === player.userId ? "answered" : "another's answer"),
      (error: unknown) => (isMqplayError(error) ? error.code : "untyped"),
    );
    player.longestMs = Math.max(player.longestMs, performance.now() - startedMs);
    player.ends.set(end, (player.ends.get(end) ?? 0) + 1);
  }
}

// Time between disasters, not a wait for something: what is waited for are the calls.
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test(
  `${CLIENTS} clients live through ${SECONDS} s of a bad network`,
  async () => {
    await using server = await startServer();
    await using tcp = await startFaultProxy(server.ports.mqtt);
    await using ws = await startFaultProxy(server.ports.http);
    const proxies = [tcp, ws];
    const options = { keepAliveS: 1, reconnect: { firstDelayMs: 50, maxDelayMs: 500 } } as const;
    const players = await Promise.all(
      Array.from({ length: CLIENTS }, async (_, at): Promise<Player> => {
        const encoding = at % 2 === 0 ? "json" : "protobuf";
        const game =
          at % 3 === 0
            ? await connect(`mqtt://127.0.0.1:${tcp.port}`, { ...options, encoding })
            : await connect(`ws://127.0.0.1:${ws.port}`, {
                ...options,
                encoding,
                ...(at % 3 === 1 ? { link: lightLink } : {}),
              });
        const { result } = await game.user.register({ username: `chaos-${at}`, password: "correct horse" });
        return { game, userId: result, ends: new Map(), longestMs: 0 };
      }),
    );

    const random = createRandom(20_261_124);
    let isOver = false;
    const playing = players.map((player) => play(player, () => isOver));
    const endMs = performance.now() + SECONDS * 1_000;
    while (performance.now() < endMs) {
      const proxy = proxies[random() < 0.5 ? 0 : 1] ?? tcp;
      const fault = random();
      if (fault < 0.35) proxy.cut();
      else if (fault < 0.5) proxy.freeze();
      else if (fault < 0.75) proxy.delay(Math.floor(random() * 300));
      else proxy.refuse(random() < 0.5);
      await pause(100 + random() * 400);
    }
    for (const proxy of proxies) {
      proxy.delay(0);
      proxy.refuse(false);
    }
    isOver = true;
    await Promise.all(playing);

    const backByMs = performance.now() + RECOVERY_MS;
    for (const { game, userId } of players) {
      const { userData } = await game.user.getSelfInfo({
        timeoutMs: Math.max(1, backByMs - performance.now()),
      });
      expect(userData.UserID).toBe(userId);
      expect(game.state.name).toBe("ready");
      expect(game.stats).toMatchObject({ pending: 0, strayAnswers: 0 });
    }
    const allowed = new Set(["answered", "callTimeout", "connectionLost"]);
    const ends = new Map<string, number>();
    for (const player of players) {
      for (const [end, count] of player.ends) ends.set(end, (ends.get(end) ?? 0) + count);
    }
    expect([...ends.keys()].filter((end) => !allowed.has(end))).toEqual([]);
    expect(ends.get("answered")).toBeGreaterThan(CLIENTS);
    expect(ends.get("connectionLost")).toBeGreaterThan(0);
    expect(Math.max(...players.map(({ longestMs }) => longestMs))).toBeLessThan(TIMEOUT_MS + 1_000);
    await Promise.all(players.map(({ game }) => game.close()));
  },
  (SECONDS + 60) * 1_000,
);
