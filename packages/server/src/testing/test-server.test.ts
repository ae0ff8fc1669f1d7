import { createHook } from "node:async_hooks";
import { PushModule, User } from "@mqplay/shared";
import { createTestServer, type TestServerOptions } from "@mqplay/server/testing";
import { describe, expect, it } from "vitest";
import { fail } from "../runtime/fail.ts";
import { createEcho, Echo } from "../runtime/testing/echo.ts";
import { createCounterModule } from "./example/counter-module.ts";
import { Counter } from "./example/generated/counter.ts";
import { settle } from "./test-clock.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const counter = (): TestServerOptions => ({ modules: [createCounterModule()] });

describe.each(["json", "protobuf"] as const)("a client in %s", (encoding) => {
  it("calls, gets answers and pushes", async () => {
    await using server = await createTestServer(counter());
    const alice = await server.user({ encoding });
    expect(await alice.module(Counter).watch({ name: "a" })).toEqual({ name: "a", value: 0 });
    await alice.module(Counter).add({ name: "a", by: 3 });
    expect(await alice.waitForPush(Counter.pushes.changed)).toEqual({
      name: "a",
      value: 3,
      changed_by: alice.userId,
    });
    expect(server.metrics.gate.calls).toBe(2);
  });

  it("gets errors of the contract, general ones, and what the contract has against a request", async () => {
    await using server = await createTestServer(counter());
    const calls = (await server.user({ encoding })).module(Counter);
    await calls.add({ name: "a", by: 100 });
    await expect(calls.add({ name: "a", by: 1 })).rejects.toMatchObject({
      errorName: "full",
      state: 1,
      fromPeer: true,
    });
    await expect(calls.add({ name: "a", by: 101 })).rejects.toMatchObject({
      code: "paramNotAllow",
      path: expect.stringContaining("by"),
      fromPeer: true,
    });
  });

  it("may be served without a key [handshake-7]", async () => {
    await using server = await createTestServer({ ...counter(), config: { gate: { secret: false } } });
    const alice = await server.user({ encoding });
    expect(await alice.module(Counter).add({ name: "a", by: 3 })).toEqual({ name: "a", value: 3 });
  });
});

describe("users", () => {
  it("are somebody else each, with a login and tokens", async () => {
    await using server = await createTestServer();
    const [alice, bob] = [await server.user(), await server.user()];
    expect(alice.userId).not.toBe(bob.userId);
    expect(alice.username).not.toBe(bob.username);
    expect(await alice.module(User).getSelfInfo()).toEqual({
      userData: { UserID: alice.userId, UserName: alice.username },
    });
    expect(alice.token).toMatch(/^[0-9A-Za-z]{43}$/);
    expect(alice.loggedIn).toBe(true);
    expect(server.metrics.sessions).toBe(2);
  });

  it("without a password cannot log in by any; with one they can", async () => {
    await using server = await createTestServer();
    await server.user({ username: "alice" });
    const bob = await server.user({ username: "robert", password: "correct horse" });
    const guest = await server.guest();
    for (const password of ["", "correct horse"])
      await expect(guest.module(User).login({ username: "alice", password })).rejects.toMatchObject({
        code: expect.stringMatching(/functionError|param/),
      });
    expect(guest.loggedIn).toBe(false);
    await server.clock.advance(MINUTE_MS);
    const again = await server.user({ username: "robert", password: "correct horse" });
    expect(again.userId).toBe(bob.userId);
    await expect(bob.closed).resolves.toBe("kicked");
  });

  it("of one account displace each other [push-3]", async () => {
    await using server = await createTestServer();
    const first = await server.user({ username: "alice" });
    const second = await server.user({ username: "alice" });
    expect(await first.closed).toBe("kicked");
    expect(first.pushes.map(({ name }) => name)).toEqual(["module 0 push 0", "User.onLoginSuccessNotify"]);
    expect(second.connected).toBe(true);
    await first.reconnect();
    expect(first.loggedIn).toBe(false);
    await expect(first.module(User).getSelfInfo()).rejects.toMatchObject({ code: "needLogin" });
  });

  it("of one account live side by side where the configuration allows it", async () => {
    await using server = await createTestServer({ config: { user: { singleLogin: "allow" } } });
    const first = await server.user({ username: "alice" });
    const second = await server.user({ username: "alice" });
    expect([first.loggedIn, second.loggedIn]).toEqual([true, true]);
    expect(first.userId).toBe(second.userId);
  });

  it("come back by their token after a lost network, and by one of a login of their own", async () => {
    await using server = await createTestServer();
    const alice = await server.user();
    const before = alice.sessionId;
    await alice.drop();
    expect(await alice.closed).toBe("client");
    expect(server.metrics.sessions).toBe(0);
    await alice.reconnect();
    expect(alice.sessionId).not.toBe(before);
    expect((await alice.module(User).getSelfInfo()).userData.UserID).toBe(alice.userId);

    const guest = await server.guest();
    await guest.module(User).register({ username: "somebody", password: "correct horse" });
    await guest.reconnect();
    expect(guest.loggedIn).toBe(true);
  });

  it("lose their connections when they are frozen", async () => {
    await using server = await createTestServer();
    const alice = await server.user({ username: "alice" });
    expect(await server.setFrozen(alice.userId, true)).toBe(true);
    expect(await alice.closed).toBe("loggedOut");
    await expect(server.user({ username: "alice" })).rejects.toMatchObject({ code: "frozen" });
    await expect(server.user({ username: "\u0007" })).rejects.toMatchObject({ path: "username" });
  });

  it("are told to the application's callbacks as real ones are", async () => {
    const heard: string[] = [];
    await using server = await createTestServer({
      callbacks: {
        onConnect: () => void heard.push("connect"),
        onRegister: ({ name }) => void heard.push(`register ${name}`),
        onLogin: ({ sessionId }) => void heard.push(sessionId === undefined ? "login by HTTP" : "login"),
        onDisconnect: () => void heard.push("disconnect"),
      },
    });
    const alice = await server.user({ username: "alice" });
    await alice.disconnect();
    expect(heard).toEqual(["connect", "register alice", "login", "disconnect"]);
  });
});

