/**
 * Many clients, a server, and a network between them that does its worst: cuts, half-open connections, delays of 200 ms
 * to 3 s, connections that arrive in another order, a server that restarts. Every call ends once and in time, none that
 * has a key runs twice, everybody is back soon after the network is, and nobody has grown.
 *
 * MQPLAY_CHAOS_CLIENTS and MQPLAY_CHAOS_S make it larger and longer than what every run of the tests can bear, and
 * MQPLAY_CHAOS_SEED another one. With them it prints its figures.
 */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ONCE_LIFETIME_MS } from "@mqplay/shared";
import { expect, test } from "vitest";
import { startFaultProxy, type FaultProxy } from "../sdk/fault-proxy.ts";
import { startRedis } from "../support/redis.ts";
import { temporaryFolder } from "../support/server.ts";
import { startChild, type Child } from "./child.ts";
import type { ClientAnswers } from "./client-process.ts";
import type { ServerAnswers } from "./server-process.ts";

const CLIENTS = Number(process.env["MQPLAY_CHAOS_CLIENTS"] ?? 24);
const SECONDS = Number(process.env["MQPLAY_CHAOS_S"] ?? 40);
const SEED = Number(process.env["MQPLAY_CHAOS_SEED"] ?? 20_261_124);
const IS_LONG = SECONDS > 60;
const PAUSE_MS = 1_000;
const PUSH_EVERY_MS = 500;
/** Within this time after the network's return everybody is back. */
const RECOVERY_MS = 10_000;
/** How much later than its limit a call may end. */
const LATE_MS = 1_000;
/** How much may be left of what was not there at the start. */
const GROWTH = 1.1;
const CALM_MS = 1_500;

/** The same disasters each time: a seeded sequence, for a failure must be found again. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Scene {
  readonly proxies: readonly FaultProxy[];
  readonly server: Child<ServerAnswers>;
  readonly random: () => number;
}

/** What can happen to a network. Each ends with the network as it should be. */
const disasters: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async cuts({ proxies, random }) {
    for (let cuts = 0; cuts < 4; cuts++) {
      for (const proxy of proxies) proxy.cut(0.3 + random() * 0.7);
      await pause(200 + random() * 800);
    }
  },
  async halfOpen({ proxies, random }) {
    for (const proxy of proxies) proxy.freeze(0.5 + random() * 0.5);
    await pause(3_000);
  },
  async outage({ proxies, random }) {
    for (const proxy of proxies) {
      proxy.refuse(true);
      proxy.cut();
    }
    await pause(2_000 + random() * 3_000);
    for (const proxy of proxies) proxy.refuse(false);
  },
  async slow({ proxies, random }) {
    for (const proxy of proxies) proxy.delay(() => 200 + random() * 2_800);
    await pause(2_500);
    for (const proxy of proxies) proxy.cut(0.2);
    await pause(2_500);
    for (const proxy of proxies) proxy.delay(() => 0);
  },
  async reordered({ proxies, random }) {
    for (const proxy of proxies) {
      proxy.hold(true);
      proxy.cut();
    }
    await pause(1_000 + random() * 2_000);
    for (const proxy of proxies) proxy.hold(false);
  },
  async restart({ server }) {
    await server.ask("restart");
  },
};

