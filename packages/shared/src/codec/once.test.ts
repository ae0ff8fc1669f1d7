import { describe, expect, test } from "vitest";
import { User_RefreshToken_Request } from "../contract/generated/user.ts";
import { decodeMessage, encodeMessage } from "../contract/protobuf-form.ts";
import { isMqplayError } from "../errors.ts";
import { jsonCodec } from "./json.ts";
import { encodeOnceField, isOnceKey, readOnceField } from "./once.ts";
import { protobufCodec } from "./protobuf.ts";

const KEY = "0123456789-_AzZx";
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the key of a call [call-5]", () => {
  test.each([
    [KEY, true],
    ["k".repeat(64), true],
    ["k".repeat(15), false],
    ["k".repeat(65), false],
    ["with a space in it", false],
    [`${KEY}\n`, false],
    [1234567890123456, false],
  ])("%j: %j", (key, expected) => {
    expect(isOnceKey(key)).toBe(expected);
  });

  test("stands beside module and func in JSON, and comes back", () => {
    const bytes = jsonCodec.encodeCall({ encoding: "json", module: "A", func: "B", params: {}, once: KEY });
    expect(new TextDecoder().decode(bytes)).toBe(`{"module":"A","func":"B","params":{},"once":"${KEY}"}`);
    expect(jsonCodec.decodeCall(bytes)).toMatchObject({ module: "A", func: "B", once: KEY });
  });

  test("is found in any case, null is none, and what is no key does not parse [bad-3]", () => {
    const decode = (once: string) => jsonCodec.decodeCall(utf8(`{"module":"A","func":"B",${once}}`));
    expect(decode(`"ONCE":"${KEY}"`).once).toBe(KEY);
    expect(decode(`"once":null`).once).toBeUndefined();
    for (const wrong of [`"once":1`, `"once":"short"`, `"once":{}`]) {
      expect(() => decode(wrong)).toThrow(/malformed.*"once"/);
    }
  });

  test("follows the parameters in protobuf as a field that decoders pass over", () => {
    const params = encodeMessage(User_RefreshToken_Request, { refresh_token: "some token" });
    const plain = { encoding: "protobuf", module: 2, func: 6, params } as const;
    const bytes = protobufCodec.encodeCall({ ...plain, once: KEY });
    expect(bytes.subarray(0, -22)).toEqual(protobufCodec.encodeCall(plain));
    expect([...bytes.subarray(-22)]).toEqual([0xfa, 0xff, 0xff, 0xff, 0x0f, 16, ...utf8(KEY)]);
    const call = protobufCodec.decodeCall(bytes);
    expect(readOnceField(call.params)).toBe(KEY);
    expect(decodeMessage(User_RefreshToken_Request, call.params)).toEqual({ refresh_token: "some token" });
    expect(readOnceField(params)).toBeUndefined();
    expect(readOnceField(new Uint8Array(0))).toBeUndefined();
  });

  test.each([
    ["too short", encodeOnceField("short")],
    ["too long", Uint8Array.of(...encodeOnceField(KEY).subarray(0, 5), 100, ...new Uint8Array(100).fill(97))],
    ["of another wire type", Uint8Array.of(0xf8, 0xff, 0xff, 0xff, 0x0f, 1)],
    ["cut off", encodeOnceField(KEY).subarray(0, 12)],
  ])("that is %s in protobuf does not parse", (_name, params) => {
    let thrown: unknown;
    try {
      readOnceField(params);
    } catch (error) {
      thrown = error;
    }
    expect(isMqplayError(thrown) && thrown.code).toBe("malformed");
  });
});
