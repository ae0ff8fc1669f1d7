import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex, toHex } from "../../../../test/vectors/check-classic.ts";
import { isMqplayError } from "../errors.ts";
import type { Answer } from "../message.ts";
import { MalformedCall } from "./codec.ts";
import { protobufCodec } from "./protobuf.ts";

const to = { module: 2, func: 4 };
const byte = fc.integer({ min: 0, max: 255 });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

function codeOf(run: () => unknown): unknown {
  try {
    return { returned: run() };
  } catch (error) {
    return isMqplayError(error) ? error.code : error;
  }
}

function encodeAnswer(answer: Answer): string {
  return toHex(protobufCodec.encodeAnswer(answer, to));
}

/** An answer read from hex after the prefix 02 04, its result as hex. */
function decodeAnswer(hex: string): unknown {
  const answer = protobufCodec.decodeAnswer(fromHex(`0204${hex}`));
  return { ...answer, result: answer.result instanceof Uint8Array ? toHex(answer.result) : answer.result };
}

describe("a protobuf call", () => {
  test("is two numbers and the parameters' bytes, which are not copied [call-4]", () => {
    const bytes = fromHex("02010a0161");
    const call = protobufCodec.decodeCall(bytes);
    expect(call).toEqual({ encoding: "protobuf", module: 2, func: 1, params: fromHex("0a0161") });
    expect(call.params.buffer).toBe(bytes.buffer);
    expect(toHex(protobufCodec.encodeCall(call))).toBe("02010a0161");
  });

  test.each([
    ["", { module: 0, func: 0 }],
    ["07", { module: 7, func: 0 }],
  ])("of the bytes %j is too short; the answer carries what there is, and 0 [bad-4]", (hex, replyTo) => {
    const caught = (): unknown => {
      try {
        return protobufCodec.decodeCall(fromHex(hex));
      } catch (error) {
        return error instanceof MalformedCall && error.code === "malformed" ? error.replyTo : error;
      }
    };
    expect(caught()).toEqual(replyTo);
  });

  test("with a number beyond a byte is a programmer's error", () => {
    const call = { encoding: "protobuf" as const, module: 256, func: 1, params: new Uint8Array(0) };
    expect(codeOf(() => protobufCodec.encodeCall(call))).toBe("invalidArgument");
  });
});

describe("a protobuf answer", () => {
  test("is the call's two bytes and AllResponse without its zero values [answer-2] [answer-4]", () => {
    expect(encodeAnswer({ state: 0, msg: "", result: undefined })).toBe("0204");
    expect(encodeAnswer({ state: 0, msg: "", result: fromHex("0801") })).toBe("02040a020801");
    expect(encodeAnswer({ state: 249, msg: "Need", result: undefined })).toBe("020412044e65656418f901");
    expect(encodeAnswer({ state: -1, msg: "", result: undefined })).toBe("020418ffffffffffffffffff01");
  });

  test("is read with zero values written out, left out, or in another order [answer-4]", () => {
    const nothing = { ...to, result: "", msg: "", state: 0 };
    expect(decodeAnswer("")).toEqual(nothing);
    expect(decodeAnswer("12001800")).toEqual(nothing);
    expect(decodeAnswer("0a0012001800")).toEqual(nothing);
    expect(decodeAnswer("180112026f6b0a01ff")).toEqual({
      ...to,
      result: "ff",
      msg: "ok",
      state: 1,
    });
  });

  test("is read past unknown fields of every kind", () => {
    // A varint, 8 bytes, counted bytes, 4 bytes, a group, a group in a group.
    const unknown = ["2007", `21${"00".repeat(8)}`, "2a03616263", "2d00000000", "23200724", "232b28012c24"];
    unknown.push("23".repeat(8) + "24".repeat(8));
    for (const field of unknown) expect(decodeAnswer(`${field}1805${field}`)).toMatchObject({ state: 5 });
    expect(decodeAnswer("b8ff07011805")).toMatchObject({ state: 5 });
  });

  test.each([
    ["a length beyond the end", "0a05aa"],
    ["a length near 2^32", "0affffffff0f"],
    ["a number that is cut", "1880"],
    ["a number of eleven bytes", "18" + "ff".repeat(10) + "01"],
    ["a known field of the wrong kind", "0801"],
    ["a state as bytes", "1a0101"],
    ["a msg that is no UTF-8", "1201ff"],
    ["a field with the number 0", "0001"],
    ["a kind that does not exist", "26"],
    ["a group that does not end", "23"],
    ["a group's end alone", "24"],
    ["a group's end before its start", "2423"],
    ["groups nested deeper than 8", "23".repeat(9) + "24".repeat(9)],
    ["a fixed field that is cut", "2d000000"],
  ])("with %s is refused", (_what, hex) => {
    expect(codeOf(() => decodeAnswer(hex))).toBe("malformed");
  });

  test.each(["", "02"])("of the bytes %j is refused", (hex) => {
    expect(codeOf(() => protobufCodec.decodeAnswer(fromHex(hex)))).toBe("malformed");
  });

  test("comes back as it was written, at every size of length and state", () => {
    const result = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(127, 128, 16_383, 16_384, 2_097_152).map((length) => new Uint8Array(length).fill(7)),
    );
    fc.assert(
      fc.property(
        byte,
        byte,
        result,
        fc.string({ unit: "grapheme" }),
        int32,
        (module, func, bytes, msg, state) => {
          const answer = protobufCodec.decodeAnswer(
            protobufCodec.encodeAnswer({ result: bytes, msg, state }, { module, func }),
          );
          expect({ ...answer, result: undefined }).toEqual({ module, func, msg, state, result: undefined });
          expect(Buffer.compare(Buffer.from(answer.result ?? []), bytes)).toBe(0);
        },
      ),
    );
  });

  test("with text as result, or to a call by name, is a programmer's error", () => {
    const answer = { state: 0, msg: "", result: undefined };
    expect(codeOf(() => encodeAnswer({ ...answer, result: "{}" }))).toBe("invalidArgument");
    expect(codeOf(() => protobufCodec.encodeAnswer(answer, { module: "User", func: 1 }))).toBe(
      "invalidArgument",
    );
  });
});

describe("a protobuf push", () => {
  test("is two bytes and AllResponse with the content and the word push [push-2]", () => {
    const bytes = protobufCodec.encodePush({ module: 2, type: 11, content: fromHex("0a0178") });
    expect(toHex(bytes)).toBe("020b0a030a0178120470757368");
    expect(protobufCodec.decodePush(bytes)).toEqual({
      module: 2,
      type: 11,
      content: new Uint8Array(fromHex("0a0178")),
    });
  });

  test("is told from an answer by its msg and state", () => {
    const answer = (msg: string, state: number): Uint8Array =>
      protobufCodec.encodeAnswer({ msg, state, result: undefined }, to);
    expect(codeOf(() => protobufCodec.decodePush(answer("", 0)))).toBe("malformed");
    expect(codeOf(() => protobufCodec.decodePush(answer("push", 1)))).toBe("malformed");
    expect(codeOf(() => protobufCodec.decodePush(fromHex("02")))).toBe("malformed");
    expect(protobufCodec.decodePush(answer("push", 0))).toMatchObject({ module: 2, type: 4 });
  });
});
