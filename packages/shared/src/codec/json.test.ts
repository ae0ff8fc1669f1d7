import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBase64, toBase64, utf8Decode, utf8Encode } from "#host";
import { isMqplayError } from "../errors.ts";
import { MAX_JSON_DEPTH } from "../limits.ts";
import { MalformedCall } from "./codec.ts";
import { jsonCodec } from "./json.ts";

const to = { module: "User", func: "Login" };

function decodeCall(text: string): unknown {
  return jsonCodec.decodeCall(utf8Encode(text));
}

function encodeAnswer(state: number, msg: string, result: string | undefined, id?: string | number): string {
  return utf8Decode(jsonCodec.encodeAnswer({ state, msg, result }, { ...to, id }));
}

/** What a malformed call's answer can still carry. */
function replyToOf(bytes: Uint8Array | string): unknown {
  try {
    jsonCodec.decodeCall(typeof bytes === "string" ? utf8Encode(bytes) : bytes);
    return "decoded";
  } catch (error) {
    return error instanceof MalformedCall && error.code === "malformed" ? error.replyTo : error;
  }
}

function codeOf(run: () => unknown): unknown {
  try {
    return { returned: run() };
  } catch (error) {
    return isMqplayError(error) ? error.code : error;
  }
}

describe("a JSON call", () => {
  test("is read with its names and parameters [call-1]", () => {
    expect(decodeCall('{"module":"User","func":"Login","params":{"username":"a"}}')).toEqual({
      encoding: "json",
      module: "User",
      func: "Login",
      params: { username: "a" },
      id: undefined,
    });
  });

  test.each(['{"module":"User","func":"Logout"}', '{"module":"User","func":"Logout","params":null}'])(
    "may come without parameters: %s [call-1]",
    (text) => {
      expect(decodeCall(text)).toMatchObject({ func: "Logout", params: undefined });
    },
  );

  test("finds keys that differ in case, but an exact key wins wherever it stands [call-2]", () => {
    expect(decodeCall('{"Module":"User","FUNC":"Login","Params":{"a":1},"ID":7}')).toMatchObject({
      module: "User",
      func: "Login",
      params: { a: 1 },
      id: 7,
    });
    expect(decodeCall('{"MODULE":"No","module":"User","Module":"No","func":"F","Func":"No"}')).toMatchObject({
      module: "User",
      func: "F",
    });
  });

  test("takes numbers for module and func and keeps the id [call-3]", () => {
    expect(decodeCall('{"module":2,"func":4,"id":"x-1"}')).toMatchObject({ module: 2, func: 4, id: "x-1" });
    expect(decodeCall('{"module":2,"func":4,"id":0}')).toMatchObject({ id: 0 });
    expect(decodeCall('{"module":2,"func":4,"id":null}')).toMatchObject({ id: undefined });
  });

  test("may have an id of 64 bytes, not of 65 [call-3]", () => {
    for (const id of ["a".repeat(64), "é".repeat(32), "€".repeat(21), "😀".repeat(16)]) {
      expect(decodeCall(JSON.stringify({ ...to, id }))).toMatchObject({ id });
      expect(replyToOf(JSON.stringify({ ...to, id: `${id}€` }))).toEqual({
        module: 0,
        func: 0,
        id: undefined,
      });
    }
  });

  test.each([
    "",
    " ",
    "null",
    "[]",
    '"User"',
    "7",
    "{",
    "{}",
    '{"module":"User"}',
    '{"func":"Login"}',
    '{"module":null,"func":"Login"}',
    '{"module":1.5,"func":1}',
    '{"module":1e300,"func":1}',
    '{"module":true,"func":"Login"}',
    '{"module":["User"],"func":"Login"}',
    '{"module":"User","func":{}}',
    '{"module":"User","func":"Login","id":{}}',
    '{"module":"User","func":"Login","id":1.5}',
    '{"module":"User","func":"Login","id":12345678901234567890}',
    '{"module":"User","func":"Login"}x',
    '{"__proto__":{"module":"User","func":"Login"}}',
    '\ufeff{"module":"User","func":"Login"}',
  ])("is refused as %j [bad-3]", (text) => {
    expect(replyToOf(text)).toEqual({ module: 0, func: 0, id: undefined });
  });

  test("that is no UTF-8 is refused [bad-3]", () => {
    const bytes = new Uint8Array(utf8Encode('{"module":"User","func":"LoginX"}'));
    bytes[bytes.length - 3] = 0xff;
    expect(replyToOf(bytes)).toEqual({ module: 0, func: 0, id: undefined });
  });

  test("keeps a sound id when the rest of the envelope is wrong, for the answer to echo [call-3]", () => {
    expect(replyToOf('{"module":true,"id":"x"}')).toEqual({ module: 0, func: 0, id: "x" });
    expect(replyToOf('{"ID":9}')).toEqual({ module: 0, func: 0, id: 9 });
  });

  test("treats __proto__ as a key like any other", () => {
    const call = jsonCodec.decodeCall(
      utf8Encode('{"module":"M","func":"F","params":{"__proto__":{"admin":true}}}'),
    );
    expect(Object.getPrototypeOf(call.params)).toBe(Object.prototype);
    expect(Object.hasOwn(Object(call.params), "__proto__")).toBe(true);
    expect("admin" in {}).toBe(false);
  });

  test("has own properties only, whatever a library has put on Object.prototype", () => {
    const polluted = { id: "evil", func: "Evil", state: 7, result: {} };
    for (const [key, value] of Object.entries(polluted)) {
      // oxlint-disable-next-line no-extend-native -- a polluted prototype is what this test is about
      Object.defineProperty(Object.prototype, key, { value, configurable: true });
    }
    try {
      expect(replyToOf('{"Module":"M"}')).toEqual({ module: 0, func: 0, id: undefined });
      const answer = jsonCodec.decodeAnswer(utf8Encode("{}"));
      expect([answer.state, answer.result, answer.id]).toEqual([0, undefined, undefined]);
    } finally {
      for (const key of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, key);
    }
  });

  test("may nest as deep as the bound and no deeper; brackets in strings do not count", () => {
    const nested = (depth: number): string =>
      `{"module":"M","func":"F","params":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    expect(decodeCall(nested(MAX_JSON_DEPTH))).toMatchObject({ func: "F" });
    expect(replyToOf(nested(MAX_JSON_DEPTH + 1))).toEqual({ module: 0, func: 0, id: undefined });
    expect(replyToOf("[".repeat(200_000))).toEqual({ module: 0, func: 0, id: undefined });
    const params = { text: '[{"\\'.repeat(100), list: Array.from({ length: 100 }, () => ({})) };
    expect(decodeCall(JSON.stringify({ module: "M", func: "F", params }))).toMatchObject({ params });
  });

  test("comes back as it was written", () => {
    const params = fc.option(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), { nil: undefined });
    const name = fc.oneof(fc.string(), fc.integer({ min: 0, max: 255 }));
    const id = fc.option(fc.oneof(fc.string({ maxLength: 64 }), fc.maxSafeInteger()), { nil: undefined });
    fc.assert(
      fc.property(name, name, params, id, (module, func, value, callId) => {
        const call = { encoding: "json" as const, module, func, params: value, id: callId };
        const wanted: unknown = JSON.parse(JSON.stringify(call));
        expect(JSON.parse(JSON.stringify(jsonCodec.decodeCall(jsonCodec.encodeCall(call))))).toEqual(wanted);
      }),
    );
  });

  test("that JSON cannot express is the caller's error", () => {
    const call = { encoding: "json" as const, ...to, params: { n: 1n } };
    expect(codeOf(() => jsonCodec.encodeCall(call))).toBe("invalidArgument");
  });
});

describe("a JSON answer", () => {
  test("leaves zero values out and keeps the recorded order of keys [answer-3]", () => {
    expect(encodeAnswer(0, "", "null")).toBe('{"result":"bnVsbA=="}');
    expect(encodeAnswer(0, "", "{}")).toBe('{"result":"e30="}');
    expect(encodeAnswer(1, "Verify Code Error ", "null")).toBe(
      '{"result":"bnVsbA==","msg":"Verify Code Error ","state":1}',
    );
    expect(encodeAnswer(249, "Need Login first", undefined)).toBe('{"msg":"Need Login first","state":249}');
    expect(encodeAnswer(0, "", undefined)).toBe("{}");
  });

  test("echoes the id only where the call had one, zero and empty ones too [call-3]", () => {
    expect(encodeAnswer(0, "", "{}", 7)).toBe('{"result":"e30=","id":7}');
    expect(encodeAnswer(0, "", undefined, 0)).toBe('{"id":0}');
    expect(encodeAnswer(2, 'a"b', undefined, 'x"')).toBe('{"msg":"a\\"b","state":2,"id":"x\\""}');
  });

  test("with bytes as result is a programmer's error", () => {
    expect(codeOf(() => jsonCodec.encodeAnswer({ state: 0, msg: "", result: new Uint8Array(1) }, to))).toBe(
      "invalidArgument",
    );
  });

  test.each([
    ['{"result":"eyJhIjoxfQ=="}', '{"a":1}'],
    ['{"result":{"a":1}}', '{"a":1}'],
    ['{"result":[1,2]}', "[1,2]"],
    ['{"result":null}', "null"],
    ['{"result":"bnVsbA=="}', "null"],
    ['{"result":""}', undefined],
    ["{}", undefined],
  ])("%s is read with the result %j [answer-3]", (text, result) => {
    expect(jsonCodec.decodeAnswer(utf8Encode(text))).toEqual({ result, msg: "", state: 0, id: undefined });
  });

  test("is read with its state as it is; whether it is a success is the caller's question [state-1]", () => {
    expect(jsonCodec.decodeAnswer(utf8Encode('{"msg":"x","state":200,"id":3}'))).toMatchObject({
      msg: "x",
      state: 200,
      id: 3,
    });
    expect(jsonCodec.decodeAnswer(utf8Encode('{"state":null,"msg":null}'))).toMatchObject({
      msg: "",
      state: 0,
    });
  });

  test.each([
    "",
    "[]",
    "null",
    '{"state":"0"}',
    '{"state":1.5}',
    '{"state":4294967296}',
    '{"msg":1}',
    '{"result":1}',
    '{"result":true}',
    '{"result":"no base64!"}',
    '{"result":"gA=="}',
    '{"id":{}}',
  ])("is refused as %j", (text) => {
    expect(codeOf(() => jsonCodec.decodeAnswer(utf8Encode(text)))).toBe("malformed");
  });

  test("comes back as it was written", () => {
    const result = fc.option(fc.json(), { nil: undefined });
    const state = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(result, fc.string({ unit: "grapheme" }), state, (text, msg, n) => {
        const answer = { result: text, msg, state: n };
        expect(jsonCodec.decodeAnswer(jsonCodec.encodeAnswer(answer, to))).toEqual({
          ...answer,
          id: undefined,
        });
      }),
    );
  });
});

describe("a JSON push", () => {
  test("is exactly the object of the wire, whatever its content [push-1] [push-2]", () => {
    const push = { module: 2, type: 11, content: Uint8Array.of(0x0a, 0x01, 0xff) };
    expect(utf8Decode(jsonCodec.encodePush(push))).toBe('{"Module":2,"PushType":11,"Content":"CgH/"}');
    expect(jsonCodec.decodePush(jsonCodec.encodePush(push))).toEqual({
      ...push,
      content: fromBase64("CgH/"),
    });
  });

  test("comes back as it was written", () => {
    const byte = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(byte, byte, fc.uint8Array({ maxLength: 200 }), (module, type, content) => {
        const push = jsonCodec.decodePush(jsonCodec.encodePush({ module, type, content }));
        expect({ ...push, content: toBase64(push.content) }).toEqual({
          module,
          type,
          content: toBase64(content),
        });
      }),
    );
  });

  test("may have null as content, as the old server writes no bytes", () => {
    const push = jsonCodec.decodePush(utf8Encode('{"Module":0,"PushType":0,"Content":null}'));
    expect(push.content.length).toBe(0);
  });

  test.each([
    "{}",
    "[]",
    '{"Module":0,"PushType":0}',
    '{"Module":256,"PushType":0,"Content":""}',
    '{"Module":-1,"PushType":0,"Content":""}',
    '{"Module":"0","PushType":0,"Content":""}',
    '{"Module":0,"PushType":0.5,"Content":""}',
    '{"Module":0,"PushType":0,"Content":"x"}',
    '{"Module":0,"PushType":0,"Content":{}}',
  ])("is refused as %s", (text) => {
    expect(codeOf(() => jsonCodec.decodePush(utf8Encode(text)))).toBe("malformed");
  });

  test("with a number beyond a byte is a programmer's error", () => {
    expect(codeOf(() => jsonCodec.encodePush({ module: 256, type: 0, content: new Uint8Array(0) }))).toBe(
      "invalidArgument",
    );
  });
});