describe("time", () => {
  it("stands still until it is moved, and then ends access tokens [user-3]", async () => {
    await using server = await createTestServer({
      config: { user: { accessTokenTtlMs: 7 * DAY_MS, sessionTtlMs: 12 * 60 * MINUTE_MS } },
    });
    const alice = await server.user();
    await server.clock.advance(7 * DAY_MS - 1);
    await alice.reconnect();
    expect(alice.loggedIn).toBe(true);
    await server.clock.advance(1);
    await alice.reconnect();
    expect(alice.loggedIn).toBe(false);
    await alice.module(User).refreshToken({ refresh_token: alice.refreshToken ?? "" });
    await alice.reconnect();
    expect(alice.loggedIn).toBe(true);
  });

  it("ends a session's login, and calls say so [user-3]", async () => {
    await using server = await createTestServer({ config: { user: { sessionTtlMs: 60 * MINUTE_MS } } });
    const alice = await server.user();
    await server.clock.advance(60 * MINUTE_MS);
    expect(alice.connected).toBe(true);
    await expect(alice.module(User).getSelfInfo()).rejects.toMatchObject({ code: "loginTimeOut" });
  });

  it("ends verification codes", async () => {
    await using server = await createTestServer({
      config: { user: { verification: "code" }, codes: { ttlMs: 5 * MINUTE_MS } },
    });
    const guest = await server.guest();
    const phoneNumber = "13800000000";
    await guest.module(User).getVerifyCode({ phoneNumber });
    const [sent] = server.codes;
    expect(sent).toMatchObject({ phoneNumber, purpose: "register" });
    await server.clock.advance(5 * MINUTE_MS);
    const request = { username: phoneNumber, password: "correct horse", verifyCode: sent?.code ?? "" };
    await expect(guest.module(User).register(request)).rejects.toMatchObject({
      errorName: "wrongRegisterCode",
    });
    await guest.module(User).getVerifyCode({ phoneNumber });
    await guest.module(User).register({ ...request, verifyCode: server.codes[1]?.code ?? "" });
    expect(guest.loggedIn).toBe(true);
  });

  it("runs a module's timers one after the other, each at its own time", async () => {
    const ticks: number[] = [];
    const ticking = createEcho(
      {},
      {
        start({ clock }) {
          const startedMs = clock.nowMs();
          const tick = (): void => {
            ticks.push(clock.nowMs() - startedMs);
            clock.after(50, tick);
          };
          clock.after(50, tick);
        },
      },
    );
    await using server = await createTestServer({ modules: [ticking] });
    await server.clock.advance(49);
    expect(ticks).toEqual([]);
    await server.clock.advance(151);
    expect(ticks).toEqual([50, 100, 150, 200]);
  });

  it("strikes the limit of a call while another that came later goes on [bad-6]", async () => {
    await using server = await createTestServer(counter());
    const calls = (await server.user()).module(Counter);
    const early = expect(calls.await({ name: "a", value: 1 })).rejects.toMatchObject({
      code: "requestTimeout",
    });
    await server.clock.advance(20_000);
    const late = calls.await({ name: "a", value: 1 });
    await server.clock.advance(10_000);
    await early;
    await calls.add({ name: "a", by: 1 });
    await expect(late).resolves.toBeUndefined();
  });
});

