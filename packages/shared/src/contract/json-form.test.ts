import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MessageType } from "./contract.ts";
import { isMqplayError } from "../errors.ts";
import {
  Arena,
  JoinAnswer,
  JoinRequest,
  MoveRequest,
  Rooms,
  Team,
} from "./generate/fixtures/generated/arena.ts";
import { defineMessage } from "./message.ts";
import { decodeMessage, encodeMessage } from "./protobuf-form.ts";

/** The error that a function throws, as code and detail. */
function faultOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isMqplayError(error)) return `${error.code} ${error.detail}`;
    throw error;
  }
  return "nothing";
}

interface Kinds {
  readonly flag: boolean;
  readonly whole: number;
  readonly big: bigint;
  readonly real: number;
  readonly text: string;
  readonly raw: Uint8Array;
  readonly list: readonly number[];
  readonly maybe?: number | undefined;
  readonly by_number: { readonly [key: string]: boolean };
}
const Kinds = defineMessage<Kinds>("Kinds", [
  { number: 1, name: "flag", type: "bool" },
  { number: 2, name: "whole", type: "uint32" },
  { number: 3, name: "big", type: "int64" },
  { number: 4, name: "real", type: "double" },
  { number: 5, name: "text", type: "string" },
  { number: 6, name: "raw", type: "bytes" },
  { number: 7, name: "list", type: "int32", repeated: true },
  { number: 8, name: "maybe", type: "int32", optional: true },
  { number: 9, name: "by_number", type: "bool", map: "int32" },
]);
const ZERO: Kinds = decodeMessage(Kinds, new Uint8Array(0));

