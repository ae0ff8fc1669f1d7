/**
 * JSON that is meant to break its reader, as calls on `i` and by HTTP: each is answered, changes nothing that it should
 * not, and the connection lives on. [bad-3] [bad-7]
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request } from "../support/http.ts";
import { isRecord } from "../support/raw-answer.ts";
import { RawClient } from "../support/raw-client.ts";
import { startServer, type TestServer } from "../support/server.ts";

const PARSE_FAIL = 0xfe;
const NOT_ALLOWED = 0xfd;
const NOT_FOUND = 0xfc;

let server: TestServer;
beforeAll(async () => {
  const free = { freeFailures: 1_000_000 };
  server = await startServer({
    settings: { lockout: { account: free, address: free }, gate: { maxDroppedPerMinute: 10_000 } },
  });
});
afterAll(async () => {
  await server.stop();
});

const login = (params: string): string => `{"module":"User","func":"Login","params":${params}}`;
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const nestedObjects = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

/** Parameters of Login, and the states that may be answered; what is not right is wrong credentials or no parameters. */
const params: readonly (readonly [string, string, readonly number[]])[] = [
  ["__proto__ beside the names", '{"__proto__":{"polluted":1},"username":"a","password":"b"}', [1]],
  ["__proto__ in place of the names", '{"__proto__":{"username":"a","password":"b"}}', [1, PARSE_FAIL]],
  [
    "a constructor's prototype",
    '{"constructor":{"prototype":{"polluted":1}},"username":"a","password":"b"}',
    [1],
  ],
  [
    "toString and valueOf",
    '{"toString":1,"valueOf":1,"hasOwnProperty":1,"username":"a","password":"b"}',
    [1],
  ],
  ["10,000 arrays in one another", nested(10_000), [PARSE_FAIL]],
  [
    "arrays in one another under a name that is not known",
    `{"username":"a","password":"b","x":${nested(10_000)}}`,
    [1, PARSE_FAIL],
  ],
  [
    "arrays in one another under a name that is",
    `{"username":${nested(10_000)},"password":"b"}`,
    [PARSE_FAIL],
  ],
  ["objects in one another", nestedObjects(8_000), [1, PARSE_FAIL]],
  ["a number beyond all numbers", '{"username":1e999,"password":"b"}', [PARSE_FAIL]],
  ["a number of 10,000 digits", `{"username":"a","password":${"9".repeat(10_000)}}`, [PARSE_FAIL]],
  ["half a character", String.raw`{"username":"\ud800","password":"\udfff"}`, [1, PARSE_FAIL]],
  ["a zero byte", String.raw`{"username":"a\u0000b","password":"\u0000"}`, [1]],
  ["a name of 60,000 characters", `{"username":"${"a".repeat(60_000)}","password":"b"}`, [NOT_ALLOWED]],
  ["a password of 60,000 characters", `{"username":"a","password":"${"b".repeat(60_000)}"}`, [NOT_ALLOWED]],
  [
    "a name that grows when it is normalised",
    `{"username":"${"\uFDFA".repeat(15_000)}","password":"b"}`,
    [NOT_ALLOWED],
  ],
  ["the same key 5,000 times", `{${'"username":"a",'.repeat(4_000)}"password":"b"}`, [1]],
  [
    "5,000 keys",
    `{${Array.from({ length: 5_000 }, (_, n) => `"k${n}":0`).join(",")},"username":"a","password":"b"}`,
    [1],
  ],
  ["an array", '["a","b"]', [PARSE_FAIL]],
  ["a text", '"a"', [PARSE_FAIL]],
  ["true", "true", [PARSE_FAIL]],
];

