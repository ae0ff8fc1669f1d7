/**
 * docs/protocol.md, "Calls", "Answers" and "States".
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { States } from "@mqplay/shared";
import { describe, expect } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { protobufCall, readFields, textField } from "../support/raw-answer.ts";
import { PASSWORD, randomName, registration, serverUnderTest, test, transports } from "./harness.ts";

const server = serverUnderTest();

const NEED_LOGIN = { msg: "Need Login first", state: 0xf9 };
const WHO = { module: "User", func: "GetSelfInfo" };

describe.each(transports)("over %s", (transport) => {
  const ready = (topics: readonly string[] = []) => RawClient.ready(server.url(transport), { topics });

  /** A client that is logged in under a new name. */
  async function loggedIn(): Promise<{ client: RawClient; username: string }> {
    const client = await ready();
    const username = randomName();
    expect((await client.user("Register", registration(username))).state).toBe(0);
    return { client, username };
  }

  // ——— calls ———

  test("[call-1] takes module, func and params as JSON on i", async () => {
    await using client = await ready();
    const username = randomName();
    const params = registration(username);
    expect(
      (await client.callJson(`{"module":"User","func":"Register","params":${JSON.stringify(params)}}`)).state,
    ).toBe(0);
    const spaced = '\n { "params" : null , "func" : "GetSelfInfo" , "module" : "User" } \t';
    expect((await client.callJson(spaced)).result).toMatchObject({ userData: { UserName: username } });
  });

  for (const [what, call] of [
    ["missing", WHO],
    ["null", { ...WHO, params: null }],
    ["empty", { ...WHO, params: {} }],
    ["more than the function knows", { ...WHO, params: { more: [1, { deep: true }] }, extra: "key" }],
  ] as const) {
    test(`[call-1] runs a function without parameters when params are ${what}`, async () => {
      const { client, username } = await loggedIn();
      await using _ = client;
      expect((await client.callJson(call)).result).toMatchObject({ userData: { UserName: username } });
    });
  }

  test("[call-2] finds keys of the envelope and of params in any case", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    const wrong = { Module: "User", FUNC: "Login", pArams: { UserName: username, PASSWORD: "wrong" } };
    expect(await client.callJson(wrong)).toMatchObject({ state: 1, result: null });
    const right = { Module: "User", FUNC: "Login", pArams: { UserName: username, PASSWORD } };
    expect((await client.callJson(right)).state).toBe(0);
  });

  test("[call-2] prefers the exact spelling, wherever it stands", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    for (const call of [
      `{"MODULE":"Nope","module":"User","func":"GetSelfInfo","Func":"Nope"}`,
      `{"module":"User","Module":"Nope","FUNC":"Nope","func":"GetSelfInfo"}`,
    ]) {
      expect((await client.callJson(call)).state, call).toBe(0);
    }
    const login = (params: string) => client.callJson(`{"module":"User","func":"Login","params":${params}}`);
    const [name, password] = [JSON.stringify(username), JSON.stringify(PASSWORD)];
    expect(
      (await login(`{"USERNAME":"x","username":${name},"Password":"x","password":${password}}`)).state,
    ).toBe(0);
    expect(
      (await login(`{"username":${name},"USERNAME":"x","password":${password},"Password":"x"}`)).state,
    ).toBe(0);
  });

  test("[call-3] takes numbers for module and func", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    for (const call of [
      { module: 2, func: 4 },
      { module: "User", func: 4 },
      { module: 2, func: "GetSelfInfo" },
    ]) {
      expect((await client.callJson(call)).result).toMatchObject({ userData: { UserName: username } });
    }
  });

  for (const id of ["a", "", "x".repeat(64), "é".repeat(32), 0, 7, -1, Number.MAX_SAFE_INTEGER]) {
    test(`[call-3] echoes the id ${JSON.stringify(id)}, whatever the state`, async () => {
      await using client = await ready();
      expect((await client.callJson({ ...WHO, id })).body).toEqual({ ...NEED_LOGIN, id });
      expect((await client.callJson({ module: "Nope", func: "Nope", id })).id).toBe(id);
      const username = randomName();
      expect(
        (await client.callJson({ module: "User", func: "Register", params: registration(username), id })).id,
      ).toBe(id);
    });
  }

  test("[call-3] adds no id to the answer of a call without one", async () => {
    await using client = await ready();
    expect((await client.callJson(WHO)).body).not.toHaveProperty("id");
  });

  for (const [what, id] of [
    ["of 65 bytes", "x".repeat(65)],
    ["of 33 characters that are 66 bytes", "é".repeat(33)],
    ["that is an object", {}],
    ["that is true", true],
    ["that is no integer", 1.5],
  ] as const) {
    test(`[call-3] [bad-3] refuses an id ${what}`, async () => {
      await using client = await ready();
      expect((await client.callJson({ ...WHO, id })).state).toBe(0xfe);
    });
  }

  test("[call-4] takes two numbers and the parameters' protobuf on f", async () => {
    await using client = await ready();
    const username = randomName();
    const registered = await client.callProtobuf(protobufCall(2, 2, username, PASSWORD, "9966"));
    expect(registered).toMatchObject({ module: 2, func: 2, state: 0, msg: "" });
    expect(textField(registered.result, 1)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const who = await client.callProtobuf(protobufCall(2, 4));
    const userData = readFields(who.result ?? new Uint8Array()).get(1);
    expect(userData instanceof Uint8Array && textField(userData, 1)).toBe(username);
  });

  test("[call-4] takes parameters whose zero values are written out, and unknown fields", async () => {
    await using client = await ready();
    // username and password as empty strings, then field 15 as a varint.
    const frame = Uint8Array.of(2, 1, 0x0a, 0, 0x12, 0, 0x78, 1);
    expect((await client.callProtobuf(frame)).state).not.toBe(0xfe);
  });

  // ——— answers ———

  test("[answer-1] answers after the PUBACK, on the topic and with the packet identifier of the call", async () => {
    await using client = await ready(["i", "f"]);
    for (const messageId of [1, 2, 255, 256, 4_711, 65_535]) {
      client.sendJson(WHO, { messageId });
      expect(await client.next()).toMatchObject({ cmd: "puback", messageId });
      expect(await client.next()).toMatchObject({
        cmd: "publish",
        topic: "i",
        messageId,
        qos: 1,
        retain: false,
        dup: false,
      });
      client.sendProtobuf(protobufCall(2, 4), { messageId });
      expect(await client.next()).toMatchObject({ cmd: "puback", messageId });
      expect(await client.next()).toMatchObject({
        cmd: "publish",
        topic: "f",
        messageId,
        qos: 1,
        retain: false,
        dup: false,
      });
    }
    await client.quiet();
  });

  test("[answer-1] lets two connections use the same packet identifier at once", async () => {
    const [left, right] = [await loggedIn(), await loggedIn()];
    await using _left = left.client;
    await using _right = right.client;
    const messageId = 500;
    const answers = await Promise.all([left, right].map(({ client }) => client.callJson(WHO, { messageId })));
    expect(answers.map(({ result }) => result)).toMatchObject([
      { userData: { UserName: left.username } },
      { userData: { UserName: right.username } },
    ]);
  });

  test("[answer-2] answers with nothing but result, msg and state", async () => {
    await using client = await ready();
    const username = randomName();
    for (const answer of [
      await client.callProtobuf(protobufCall(2, 4)),
      await client.callProtobuf(protobufCall(2, 2, username, PASSWORD)),
      await client.callProtobuf(protobufCall(2, 1, username, "wrong")),
      await client.callProtobuf(protobufCall(2, 99)),
    ]) {
      const fields = [...readFields(answer.plain.subarray(2)).keys()];
      expect(fields.filter((field) => field < 1 || field > 3)).toEqual([]);
    }
    expect(Object.keys((await client.user("GetSelfInfo")).body).toSorted()).toEqual(["result"]);
  });

  test("[answer-3] leaves zero values out: a success without a result is result null alone", async () => {
    const { client } = await loggedIn();
    await using _ = client;
    expect((await client.user("Logout")).body).toEqual({ result: "bnVsbA==" });
  });

  test("[answer-3] gives null as result when the function ran and failed", async () => {
    await using client = await ready();
    const answer = await client.user("Login", { username: randomName(), password: "wrong" });
    expect(answer.body).toEqual({ result: "bnVsbA==", msg: "UserName or Password Error", state: 1 });
  });

  test("[answer-3] gives no result when the function did not run", async () => {
    await using client = await ready();
    expect((await client.callJson(WHO)).body).toEqual(NEED_LOGIN);
    expect((await client.user("Nope")).body).toEqual({ msg: "Not Found", state: 0xfc });
    expect((await client.user("Login", { username: 7 })).body).toEqual({
      msg: "Param Parse Fail",
      state: 0xfe,
    });
  });

  test("[answer-3] gives the result as base64 of its JSON text", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    const { body } = await client.user("GetSelfInfo");
    expect(Object.keys(body)).toEqual(["result"]);
    const text = Buffer.from(String(body["result"]), "base64").toString("utf8");
    expect(JSON.parse(text)).toEqual({
      userData: { UserName: username, UserID: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  });

  test.ours("[answer-3] gives null for nothing and {} for an empty message", async () => {
    await using client = await ready();
    expect((await client.callJson({ module: "Probe", func: "Nothing" })).body).toEqual({
      result: "bnVsbA==",
    });
    expect((await client.callJson({ module: "Probe", func: "Empty" })).body).toEqual({ result: "e30=" });
    expect((await client.callJson({ module: "Probe", func: "Refuses" })).body).toEqual({
      result: "bnVsbA==",
      msg: "Refused",
      state: 1,
    });
  });

  test("[answer-4] answers on f with the two bytes of the call, then AllResponse", async () => {
    await using client = await ready();
    const answer = await client.callProtobuf(protobufCall(2, 4));
    expect(Buffer.from(answer.plain).toString("hex")).toBe("020412104e656564204c6f67696e20666972737418f901");
    expect(answer.result).toBeUndefined();
    const wrong = await client.callProtobuf(protobufCall(2, 1, randomName(), "wrong"));
    expect(wrong).toMatchObject({
      module: 2,
      func: 1,
      state: 1,
      msg: "UserName or Password Error",
      result: undefined,
    });
  });

  test("[answer-4] answers a success without a result with state 0 and no result", async () => {
    const { client } = await loggedIn();
    await using _ = client;
    expect(await client.callProtobuf(protobufCall(2, 5))).toMatchObject({
      module: 2,
      func: 5,
      state: 0,
      msg: "",
      result: undefined,
    });
  });

  test("[answer-5] answers each of many calls in flight exactly once", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    const expected = new Map<string, number>();
    for (let round = 0; round < 30; round++) {
      expected.set(`i ${client.sendJson(WHO)}`, 0);
      expected.set(`f ${client.sendProtobuf(protobufCall(2, 4))}`, 0);
      expected.set(`i ${client.sendJson({ module: "Nope", func: "x" })}`, 0xfc);
      if (round % 10 === 0)
        expected.set(
          `i ${client.sendJson({ module: "User", func: "Login", params: { username, password: "wrong" } })}`,
          1,
        );
    }
    const states = new Map<string, number>();
    for (let count = 0; count < expected.size; count++) {
      const packet = await client.take("publish");
      const key = `${packet.topic} ${packet.messageId}`;
      expect(states.has(key), `a second answer to ${key}`).toBe(false);
      states.set(
        key,
        packet.topic === "i" ? stateOfJson(client.open(packet)) : stateOfProtobuf(client.open(packet)),
      );
    }
    expect(states).toEqual(expected);
    const rest = (await client.settle()).filter((packet) => packet.cmd !== "puback");
    expect(rest).toEqual([]);
  });

  test("[answer-5] answers a fast call before a slow one that came earlier", async () => {
    await using client = await ready();
    const slow = client.sendJson({ module: "User", func: "Register", params: registration(randomName()) });
    const fast = client.sendJson(WHO);
    const first = await client.take("publish");
    const second = await client.take("publish");
    expect([first.messageId, second.messageId]).toEqual([fast, slow]);
  });

  // ——— states ———

  test("[state-1] says 0 for success, 1 2 3 for a function's own errors, from 0xff downwards the general ones", async () => {
    const { client, username } = await loggedIn();
    await using _ = client;
    expect((await client.user("GetSelfInfo")).state).toBe(0);
    expect((await client.user("Login", { username, password: "wrong" })).state).toBe(1);
    expect((await client.user("Register", registration(username))).state).toBe(2);
    expect((await client.user("Nope")).state).toBe(0xfc);
  });
});

test("[state-2] has the same states on the page as in the code", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/protocol.md"), "utf8");
  const rows = [...page.matchAll(/^\| (0x[0-9a-f]{2}) (\d+) \| (\w+) \| (.+?) \| [DO] \|$/gm)];
  const onPage = rows.map(([, hex, decimal, name = "", msg]) => {
    expect(Number(hex)).toBe(Number(decimal));
    return [name.charAt(0).toLowerCase() + name.slice(1), Number(hex), msg];
  });
  const inCode = Object.entries(States).map(([name, { state, msg }]) => [name, state, msg]);
  expect(onPage).toEqual(inCode);
  expect(new Set(onPage.map(([, state]) => state)).size).toBe(19);
});

function stateOfJson(plain: Uint8Array): number {
  const { state = 0 } = JSON.parse(Buffer.from(plain).toString("utf8")) as { state?: number };
  return state;
}

function stateOfProtobuf(plain: Uint8Array): number {
  const state = readFields(plain.subarray(2)).get(3) ?? 0;
  return typeof state === "number" ? state : -1;
}