describe("a message as JSON", () => {
  it("comes back as it went, through text", () => {
    const kinds = fc.record<Kinds>({
      flag: fc.boolean(),
      whole: fc.nat(),
      big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      // JSON has no negative zero.
      real: fc.double().map((value) => (value === 0 ? 0 : value)),
      text: fc.string({ unit: "binary" }),
      raw: fc.uint8Array(),
      list: fc.array(fc.integer()),
      maybe: fc.option(fc.integer(), { nil: undefined }),
      by_number: fc.dictionary(fc.integer().map(String), fc.boolean()),
    });
    fc.assert(
      fc.property(kinds, (value) => {
        const back = Kinds.fromJson(JSON.parse(JSON.stringify(Kinds.toJson(value))));
        expect(encodeMessage(Kinds, back)).toEqual(encodeMessage(Kinds, value));
      }),
      { numRuns: 300 },
    );
  });

  it("leaves zeros out, keeps what was said, and writes bytes as base64 and 64 bits as text [answer-3]", () => {
    expect(Kinds.toJson(ZERO)).toEqual({});
    expect(Kinds.toJson({ ...ZERO, maybe: 0 })).toEqual({ maybe: 0 });
    expect(Kinds.toJson({ ...ZERO, raw: Uint8Array.of(1, 2), big: -(2n ** 63n), real: Number.NaN })).toEqual({
      raw: "AQI=",
      big: "-9223372036854775808",
      real: "NaN",
    });
  });

  it("takes null, a missing value and a missing object as zero", () => {
    for (const json of [
      undefined,
      null,
      {},
      { flag: null, list: null, by_number: null, maybe: null, raw: null },
    ]) {
      expect(Kinds.fromJson(json)).toEqual(ZERO);
    }
  });

  it("matches keys exactly first, then whatever their case, then in lowerCamelCase [call-2]", () => {
    expect(Kinds.fromJson({ WHOLE: 1, whole: 2 }).whole).toBe(2);
    expect(Kinds.fromJson({ whole: 2, WHOLE: 1 }).whole).toBe(2);
    expect(Kinds.fromJson({ Whole: 3 }).whole).toBe(3);
    expect(Kinds.fromJson({ byNumber: { 1: true } }).by_number).toEqual({ 1: true });
    expect(Kinds.fromJson({ BYNUMBER: { 1: true } }).by_number).toEqual({ 1: true });
    expect(Kinds.fromJson({ whole: null, WHOLE: 5 }).whole).toBe(0);
  });

  it("ignores keys that it does not know", () => {
    expect(Kinds.fromJson({ nope: {}, constructor: 1, toString: 2, ["x".repeat(1000)]: 3 })).toEqual(ZERO);
  });

  it("reads own properties only", () => {
    expect(Kinds.fromJson(Object.create({ whole: 7 }))).toEqual(ZERO);
    expect(Kinds.fromJson(JSON.parse('{"__proto__":{"whole":7}}'))).toEqual(ZERO);
  });

  it.each([
    ["flag", 1, "true or false, got 1"],
    ["flag", "true", "true or false, got a string"],
    ["whole", "1", "an integer of 0 to 4294967295, got a string"],
    ["whole", -1, "an integer of 0 to 4294967295, got -1"],
    ["whole", 1.5, "an integer of 0 to 4294967295, got 1.5"],
    ["whole", 2 ** 32, "an integer of 0 to 4294967295, got 4294967296"],
    ["big", "9223372036854775808", "an integer of -9223372036854775808 to 9223372036854775807, got a string"],
    ["big", "1".repeat(100_000), "an integer of -9223372036854775808 to 9223372036854775807, got a string"],
    ["big", 2 ** 60, "an integer of -9223372036854775808 to 9223372036854775807, got 1152921504606847000"],
    ["real", "1", "a number, got a string"],
    ["real", JSON.parse("1e999"), "a number, got Infinity"],
    ["text", {}, "a string of well-formed Unicode, got an object"],
    ["text", "\ud800", "a string of well-formed Unicode, got a string"],
    ["raw", "?", "bytes (a Uint8Array; base64 in JSON), got a string"],
    ["raw", [1], "bytes (a Uint8Array; base64 in JSON), got an array"],
    ["maybe", true, "an integer of -2147483648 to 2147483647, got true"],
  ])("refuses %s: %j [bad-3]", (field, value, expected) => {
    expect(faultOf(() => Kinds.fromJson({ [field]: value }))).toBe(
      `malformed ${field}: expected ${expected}`,
    );
  });

  it("refuses what is no object, no array or no key, naming the place [bad-3]", () => {
    expect(faultOf(() => Kinds.fromJson([]))).toBe("malformed expected an object");
    expect(faultOf(() => Kinds.fromJson("x"))).toBe("malformed expected an object");
    expect(faultOf(() => Kinds.fromJson({ list: {} }))).toBe("malformed list: expected an array");
    expect(faultOf(() => Kinds.fromJson({ list: [1, "2"] }))).toBe(
      "malformed list[1]: expected an integer of -2147483648 to 2147483647, got a string",
    );
    for (const key of ["x", "007", "0x7", " 7", "7.0", "4294967296", ""]) {
      expect(faultOf(() => Kinds.fromJson({ by_number: { [key]: true } }))).toBe(
        "malformed by_number: expected keys that are an integer of -2147483648 to 2147483647",
      );
    }
  });

  it("never throws anything but `malformed`, whatever JSON comes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(ZERO), "maybe"), (json, field) => {
        for (const value of [json, { [field]: json }]) {
          expect(faultOf(() => Kinds.fromJson(value))).toMatch(/^nothing$|^malformed /);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a generated contract", () => {
  const position = { x: 1, y: 2 };

  it("takes an enum by its number or name; a number that it does not know is zero", () => {
    expect(JoinRequest.fromJson({ room: "a", team: "BLUE" }).team).toBe(Team.BLUE);
    expect(JoinRequest.fromJson({ room: "a", team: -2 }).team).toBe(Team.BLUE);
    expect(JoinRequest.fromJson({ room: "a", team: 99 }).team).toBe(Team.ANY);
    expect(decodeMessage(JoinRequest, Uint8Array.of(0x10, 99)).team).toBe(Team.ANY);
    expect(JoinRequest.toJson({ room: "a", team: Team.RED })).toEqual({ room: "a", team: 1 });
    for (const team of ["GREEN", "toString", 1.5, true]) {
      expect(faultOf(() => JoinRequest.fromJson({ team }))).toMatch(
        /^malformed team: expected one of ANY \(0\), RED \(1\), BLUE \(-2\), got /,
      );
    }
  });

  it("requires a message that the .proto requires, in bytes and JSON", () => {
    expect(faultOf(() => JoinAnswer.fromJson({}))).toBe("malformed position: is required and missing");
    expect(faultOf(() => decodeMessage(JoinAnswer, new Uint8Array(0)))).toBe(
      "malformed position: is required and missing",
    );
    expect(faultOf(() => JoinAnswer.check({ seat: 1n, others: [], scores: {} }))).toBe(
      "paramNotAllow position: expected a value, because it is required",
    );
  });

  it("takes at most one member of a oneof, the last one on the wire", () => {
    const both = { to: position, turn_by: 1, tick: 0n };
    expect(faultOf(() => MoveRequest.check(both))).toBe(
      "paramNotAllow move: expected at most one of to, turn_by",
    );
    expect(faultOf(() => MoveRequest.fromJson({ to: position, turn_by: 1 }))).toBe(
      "malformed move: at most one of to, turn_by may be given",
    );
    expect(decodeMessage(MoveRequest, encodeMessage(MoveRequest, both))).toEqual({ turn_by: 1, tick: 0n });
    expect(MoveRequest.toJson({ turn_by: 0, tick: 0n })).toEqual({ turn_by: 0 });
  });

  it.each([
    [{ room: "", team: 0 }, "room: expected a value that is not zero or empty, because it is required"],
    [{ room: "a".repeat(33), team: 0 }, "room: expected at most 32 characters, got 33"],
    [{ room: "A b", team: 0 }, "room: expected text that matches ^(?:[a-z0-9-]+)$"],
    [{ room: "a", team: 7 }, "team: expected one of ANY (0), RED (1), BLUE (-2), got 7"],
    [{ room: "a", team: 0, password: "abc" }, "password: expected at least 4 characters, got 3"],
    [{ room: "a", team: 0, password: "😀".repeat(65) }, "password: expected at most 64 characters, got 65"],
    [{ team: 0 }, "room: expected a string of well-formed Unicode, got nothing"],
    [{ room: "a" }, "team: expected one of ANY (0), RED (1), BLUE (-2), got nothing"],
    [[], "JoinRequest: expected an object of JoinRequest, got an array"],
    [null, "JoinRequest: expected an object of JoinRequest, got nothing"],
  ])("refuses %j as a request", (value, detail) => {
    expect(faultOf(() => JoinRequest.check(value))).toBe(`paramNotAllow ${detail}`);
  });

  it("takes what its rules allow", () => {
    expect(() => JoinRequest.check({ room: "room-1", team: Team.RED })).not.toThrow();
    expect(() => JoinRequest.check({ room: "r", team: 0, password: "😀".repeat(64) })).not.toThrow();
  });

  it("holds rules for every element, and counts elements", () => {
    const player = { name: "", avatar: new Uint8Array(0), badges: [1, 99] };
    const answer = { seat: 1n, position, others: [player], scores: {} };
    expect(() => JoinAnswer.check(answer)).not.toThrow();
    expect(
      faultOf(() => JoinAnswer.check({ ...answer, others: [player, { ...player, badges: [1, 100] }] })),
    ).toBe("paramNotAllow others[1].badges[1]: expected at most 99, got 100");
    expect(
      faultOf(() =>
        JoinAnswer.check({ ...answer, others: [{ ...player, badges: Array<number>(9).fill(1) }] }),
      ),
    ).toBe("paramNotAllow others[0].badges: expected at most 8 of them, got 9");
    expect(
      faultOf(() => JoinAnswer.check({ ...answer, others: [{ ...player, avatar: new Uint8Array(1025) }] })),
    ).toBe("paramNotAllow others[0].avatar: expected at most 1024 bytes, got 1025");
    const rooms = Object.fromEntries(
      Array.from({ length: 101 }, (_, index) => [index, { name: "", rooms: [], is_open: true, size: 0 }]),
    );
    expect(faultOf(() => Rooms.check({ rooms }))).toBe(
      "paramNotAllow rooms: expected at most 100 of them, got 101",
    );
    expect(faultOf(() => MoveRequest.check({ turn_by: Number.NaN, tick: 0n }))).toBe(
      "paramNotAllow turn_by: expected at least -3.2, got NaN",
    );
    expect(faultOf(() => MoveRequest.check({ tick: -1n }))).toMatch(
      /^paramNotAllow tick: expected an integer of 0 to 18446744073709551615, got -1$/,
    );
  });

  it("lets a float be as great as its rule says, rounded as floats are", () => {
    const atMost: MoveRequest = { turn_by: 3.2, tick: 0n };
    expect(() => MoveRequest.check(atMost)).not.toThrow();
    expect(() =>
      MoveRequest.check(decodeMessage(MoveRequest, encodeMessage(MoveRequest, atMost))),
    ).not.toThrow();
    expect(() => MoveRequest.check(MoveRequest.fromJson({ turn_by: 3.2 }))).not.toThrow();
    expect(MoveRequest.fromJson({ turn_by: 3.2 })).toEqual(
      decodeMessage(MoveRequest, encodeMessage(MoveRequest, atMost)),
    );
    expect(faultOf(() => MoveRequest.check({ turn_by: 3.201, tick: 0n }))).toBe(
      "paramNotAllow turn_by: expected at most 3.2, got 3.201",
    );
    expect(faultOf(() => MoveRequest.fromJson({ turn_by: 1e39 }))).toMatch(
      /^malformed turn_by: expected a number of at most 3\.4e38/,
    );
  });

  it("refuses to make bytes or JSON of a value that `check` would refuse for its type", () => {
    const wrong: unknown = { room: 12, team: 0 };
    const request: MessageType<unknown> = Arena.funcs.join.request;
    expect(faultOf(() => encodeMessage(request, wrong))).toBe(
      "invalidArgument room: expected a string of well-formed Unicode",
    );
    expect(faultOf(() => request.toJson(wrong))).toBe(
      "invalidArgument room: expected a string of well-formed Unicode",
    );
    expect(faultOf(() => encodeMessage(request, "x"))).toBe(
      "invalidArgument JoinRequest: expected an object",
    );
  });
});