/** Envelopes, and the states that may be answered. */
const envelopes: readonly (readonly [string, string, readonly number[]])[] = [
  ["no JSON", "{", [PARSE_FAIL]],
  ["NaN", "NaN", [PARSE_FAIL]],
  ["null", "null", [PARSE_FAIL]],
  ["a number", "1e999", [PARSE_FAIL]],
  ["200,000 brackets", "[".repeat(200_000), [PARSE_FAIL]],
  ["objects in one another", nestedObjects(30_000), [PARSE_FAIL, NOT_FOUND]],
  [
    "__proto__ as the envelope",
    '{"__proto__":{"module":"User","func":"GetSelfInfo"}}',
    [PARSE_FAIL, NOT_FOUND],
  ],
  ["__proto__ as module", '{"module":"__proto__","func":"constructor"}', [NOT_FOUND]],
  ["constructor as func", '{"module":"User","func":"constructor"}', [NOT_FOUND]],
  ["a module beyond all numbers", '{"module":1e999,"func":1}', [PARSE_FAIL, NOT_FOUND]],
  ["a module of -1", '{"module":-1,"func":1}', [PARSE_FAIL, NOT_FOUND]],
  ["a module of 2.5", '{"module":2.5,"func":1}', [PARSE_FAIL, NOT_FOUND]],
  ["a module of 2^53", '{"module":9007199254740993,"func":1}', [PARSE_FAIL, NOT_FOUND]],
  [
    "a module that is half a character",
    String.raw`{"module":"\ud800","func":"Login"}`,
    [PARSE_FAIL, NOT_FOUND],
  ],
  [
    "an id that is half a character",
    String.raw`{"module":"User","func":"Nope","id":"\ud800"}`,
    [PARSE_FAIL, NOT_FOUND],
  ],
  ["an id beyond all numbers", '{"module":"User","func":"Nope","id":1e999}', [PARSE_FAIL, NOT_FOUND]],
  [
    "an id that is an object",
    '{"module":"User","func":"Nope","id":{"__proto__":1}}',
    [PARSE_FAIL, NOT_FOUND],
  ],
  ["bytes that are no UTF-8", "\u0000", [PARSE_FAIL]],
];

function expectNothingPolluted(): void {
  // The server is in this process.
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
  expect(Reflect.get({}, "username")).toBeUndefined();
}

describe("on i", () => {
  test.each([...params.map(([name, text, states]) => [name, login(text), states] as const), ...envelopes])(
    "%s is answered, and the connection lives on",
    async (_name, text, states) => {
      await using client = await RawClient.ready(server.mqttUrl);
      const answer = await client.callJson(text);
      expect(states).toContain(answer.state);
      expect(answer.text).not.toContain("\uFFFD");
      expectNothingPolluted();
      expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
      await client.quiet();
    },
  );

  test("a name of half characters is not registered", async () => {
    await using client = await RawClient.ready(server.mqttUrl);
    const call = String.raw`{"module":"User","func":"Register","params":{"username":"player\ud800","password":"correct horse"}}`;
    expect([1, PARSE_FAIL]).toContain((await client.callJson(call)).state);
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
  });
});

describe("by HTTP", () => {
  test.each(params)("%s is answered", async (_name, body, states) => {
    const reply = await request(server.ports.http, "/call/User/Login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    const answer = reply.json();
    const state = isRecord(answer) ? answer["state"] : undefined;
    // What is larger than the limit for bodies is not even read.
    expect([...states, 0xec]).toContain(state);
    expect(state === 0xec).toBe(Buffer.byteLength(body) > server.config.http.maxBodyBytes);
    expectNothingPolluted();
  });

  test.each([
    "__proto__/constructor",
    "User/__proto__",
    "constructor/call",
    "User/toString",
    "%ED%A0%80/Login",
    "2/1e1",
    "2/99999999999999999999",
  ])("/call/%s is not found", async (target) => {
    const reply = await request(server.ports.http, `/call/${target}`, { method: "POST" });
    expect(reply.status).toBe(404);
    expect(reply.json()).toMatchObject({ state: NOT_FOUND });
  });
});

test("none of this was an error of the server's", () => {
  expect(server.phase).toBe("running");
  expect(server.log.filter(({ level }) => level === "error")).toEqual([]);
});
