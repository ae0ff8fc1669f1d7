import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeAttemptStore } from "../../packages/server/src/store/attempts/attempts.contract.ts";
import { RedisAttemptStore } from "../../packages/server/src/store/attempts/redis-attempts.ts";
import { describeCodeStore } from "../../packages/server/src/store/codes/codes.contract.ts";
import { RedisCodeStore } from "../../packages/server/src/store/codes/redis-codes.ts";
import { describeOutboxStore } from "../../packages/server/src/store/outbox/outbox.contract.ts";
import { RedisOutboxStore } from "../../packages/server/src/store/outbox/redis-outbox.ts";
import { parseRedisAddress } from "../../packages/server/src/store/redis/address.ts";
import { RedisLink } from "../../packages/server/src/store/redis/redis-link.ts";
import { describeTokenStore, newLogin } from "../../packages/server/src/store/tokens/tokens.contract.ts";
import { RedisTokenStore } from "../../packages/server/src/store/tokens/redis-tokens.ts";
import { startRedis, startSentinel, type TestRedis } from "../support/redis.ts";
import { openStores, untilReady, waitForLine } from "./opening.ts";

const nothing = { [Symbol.asyncDispose]: async () => {} };
const quiet = { info: () => {}, warn: () => {} };

describe.each([
  ["one Redis", {}],
  ["a Redis cluster", { cluster: true }],
])("%s", (_, options) => {
  let server: TestRedis;
  let redis: RedisLink;

  beforeAll(async () => {
    server = await startRedis(options);
    redis = new RedisLink({ log: quiet }, parseRedisAddress(server.url));
    await untilReady(() => redis.ping());
  });
  afterAll(async () => {
    await redis.close();
    await server[Symbol.asyncDispose]();
  });

  describeTokenStore("Redis", async (now) => ({ tokens: new RedisTokenStore({ now, redis }), ...nothing }));
  describeCodeStore("Redis", async (now) => ({ codes: new RedisCodeStore({ now, redis }), ...nothing }));
  describeAttemptStore("Redis", async (now) => ({
    attempts: new RedisAttemptStore({ now, redis }),
    ...nothing,
  }));
  describeOutboxStore("Redis", async (now) => ({ outbox: new RedisOutboxStore({ now, redis }), ...nothing }));

  it("gives every key an end, so that nothing stays in Redis for ever", async () => {
    const deps = { now: Date.now, redis };
    const login = newLogin();
    await new RedisTokenStore(deps).issue(login);
    await new RedisCodeStore(deps).put({ number: "1", purpose: "register", code: "1" });
    await new RedisCodeStore(deps).reserveSending(randomUUID(), randomUUID());
    await new RedisAttemptStore(deps).begin({ account: randomUUID(), address: "1" });
    await new RedisAttemptStore(deps).fail({ account: randomUUID(), address: "1" });
    const push = { module: 11, type: 1, content: new Uint8Array(1) };
    await new RedisOutboxStore(deps).keep(login.userId, { push, encoding: "json" }, 60_000);
    const keys = await redis.command("KEYS", `*${redis.keyPrefix}*`);
    expect(Array.isArray(keys) && keys.length).toBeGreaterThan(7);
    for (const key of Array.isArray(keys) ? keys : []) {
      expect(await redis.command("PTTL", String(key)), String(key)).toBeGreaterThan(0);
    }
  });
});