describe("waiting for a push", () => {
  it("gives each push once, in order, whether it has come or comes later", async () => {
    await using server = await createTestServer(counter());
    const alice = await server.user();
    await alice.module(Counter).watch({ name: "a" });
    const first = alice.waitForPush(Counter.pushes.changed);
    for (const by of [1, 2, 3]) await alice.module(Counter).add({ name: "a", by });
    expect((await first).value).toBe(1);
    expect((await alice.waitForPush(Counter.pushes.changed, { where: ({ value }) => value > 3 })).value).toBe(
      6,
    );
    expect((await alice.waitForPush(Counter.pushes.changed)).value).toBe(3);
    expect(alice.pushes).toHaveLength(3);
  });

  it("fails with a list of what did arrive", async () => {
    await using server = await createTestServer(counter());
    const alice = await server.user();
    const wait = { where: ({ value }: { value: number }) => value === 7, timeoutMs: 10 };
    await expect(alice.waitForPush(Counter.pushes.changed, wait)).rejects.toThrow(
      "10 ms passed, waiting for Counter.changed that satisfies `where`; these pushes arrived: nothing",
    );
    await alice.module(Counter).watch({ name: "a" });
    await alice.module(Counter).add({ name: "a", by: 1 });
    await expect(alice.waitForPush(Counter.pushes.changed, wait)).rejects.toThrow(
      `these pushes arrived:\n  Counter.changed {"name":"a","value":1,"changed_by":"${alice.userId}"}`,
    );
  });

  it("fails at once when the connection ends, and for a push of a module that is not served", async () => {
    await using server = await createTestServer(counter());
    const alice = await server.user({ username: "alice" });
    const waits = expect(alice.waitForPush(Counter.pushes.changed)).rejects.toThrow(
      "the connection ended (kicked)",
    );
    await server.user({ username: "alice" });
    await waits;
    await expect(alice.waitForPush(Counter.pushes.changed)).rejects.toThrow("had ended (kicked)");
    await expect(alice.waitForPush(Echo.pushes.said)).rejects.toThrow(
      "Said is no push of this server's modules",
    );
  });
});

describe("what goes wrong", () => {
  const broken = () =>
    createEcho({
      say() {
        throw new TypeError("a bug");
      },
    });

  it("in a handler is the cause of the error, and stands in the log", async () => {
    await using server = await createTestServer({ modules: [broken()] });
    const guest = await server.guest();
    await expect(guest.module(Echo).say({ text: "hi", times: 1 })).rejects.toMatchObject({
      code: "internal",
      message: "[internal] Internal Server Error",
      cause: expect.objectContaining({ message: "a bug" }),
    });
    expect(server.logs).toContainEqual(
      expect.objectContaining({ level: "error", message: "A handler failed" }),
    );
    expect(server.metrics.runtime.internalErrors).toBe(1);
  });

  it("in what a client sends that keeps to no contract is answered [bad-1] [bad-3]", async () => {
    await using server = await createTestServer(counter());
    const guest = await server.guest();
    await expect(guest.call("Nowhere", "Nothing")).rejects.toMatchObject({ code: "notFound" });
    await expect(guest.call("User", "Login", { username: 5 })).rejects.toMatchObject({
      code: "paramParseFail",
    });
    await expect(guest.call(PushModule.number, 1, {})).rejects.toMatchObject({ code: "notFound" });
    const alice = await server.user();
    expect(await alice.call("Counter", 2, { NAME: "a", by: 1 })).toEqual({ name: "a", value: 1 });
  });

  it("says when to try again", async () => {
    const busy = createEcho({
      say: () => {
        throw fail("tooManyRequests", { retryAfterMs: 1_500 });
      },
    });
    await using server = await createTestServer({ modules: [busy] });
    for (const encoding of ["json", "protobuf"] as const) {
      const guest = await server.guest({ encoding });
      await expect(guest.module(Echo).say({ text: "hi", times: 1 })).rejects.toMatchObject({
        code: "tooManyRequests",
        retryAfterMs: 1_500,
      });
    }
  });

  it("tells of a call that waits for the clock, and of one on a connection that is gone", async () => {
    await using server = await createTestServer(counter());
    const alice = await server.user();
    const calls = alice.module(Counter);
    await expect(calls.await({ name: "a", value: 1 }, { timeoutMs: 10 })).rejects.toThrow(
      "server.clock.advance(ms)",
    );
    const lost = expect(calls.await({ name: "a", value: 1 })).rejects.toMatchObject({
      code: "connectionLost",
    });
    await alice.disconnect();
    await lost;
    await expect(calls.add({ name: "a", by: 1 })).rejects.toMatchObject({
      code: "notConnected",
      mayHaveRun: false,
    });
  });

  it("when it starts is thrown, and everything is closed", async () => {
    const failing = createEcho(
      {},
      {
        start: () => {
          throw new Error("no start");
        },
      },
    );
    await expect(createTestServer({ modules: [failing] })).rejects.toThrow("no start");
    await expect(createTestServer({ config: { user: { accessTokenTtlMs: -1 } } })).rejects.toMatchObject({
      code: "configInvalid",
    });
  });
});

