/**
 * Module 3, Push, as trusted programs use it: over HTTP with the admin token, seen by the clients that it pushes to.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { probeModule } from "../conformance/probe.ts";
import { PASSWORD, randomName, registration } from "../conformance/harness.ts";
import { call, request, type Reply } from "../support/http.ts";
import { RawClient } from "../support/raw-client.ts";
import { readProtobufAnswer } from "../support/raw-answer.ts";
import { registerSecret } from "../support/secrets.ts";
import { startServer, type TestServer } from "../support/server.ts";

const ADMIN = randomBytes(24).toString("base64url");
const ORIGIN = "https://game.example";
const NOT_FOUND = { state: 0xfc, msg: "Not Found" };

registerSecret(ADMIN);

let server: TestServer;
const sessions: string[] = [];
beforeAll(async () => {
  server = await startServer({
    settings: {
      http: { adminToken: ADMIN, corsOrigins: [ORIGIN] },
      outbox: { maxPerUser: 3 },
      user: { singleLogin: "allow" },
    },
    modules: [probeModule],
    callbacks: { onConnect: ({ sessionId }) => void sessions.push(sessionId) },
  });
});
afterAll(() => server.stop());
beforeEach(() => void (sessions.length = 0));

/** A client that listens, and its session's id. */
async function listener(topics: readonly string[] = ["p"]): Promise<{ client: RawClient; session: string }> {
  const client = await RawClient.ready(server.mqttUrl, { topics });
  return { client, session: sessions.at(-1) ?? "" };
}

async function register(client: RawClient, username: string): Promise<string> {
  const { result } = await client.user("Register", registration(username));
  return (result as { result: string }).result;
}

const asAdmin = (func: string, params: object, token = ADMIN): Promise<Reply> =>
  call(server.ports.http, `Push/${func}`, params, token);

async function send(params: object): Promise<unknown> {
  const reply = await asAdmin("Send", { module: 11, pushType: 7, ...params });
  expect(reply.status).toBe(200);
  return (reply.json() as { data: unknown }).data;
}

async function takeText(client: RawClient): Promise<string> {
  const push = JSON.parse(Buffer.from(client.open(await client.takePublish("p"))).toString()) as {
    Module: number;
    PushType: number;
    Content: string;
  };
  expect(push).toMatchObject({ Module: 11, PushType: 7 });
  return Buffer.from(push.Content, "base64").toString();
}

async function metric(name: string): Promise<number> {
  const { body } = await request(server.ports.http, "/metrics");
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(body)?.[1]);
}

describe("a push by HTTP goes to", () => {
  test("a session, several, and nobody else", async () => {
    const [a, b, c] = [await listener(), await listener(), await listener()];
    await using first = a.client;
    await using second = b.client;
    await using third = c.client;
    expect(await send({ sessions: [a.session], json: '{"to":"one"}' })).toEqual({ sent: 1 });
    expect(await send({ sessions: [a.session, b.session, "gone"], json: "two" })).toEqual({ sent: 2 });
    expect([await takeText(first), await takeText(first)]).toEqual(['{"to":"one"}', "two"]);
    expect(await takeText(second)).toBe("two");
    await third.quiet();
  });

  test("a user on every connection, and to a list of users", async () => {
    const [a, b, c] = [await listener(), await listener(), await listener()];
    await using first = a.client;
    await using again = b.client;
    await using other = c.client;
    const username = randomName();
    const user = await register(first, username);
    await again.user("Login", { username, password: PASSWORD });
    const otherUser = await register(other, randomName());
    expect(await send({ users: [user], json: "mine" })).toEqual({ sent: 2 });
    expect(await send({ users: [user, otherUser], json: "both" })).toEqual({ sent: 3 });
    for (const client of [first, again])
      expect([await takeText(client), await takeText(client)]).toEqual(["mine", "both"]);
    expect(await takeText(other)).toBe("both");
  });

  test("a group that sessions have joined, until they leave it", async () => {
    const [a, b, c] = [await listener(), await listener(), await listener()];
    await using first = a.client;
    await using second = b.client;
    await using third = c.client;
    const group = randomName();
    const join = await asAdmin("Join", { group, sessions: [a.session, b.session, "gone"] });
    expect(join.json()).toMatchObject({ state: 0, data: { joined: 2 } });
    expect(await send({ groups: [group], json: "in" })).toEqual({ sent: 2 });
    expect([await takeText(first), await takeText(second)]).toEqual(["in", "in"]);
    expect((await asAdmin("Leave", { group, sessions: [a.session] })).json()).toMatchObject({ state: 0 });
    await second.end();
    await expect.poll(() => send({ groups: [group], json: "nobody" })).toEqual({});
    await first.quiet();
    await third.quiet();
  });

  test("everyone, logged in or not, once each", async () => {
    const [a, b] = [await listener(), await listener()];
    await using first = a.client;
    await using second = b.client;
    await register(first, randomName());
    expect(await send({ everyone: true, sessions: [a.session], json: "all" })).toMatchObject({ sent: 2 });
    expect([await takeText(first), await takeText(second)]).toEqual(["all", "all"]);
    await first.quiet();
  });

  test("[push-2] protobuf to q and p, and with both forms given to each as it listens", async () => {
    const [a, b] = [await listener(["p", "q"]), await listener(["q"])];
    await using both = a.client;
    await using protobufOnly = b.client;
    const protobuf = Buffer.of(8, 1).toString("base64");
    const to = [a.session, b.session];
    await send({ sessions: to, protobuf });
    for (const client of [both, protobufOnly]) {
      const frame = readProtobufAnswer(client.open(await client.takePublish("q")));
      expect(frame).toMatchObject({ module: 11, func: 7, msg: "push", state: 0 });
      expect(Buffer.from(frame.result ?? []).toString("base64")).toBe(protobuf);
    }
    expect(Buffer.from(await takeText(both)).toString("base64")).toBe(protobuf);
    await send({ sessions: to, protobuf, json: "text" });
    expect(await takeText(both)).toBe("text");
    expect(
      Buffer.from(readProtobufAnswer(protobufOnly.open(await protobufOnly.takePublish("q"))).result ?? []),
    ).toEqual(Buffer.of(8, 1));
    await both.quiet();
  });
});

