/**
 * docs/protocol.md, "What bad input gets".
 */
import { describe, expect } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { protobufCall } from "../support/raw-answer.ts";
import { randomName, registration, serverUnderTest, startOwnServer, test, transports } from "./harness.ts";
import { NEVER_TIMEOUT_MS, SECRET_TEXT } from "./probe.ts";

const server = serverUnderTest();

const NOT_FOUND = { msg: "Not Found", state: 0xfc };
const PARSE_FAIL = { msg: "Param Parse Fail", state: 0xfe };

describe.each(transports)("over %s", (transport) => {
  const ready = () => RawClient.ready(server.url(transport));

  /** Proves that the connection lives on and still answers right. */
  async function expectAlive(client: RawClient): Promise<void> {
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    expect((await client.callProtobuf(protobufCall(2, 4))).state).toBe(0xf9);
    await client.quiet();
  }

  for (const call of [
    { module: "Nope", func: "Login" },
    { module: "User", func: "Nope" },
    { module: "", func: "" },
    { module: 99, func: 1 },
    { module: 2, func: 99 },
    { module: 0, func: 0 },
    { module: -1, func: 1 },
    { module: 258, func: 4 },
    { module: "__proto__", func: "toString" },
    { module: "constructor", func: "name" },
    { module: "User", func: "__proto__" },
    { module: "User", func: "constructor" },
    { module: "2", func: "4" },
  ]) {
    test(`[bad-1] answers NotFound to ${JSON.stringify(call)}`, async () => {
      await using client = await ready();
      expect((await client.callJson(call)).body).toEqual(NOT_FOUND);
      await expectAlive(client);
    });
  }

  for (const [module, func] of [
    [99, 1],
    [2, 99],
    [0, 0],
    [2, 0],
    [255, 255],
  ] as const) {
    test(`[bad-1] answers NotFound to module ${module}, function ${func} on f`, async () => {
      await using client = await ready();
      const answer = await client.callProtobuf(protobufCall(module, func, "x"));
      expect(answer).toMatchObject({ module, func, ...NOT_FOUND, result: undefined });
      await expectAlive(client);
    });
  }

  test("[bad-2] answers ServerIsDown to a module that exists where nobody serves it", async () => {
    await using client = await ready();
    expect((await client.callJson({ module: "User@nowhere", func: "GetSelfInfo" })).body).toEqual({
      msg: "Server Is Down",
      state: 0xf1,
    });
    await expectAlive(client);
  });

  const garbage: readonly (readonly [string, string | Uint8Array])[] = [
    ["an empty payload", ""],
    ["no JSON", "hello"],
    ["JSON that is cut off", '{"module":"User","func":"GetSelf'],
    ["JSON with something behind it", '{"module":"User","func":"GetSelfInfo"}}'],
    ["null", "null"],
    ["an array", '["User","GetSelfInfo"]'],
    ["a string", '"User"'],
    ["a number", "7"],
    ["no module", '{"func":"GetSelfInfo"}'],
    ["no func", '{"module":"User"}'],
    ["a module that is null", '{"module":null,"func":"GetSelfInfo"}'],
    ["a module that is an object", '{"module":{},"func":"GetSelfInfo"}'],
    ["a func that is true", '{"module":"User","func":true}'],
    ["a module number that is no integer", '{"module":2.5,"func":4}'],
    ["params that are an array", '{"module":"User","func":"Login","params":["a","b"]}'],
    ["params that are a string", '{"module":"User","func":"Login","params":"x"}'],
    ["params that are a number", '{"module":"User","func":"Login","params":1}'],
    [
      "a parameter of the wrong type",
      '{"module":"User","func":"Login","params":{"username":1,"password":"x"}}',
    ],
    [
      "a parameter that is an object",
      '{"module":"User","func":"Login","params":{"username":{},"password":"x"}}',
    ],
    ["bytes that are no UTF-8", Uint8Array.of(0xff, 0xfe, 0x00, 0x80)],
    [
      "nesting without end",
      `{"module":"User","func":"Login","params":{"username":${"[".repeat(10_000)}${"]".repeat(10_000)}}}`,
    ],
    ["a NUL", "\u0000"],
  ];
  for (const [what, payload] of garbage) {
    test(`[bad-3] answers ParamParseFail to ${what} on i`, async () => {
      await using client = await ready();
      const messageId = client.sendPublish("i", client.seal(payload)) ?? 0;
      expect((await client.takeJsonAnswer(messageId)).body).toEqual(PARSE_FAIL);
      await client.take("puback");
      await expectAlive(client);
    });
  }

  test("[bad-3] answers ParamParseFail to params of the wrong type for a function that takes none", async () => {
    await using client = await ready();
    expect((await client.user("Register", registration(randomName()))).state).toBe(0);
    for (const params of [[], [1], "x", 7, true]) {
      const answer = await client.callJson({ module: "User", func: "GetSelfInfo", params });
      expect(answer.body, JSON.stringify(params)).toEqual(PARSE_FAIL);
    }
  });

  for (const [what, params] of [
    ["a field that is cut off", Uint8Array.of(0x0a, 200, 1, 2)],
    ["a tag that is cut off", Uint8Array.of(0x80)],
    ["a field number 0", Uint8Array.of(0x02, 0)],
    ["random bytes", Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ["a string that is no UTF-8", Uint8Array.of(0x0a, 2, 0xc3, 0x28)],
  ] as const) {
    test(`[bad-3] answers ParamParseFail to ${what} on f`, async () => {
      await using client = await ready();
      const answer = await client.callProtobuf(Uint8Array.of(2, 1, ...params));
      expect(answer).toMatchObject({ module: 2, func: 1, ...PARSE_FAIL, result: undefined });
      await expectAlive(client);
    });
  }

  test("[bad-3] answers ParamParseFail to a call that was not encrypted", async () => {
    await using client = await ready();
    const messageId = client.sendPublish("i", '{"module":"User","func":"GetSelfInfo"}') ?? 0;
    expect((await client.takeJsonAnswer(messageId)).body).toEqual(PARSE_FAIL);
    await client.take("puback");
    await expectAlive(client);
  });

  for (const [bytes, module] of [
    [[], 0],
    [[2], 2],
    [[99], 99],
  ] as const) {
    test(`[bad-4] answers ParamParseFail to ${bytes.length} byte(s) [${bytes.join(" ")}] on f, missing ones as 0`, async () => {
      await using client = await ready();
      const answer = await client.callProtobuf(Uint8Array.from(bytes));
      expect(answer).toMatchObject({ module, func: 0, ...PARSE_FAIL, result: undefined });
      await expectAlive(client);
    });
  }

  test.ours("[bad-5] answers Internal to a handler that throws, and says nothing of why", async () => {
    await using client = await ready();
    const answer = await client.callJson({ module: "Probe", func: "Throws", params: null });
    expect(answer).toMatchObject({ state: 0xff, msg: "Internal Server Error" });
    expect(answer.text).not.toContain("hunter2");
    const frame = await client.callProtobuf(protobufCall(11, 2));
    expect(frame).toMatchObject({ module: 11, func: 2, state: 0xff, msg: "Internal Server Error" });
    expect(Buffer.from(frame.plain).includes(Buffer.from(SECRET_TEXT))).toBe(false);
    await expectAlive(client);
  });

  test.ours("[bad-6] answers RequestTimeout to a handler that is late, other calls go on", async () => {
    await using client = await ready();
    const from = performance.now();
    const late = client.sendJson({ module: "Probe", func: "Never" });
    const lateToo = client.sendProtobuf(protobufCall(11, 3));
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    expect((await client.takeJsonAnswer(late)).state).toBe(0xf3);
    expect((await client.takeProtobufAnswer(lateToo)).state).toBe(0xf3);
    expect(performance.now() - from).toBeGreaterThanOrEqual(NEVER_TIMEOUT_MS - 5);
    expect((await client.settle()).filter((packet) => packet.cmd !== "puback")).toEqual([]);
  });

  test.ours("[bad-7] cuts off a peer that keeps sending what must be dropped, and nobody else", async () => {
    await using own = await startOwnServer({ gate: { maxDroppedPerMinute: 10 } });
    await using honest = await RawClient.ready(own.url(transport));
    await using peer = await RawClient.connect(own.url(transport));
    for (let count = 0; count < 5; count++) peer.sendPublish("i", "before the key");
    await peer.settle();
    expect(peer.closed).toBe(false);
    for (let count = 0; count < 20; count++) peer.sendPublish("secret", "stray");
    await peer.whenClosed();
    await using garbler = await RawClient.ready(own.url(transport));
    for (let count = 0; count < 40; count++) garbler.sendPublish("i", "garbage");
    await garbler.whenClosed();
    expect((await honest.user("Register", registration(randomName()))).state).toBe(0);
  });

  test("[bad-7] lets the connection live on after each kind of bad input", async () => {
    await using client = await ready();
    const username = randomName();
    expect((await client.user("Register", registration(username))).state).toBe(0);
    for (const payload of ["", "x", "{}", '{"module":"Nope","func":"x"}'])
      expect((await client.callJson(payload)).state).toBeGreaterThan(0xf0);
    for (const frame of [[], [2], [9, 9], [2, 1, 0x0a, 99]])
      expect((await client.callProtobuf(Uint8Array.from(frame))).state).toBeGreaterThan(0xf0);
    expect((await client.user("GetSelfInfo")).result).toMatchObject({ userData: { UserName: username } });
    await client.quiet();
  });
});