describe("instances", () => {
  it("are called by name in JSON, and refused where protobuf has no place for them [module-2]", async () => {
    const instance = createEcho({ say: () => ({ text: "eu", times: 1 }) }, { instance: "eu" });
    await using server = await createTestServer({ modules: [createEcho(), instance] });
    const guest = await server.guest();
    const eu = guest.module(Echo, { instance: "eu" });
    expect((await eu.say({ text: "hi", times: 1 })).text).toBe("eu");
    expect((await guest.module(Echo).say({ text: "hi", times: 1 })).text).toBe("hi");
    const other = await server.guest({ encoding: "protobuf" });
    expect(() => other.module(Echo, { instance: "eu" })).toThrow("use a JSON client");
  });
});

describe("the end of a test", () => {
  it("leaves no timer behind, whatever was under way", async () => {
    const timers = new Set<number>();
    const hook = createHook({
      init: (id, type) => void (type === "Timeout" && timers.add(id)),
      destroy: (id) => void timers.delete(id),
    }).enable();
    try {
      const server = await createTestServer(counter());
      const alice = await server.user();
      await server.user({ username: alice.username });
      const bob = await server.user();
      void bob.module(Counter).await({ name: "a", value: 1 });
      void bob.waitForPush(Counter.pushes.changed);
      await server.close();
      expect(server.clock.timers).toBeLessThanOrEqual(1); // the line of time limits looks once more
    } finally {
      hook.disable();
    }
    await settle();
    expect([...timers]).toEqual([]);
  });

  it("comes soon with a module that does not stop by itself", async () => {
    const hanging = createEcho({}, { stop: () => new Promise<void>(() => {}) });
    const server = await createTestServer({ modules: [hanging] });
    await server.close();
    expect(server.logs).toContainEqual(expect.objectContaining({ message: "A module did not stop in time" }));
  });

  it("has told modules of it, after the sessions have ended", async () => {
    const heard: string[] = [];
    const module = createEcho(
      {},
      { sessionEnded: () => void heard.push("session"), stop: () => void heard.push("stop") },
    );
    const server = await createTestServer({ modules: [module] });
    await server.guest();
    await server.close();
    expect(heard).toEqual(["session", "stop"]);
  });
});

it("takes less than 50 ms for a server, two users, a call and a push", async () => {
  const runOnce = async (): Promise<number> => {
    const startedMs = performance.now();
    await using server = await createTestServer(counter());
    const [alice, bob] = [await server.user(), await server.user()];
    await alice.module(Counter).watch({ name: "a" });
    await bob.module(Counter).add({ name: "a", by: 1 });
    await alice.waitForPush(Counter.pushes.changed);
    return performance.now() - startedMs;
  };
  const tookMs: number[] = [];
  for (let run = 0; run < 10; run += 1) tookMs.push(await runOnce());
  expect(tookMs.sort((a, b) => a - b)[5]).toBeLessThan(50);
});