test(
  `${CLIENTS} clients live through ${SECONDS} s of a bad network [call-5]`,
  async () => {
    await using redis = await startRedis({ own: true });
    await using folder = await temporaryFolder();
    await using server = startChild<ServerAnswers>(join(import.meta.dirname, "server-process.ts"));
    await using clients = startChild<ClientAnswers>(join(import.meta.dirname, "client-process.ts"));
    const ports = await server.ask("start", {
      sessions: redis.url,
      data: folder.path,
      pushEveryMs: PUSH_EVERY_MS,
    });
    await using tcp = await startFaultProxy(ports.mqtt);
    await using ws = await startFaultProxy(ports.http);
    const scene: Scene = { proxies: [tcp, ws], server, random: createRandom(SEED) };
    await clients.ask("open", { clients: CLIENTS, mqttPort: tcp.port, wsPort: ws.port, pauseMs: PAUSE_MS });

    /** What both ends use when nothing happens, and nothing of what happened is remembered any more. */
    const measure = async () => {
      await clients.ask("finish");
      if (IS_LONG) await pause(ONCE_LIFETIME_MS + 5_000);
      await server.ask("forgetCounts");
      return { server: await server.ask("memory"), clients: await clients.ask("memory") };
    };
    // Before the start both ends have done once what they will do: code that is loaded later is no growth.
    await clients.ask("play");
    await pause(CALM_MS);
    for (const proxy of scene.proxies) proxy.cut();
    await server.ask("restart");
    await clients.ask("ready");
    await pause(CALM_MS);
    const atStart = await measure();

    await clients.ask("play");
    const recoveries: { name: string; ms: number }[] = [];
    const names = Object.keys(disasters);
    const endMs = performance.now() + SECONDS * 1_000;
    // Each once in its turn, then by chance.
    for (let round = 0; performance.now() < endMs; round++) {
      const name = names[round < names.length ? round : Math.floor(scene.random() * names.length)] ?? "cuts";
      await disasters[name]?.(scene);
      recoveries.push({ name, ms: Math.round(await clients.ask("ready")) });
      await pause(CALM_MS);
    }
    await clients.ask("finish");
    const counts = await server.ask("counts");
    const report = await clients.ask("report");
    const atEnd = await measure();
    await clients.ask("close");
    await server.ask("stop");

    const slowest = Object.fromEntries(
      names.map((name) => [
        name,
        Math.max(...recoveries.filter((one) => one.name === name).map(({ ms }) => ms)),
      ]),
    );
    const growth = { server: atEnd.server / atStart.server, clients: atEnd.clients / atStart.clients };
    const figures = {
      clients: CLIENTS,
      seconds: SECONDS,
      rounds: recoveries.length,
      slowest,
      report,
      counts,
      atStart,
      atEnd,
      growth,
    };
    if (process.env["MQPLAY_CHAOS_CLIENTS"] !== undefined)
      process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);

    // Every call ends exactly once: answered, or with a typed error within its limit.
    expect(report.ended).toBe(report.started);
    expect(report).toMatchObject({ untyped: [], wrongAnswers: 0, pending: 0, strayAnswers: 0 });
    expect(report.latestMs).toBeLessThan(LATE_MS);
    // A server that stops answers what it does not run any more.
    const allowed = /^(echo|count) (answered|callTimeout|connectionLost|serverIsDown)$/;
    expect(Object.keys(report.ends).filter((end) => !allowed.test(end))).toEqual([]);
    expect(report.ends["echo connectionLost"]).toBeGreaterThan(0);
    // A call with a key is sent again instead of being lost, and never runs twice while the server lives.
    expect(report.ends["count connectionLost"]).toBeUndefined();
    expect(report.ends["count answered"]).toBeGreaterThan(CLIENTS);
    expect(counts.twiceInLife).toBe(0);
    expect(counts.counted).toBeGreaterThan(CLIENTS);
    // Only what a server took down with it may run again under the next one. [call-5]
    expect(counts.twiceInAll).toBeLessThanOrEqual((counts.life - 1) * CLIENTS);
    // Pushes come in order, none twice, and no player had to log in again.
    expect(report.pushesOutOfOrder).toBe(0);
    expect(report.pushes).toBeGreaterThan(CLIENTS);
    expect(report.loginsOver).toBe(0);
    expect(report.loggedIn).toBe(CLIENTS);
    expect(report.reconnects).toBeGreaterThan(CLIENTS);
    expect(recoveries.filter(({ ms }) => ms > RECOVERY_MS)).toEqual([]);
    expect(growth.server).toBeLessThan(GROWTH);
    expect(growth.clients).toBeLessThan(GROWTH);
  },
  (SECONDS + 300) * 1_000,
);