describe("a push to a user who is away", () => {
  async function away(): Promise<{ user: string; comeBack: () => Promise<RawClient> }> {
    const username = randomName();
    const { client } = await listener();
    const user = await register(client, username);
    await client.end();
    await expect.poll(() => send({ users: [user], json: "lost" })).toEqual({ dropped: 1 });
    return {
      user,
      async comeBack() {
        const back = await RawClient.ready(server.wsUrl, { topics: ["p"] });
        expect((await back.user("Login", { username, password: PASSWORD })).state).toBe(0);
        return back;
      },
    };
  }

  test("is dropped and counted, unless it asks to be kept", async () => {
    const { user, comeBack } = await away();
    const before = await metric("mqplay_pushes_dropped_total");
    expect(await send({ users: [user], json: "lost" })).toEqual({ dropped: 1 });
    expect(await metric("mqplay_pushes_dropped_total")).toBe(before + 1);
    await using back = await comeBack();
    await back.quiet();
  });

  test("is kept where it asks for it, and delivered after the next login in order, once", async () => {
    const { user, comeBack } = await away();
    const before = await metric("mqplay_pushes_kept_total");
    for (const json of ["1", "2", "3"])
      expect(await send({ users: [user], json, keepS: 60 })).toEqual({ kept: 1 });
    expect(await metric("mqplay_pushes_kept_total")).toBe(before + 3);
    await using back = await comeBack();
    expect([await takeText(back), await takeText(back), await takeText(back)]).toEqual(["1", "2", "3"]);
    await back.user("Logout");
    await back.quiet();
    await using again = await comeBack();
    await again.quiet();
  });

  test("is kept up to a number, beyond which the oldest are dropped and counted", async () => {
    const { user, comeBack } = await away();
    const before = await metric("mqplay_pushes_dropped_total");
    for (const json of ["1", "2", "3", "4", "5"]) await send({ users: [user], json, keepS: 60 });
    expect(await metric("mqplay_pushes_dropped_total")).toBe(before + 2);
    await using back = await comeBack();
    expect([await takeText(back), await takeText(back), await takeText(back)]).toEqual(["3", "4", "5"]);
    await back.quiet();
  });

  test("is kept for as long as the configuration allows, whatever it asks for", async () => {
    await using short = await startServer({
      settings: { http: { adminToken: ADMIN }, outbox: { maxTtlMs: 1 } },
    });
    const username = randomName();
    await using client = await RawClient.ready(short.mqttUrl, { topics: ["p"] });
    const user = await register(client, username);
    await client.end();
    const params = { module: 11, pushType: 7, users: [user], json: "late", keepS: 60 };
    await expect
      .poll(async () => (await call(short.ports.http, "Push/Send", params, ADMIN)).json())
      .toMatchObject({ data: { kept: 1 } });
    // The password's hash takes longer than that.
    await using back = await RawClient.ready(short.mqttUrl, { topics: ["p"] });
    expect((await back.user("Login", { username, password: PASSWORD })).state).toBe(0);
    await back.quiet();
  });
});