describe("a Redis that fails", () => {
  it("costs clear errors in time while it is away, and nothing afterwards: logins from before go on", async () => {
    await using server = await startRedis({ own: true });
    await using stores = await openStores({ sessions: server.url });
    await stores.waitUntilReady();
    const { tokens } = stores;
    const acknowledged: string[] = [];
    const failures: unknown[] = [];
    let slowestMs = 0;
    const over = new AbortController();
    const work = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const login = newLogin();
        const beganAt = performance.now();
        try {
          await tokens.issue(login);
          acknowledged.push(login.accessHash);
        } catch (error) {
          failures.push(error);
          // A failure is immediate; the others must get a turn.
          await new Promise(setImmediate);
        }
        slowestMs = Math.max(slowestMs, performance.now() - beganAt);
      }
    };
    const workers = Array.from({ length: 20 }, work);
    await untilReady(async () => expect(acknowledged.length).toBeGreaterThan(500));
    await server.stop();
    await untilReady(async () => expect(failures.length).toBeGreaterThan(20));
    const before = acknowledged.length;
    await server.start();
    await untilReady(async () => expect(acknowledged.length).toBeGreaterThan(before + 500));
    over.abort();
    await Promise.all(workers);

    for (const failure of failures)
      expect(failure).toMatchObject({ name: "MqplayError", code: "serverIsDown" });
    expect(slowestMs).toBeLessThan(3_000);
    for (const hash of acknowledged.slice(0, before)) expect(await tokens.findAccess(hash)).toBeDefined();
  });

  it("may be named by sentinels", async () => {
    await using server = await startRedis({ own: true });
    await using sentinel = await startSentinel(server.port);
    await using stores = await openStores({ sessions: sentinel.url });
    await stores.waitUntilReady();
    const login = newLogin();
    await stores.tokens.issue(login);
    await server.stop();
    await expect(stores.tokens.findAccess(login.accessHash)).rejects.toMatchObject({ code: "serverIsDown" });
    await server.start();
    await untilReady(() => stores.ping());
    expect(await stores.tokens.findAccess(login.accessHash)).toMatchObject({ loginId: login.loginId });
  });

  it("may be a cluster whose only node comes back", async () => {
    await using server = await startRedis({ own: true, cluster: true });
    await using stores = await openStores({ sessions: server.url });
    await stores.waitUntilReady();
    const login = newLogin();
    await stores.tokens.issue(login);
    await server.stop();
    await expect(stores.tokens.findAccess(login.accessHash)).rejects.toMatchObject({ code: "serverIsDown" });
    await server.start();
    await untilReady(() => stores.ping());
    expect(await stores.tokens.findAccess(login.accessHash)).toMatchObject({ loginId: login.loginId });
  });

  it("is given up when it does not answer, and used again when it does", async () => {
    await using server = await startRedis({ own: true });
    await using stores = await openStores({ sessions: server.url });
    await stores.waitUntilReady();
    server.pause();
    const beganAt = performance.now();
    await expect(stores.tokens.issue(newLogin())).rejects.toMatchObject({ code: "serverIsDown" });
    await expect(stores.ping()).rejects.toMatchObject({ code: "serverIsDown" });
    expect(performance.now() - beganAt).toBeLessThan(6_000);
    server.resume();
    await untilReady(() => stores.ping());
    expect(await stores.tokens.issue(newLogin())).toEqual({ endedLoginIds: [] });
  });

  it("is waited for at start, with a line in the log, and the waiting can be ended", async () => {
    await using server = await startRedis({ own: true });
    await server.stop();
    await using stores = await openStores({ sessions: server.url });
    const stop = new AbortController();
    const given = stores.waitUntilReady({ signal: stop.signal });
    const waiting = stores.waitUntilReady();
    await waitForLine(stores.lines, "Waiting for a store that is away");
    stop.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    await server.start();
    await waiting;
    await expect(stores.ping()).resolves.toBeUndefined();
    await waitForLine(stores.lines, "The store is there");
  });

  it("is no reason to wait when it refuses the password", async () => {
    await using server = await startRedis({ own: true, password: "right/password" });
    await using right = await openStores({ sessions: server.url });
    await right.waitUntilReady();
    await using wrong = await openStores({ sessions: server.url.replace("right", "wrong") });
    await expect(wrong.waitUntilReady()).rejects.toMatchObject({
      code: "configInvalid",
      path: "store.sessions",
    });
    expect(JSON.stringify(wrong.lines)).not.toContain("password");
  });

  it("may forget its scripts at any time", async () => {
    await using server = await startRedis({ own: true });
    const redis = new RedisLink({ log: quiet }, parseRedisAddress(server.url));
    await untilReady(() => redis.ping());
    const tokens = new RedisTokenStore({ now: Date.now, redis });
    await tokens.issue(newLogin());
    await redis.command("SCRIPT", "FLUSH");
    expect(await tokens.issue(newLogin())).toEqual({ endedLoginIds: [] });
    await redis.close();
  });
});