describe("the admin token", () => {
  const everyone = { module: 11, pushType: 7, everyone: true, json: "x" };
  const from = (headers: Record<string, string>): Promise<Reply> =>
    request(server.ports.http, "/call/Push/Send", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(everyone),
    });

  test("[module-4] is all that opens Push: without it, and by MQTT, there is no such module", async () => {
    await using client = await RawClient.ready(server.mqttUrl, { topics: ["p"] });
    await register(client, randomName());
    expect((await client.callJson({ module: "Push", func: "Send", params: everyone })).state).toBe(0xfc);
    expect((await client.callJson({ module: 3, func: 1, params: everyone })).state).toBe(0xfc);
    for (const path of ["Push/Send", "3/1", "Probe/InternalOnly", "Push/Nope"]) {
      const reply = await call(server.ports.http, path, everyone);
      expect(reply.status).toBe(404);
      expect(reply.json()).toEqual(NOT_FOUND);
    }
    await client.quiet();
  });

  test("opens what an application's modules have for each other, too, and says what is wrong with a call", async () => {
    expect((await call(server.ports.http, "Probe/InternalOnly", {}, ADMIN)).status).toBe(200);
    expect((await call(server.ports.http, "Push/Nope", {}, ADMIN)).json()).toEqual(NOT_FOUND);
    expect((await asAdmin("Send", { json: 5 })).json()).toMatchObject({ state: 0xfe });
    expect((await asAdmin("Send", { json: "x" })).json()).toMatchObject({ state: 2 });
    expect((await asAdmin("Send", { everyone: true })).json()).toMatchObject({ state: 1 });
  });

  test("is nobody's login", async () => {
    const self = await call(server.ports.http, "User/GetSelfInfo", {}, ADMIN);
    expect(self.status).toBe(401);
    expect(self.json()).toMatchObject({ state: 0xf2 });
  });

  test("[http-1] works for no page of the web, of an allowed origin or of another, and none may read such a reply", async () => {
    const authorization = { Authorization: `Bearer ${ADMIN}` };
    for (const origin of [ORIGIN, "https://evil.example", server.httpUrl, "null"])
      expect((await from({ ...authorization, Origin: origin })).json()).toEqual(NOT_FOUND);
    const trusted = await from(authorization);
    expect(trusted.status).toBe(200);
    expect(trusted.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("is not looked at for a while after wrong ones from its address, and wrong ones get what anybody gets", async () => {
    await using own = await startServer({ settings: { http: { adminToken: ADMIN } } });
    const show = (token: string): Promise<Reply> => call(own.ports.http, "Push/Send", everyone, token);
    expect((await show(ADMIN)).status).toBe(200);
    for (let round = 0; round < 10; round++) {
      const wrong = await show(`${ADMIN.slice(0, -1)}${round === 9 ? "!" : "?"}`);
      expect(wrong.status).toBe(404);
      expect(wrong.json()).toEqual(NOT_FOUND);
    }
    const limited = await show(ADMIN);
    expect(limited.status).toBe(429);
    expect(Number(limited.headers["retry-after"])).toBeGreaterThan(0);
    expect(limited.json()).toMatchObject({
      state: 0xed,
      data: { retryAfterMs: expect.any(Number) as unknown },
    });
    // Players of the same address are not touched.
    expect((await call(own.ports.http, "User/GetSelfInfo")).status).toBe(401);
    expect(own.log.filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  test("is off by default, and must be long", async () => {
    await using bare = await startServer();
    expect((await call(bare.ports.http, "Push/Send", everyone, ADMIN)).json()).toEqual(NOT_FOUND);
    expect((await call(bare.ports.http, "Push/Send", everyone, "")).json()).toEqual(NOT_FOUND);
    for (const adminToken of ["short", "x".repeat(31), `${"x".repeat(31)} `, "é".repeat(40)]) {
      const failure: unknown = await startServer({ settings: { http: { adminToken } } }).catch(
        (e: unknown) => e,
      );
      expect(failure).toMatchObject({ code: "configInvalid" });
      expect(String(failure)).not.toContain(adminToken);
    }
  });
});
