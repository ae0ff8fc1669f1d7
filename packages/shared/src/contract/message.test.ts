import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { isMqplayError, type MqplayError } from "../errors.ts";
import { defineMessage, type Message } from "./message.ts";
import type { ScalarName } from "./scalar.ts";
import { decodeMessage, encodeMessage } from "./protobuf-form.ts";

/** A message with a field of every type, alone, optional and repeated, and maps. */
interface All {
  readonly [field: string]: unknown;
}

const integers32 = { min: -0x8000_0000, max: 0x7fff_ffff };
const unsigned32 = { min: 0, max: 0xffff_ffff };
const signed64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const unsigned64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

/** Values of every scalar type, edges included. */
const values: Readonly<Record<ScalarName, fc.Arbitrary<unknown>>> = {
  double: fc.double(),
  float: fc.float(),
  int32: fc.integer(integers32),
  uint32: fc.integer(unsigned32),
  sint32: fc.integer(integers32),
  fixed32: fc.integer(unsigned32),
  sfixed32: fc.integer(integers32),
  int64: signed64,
  uint64: unsigned64,
  sint64: signed64,
  fixed64: unsigned64,
  sfixed64: signed64,
  bool: fc.boolean(),
  string: fc.string({ unit: "binary", maxLength: 200 }),
  bytes: fc.uint8Array({ maxLength: 200 }),
};

const scalarNames: readonly ScalarName[] = [
  "double",
  "float",
  "int32",
  "uint32",
  "sint32",
  "fixed32",
  "sfixed32",
  "int64",
  "uint64",
  "sint64",
  "fixed64",
  "sfixed64",
  "bool",
  "string",
  "bytes",
];

const All: Message<All> = defineMessage<All>(
  "All",
  scalarNames.flatMap((type, index) => [
    { number: index + 1, name: `one_${type}`, type },
    { number: index + 101, name: `maybe_${type}`, type, optional: true as const },
    { number: index + 3001, name: `many_${type}`, type, repeated: true as const },
    { number: index + 40_001, name: `map_${type}`, type, map: "string" as const },
  ]),
);

const anyAll: fc.Arbitrary<All> = fc.record(
  Object.fromEntries(
    scalarNames.flatMap((type) => [
      [`one_${type}`, values[type]],
      [`maybe_${type}`, fc.option(values[type], { nil: undefined })],
      [`many_${type}`, fc.array(values[type], { maxLength: 5 })],
      [
        `map_${type}`,
        fc.dictionary(fc.string({ maxLength: 5 }), values[type], { maxKeys: 3, noNullPrototype: false }),
      ],
    ]),
  ),
);

/** protobufjs' own reflection of the same message, for comparison. */
const reflected = protobuf
  .parse(
    `syntax = "proto3"; message All { ${scalarNames
      .map(
        (type, index) =>
          `${type} one_${type} = ${index + 1}; optional ${type} maybe_${type} = ${index + 101}; repeated ${type} many_${type} = ${index + 3001}; map<string, ${type}> map_${type} = ${index + 40_001};`,
      )
      .join(" ")} }`,
    { keepCase: true },
  )
  .root.lookupType("All");

/** The error that a function throws; anything but an MqplayError fails the test. */
function errorOf(action: () => unknown): MqplayError {
  try {
    action();
  } catch (error) {
    if (isMqplayError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** What becomes of bytes: `read`, or the error's code. */
function outcomeOf(bytes: Uint8Array): string {
  try {
    decodeMessage(All, bytes);
    return "read";
  } catch (error) {
    return isMqplayError(error) ? error.code : String(error);
  }
}

describe("a message as protobuf", () => {
  it("comes back as it went", () => {
    fc.assert(
      fc.property(anyAll, (value) => {
        All.check(value);
        expect(decodeMessage(All, encodeMessage(All, value))).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it.each(scalarNames)(
    "has %s on the wire as protobufjs has it, alone, optional, packed and in maps",
    (type) => {
      // protobufjs takes 64-bit numbers as text.
      const foreign = (value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);
      fc.assert(
        fc.property(values[type], fc.array(values[type], { maxLength: 4 }), (one, many) => {
          const ours = {
            [`one_${type}`]: one,
            [`maybe_${type}`]: one,
            [`many_${type}`]: many,
            [`map_${type}`]: { k: one },
          };
          const theirs = {
            [`one_${type}`]: foreign(one),
            [`maybe_${type}`]: foreign(one),
            [`many_${type}`]: many.map(foreign),
            [`map_${type}`]: { k: foreign(one) },
          };
          const bytes = reflected.encode(reflected.fromObject(theirs)).finish();
          const read = decodeMessage(All, bytes);
          for (const [name, value] of Object.entries(ours)) expect(read[name]).toEqual(value);
          // protobufjs writes single zeros that were set, in the order of its own; ours reads back the same there.
          const back = reflected.decode(encodeMessage(All, ours));
          expect(reflected.encode(back).finish()).toEqual(reflected.encode(reflected.decode(bytes)).finish());
        }),
      );
    },
  );

  it("leaves zeros out, except where zero was said", () => {
    expect(
      encodeMessage(All, {
        one_int32: 0,
        one_string: "",
        one_bool: false,
        one_bytes: new Uint8Array(0),
        one_int64: 0n,
        many_int32: [],
        map_int32: {},
      }),
    ).toHaveLength(0);
    expect([...encodeMessage(All, { maybe_int32: 0 })]).toEqual([0xb8, 0x06, 0]);
    expect(decodeMessage(All, encodeMessage(All, { one_double: -0 }))["one_double"]).toBe(-0);
  });

  it("reads repeated numbers packed, one by one and mixed", () => {
    const list = defineMessage<{ readonly a: readonly number[] }>("L", [
      { number: 1, name: "a", type: "int32", repeated: true },
    ]);
    expect(decodeMessage(list, Uint8Array.of(0x0a, 2, 1, 2, 0x08, 3, 0x0a, 1, 4))).toEqual({
      a: [1, 2, 3, 4],
    });
  });

  it("passes over what it does not know: every wire type, groups, and a known field in another wire type", () => {
    const one = defineMessage<{ readonly a: number }>("O", [{ number: 1, name: "a", type: "int32" }]);
    const unknown = [
      0x10, 0x96, 0x01, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x22, 2, 9, 9, 0x2b, 0x30, 1, 0x2c, 0x35, 1, 2, 3, 4,
    ];
    const otherType = [0x0a, 1, 7];
    expect(decodeMessage(one, Uint8Array.from([...unknown, 0x08, 5, ...unknown, ...otherType]))).toEqual({
      a: 5,
    });
  });

  it("reads from bytes in the middle of a larger buffer and keeps no hold on them", () => {
    const buffer = new Uint8Array(20).fill(0xff);
    buffer.set([0x7a, 3, 1, 2, 3], 7);
    const view = buffer.subarray(7, 12);
    const read = decodeMessage(All, view);
    buffer.fill(0);
    expect(read["one_bytes"]).toEqual(Uint8Array.of(1, 2, 3));
  });

  it("never throws anything but `malformed` on truncated or flipped bytes", () => {
    fc.assert(
      fc.property(anyAll, fc.nat(), fc.nat({ max: 7 }), fc.nat(), (value, at, bit, cut) => {
        const bytes = encodeMessage(All, value).slice();
        if (bytes.length === 0) return;
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
        for (const damaged of [bytes, bytes.subarray(0, cut % bytes.length)]) {
          expect(["read", "malformed"]).toContain(outcomeOf(damaged));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("never throws anything but `malformed` on arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(["read", "malformed"]).toContain(outcomeOf(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["a length beyond the end", [0x72, 5, 1]],
    ["a length of 4 GB", [0x7a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["a varint without an end", [0x18, ...Array<number>(11).fill(0xff)]],
    ["half a fixed number", [0x09, 1, 2, 3]],
    ["field number 0", [0x00, 0x00]],
    ["a stray end of a group", [0x0c]],
    ["an unknown wire type", [0x0f, 0x00]],
    ["a string that is not UTF-8", [0x72, 2, 0xc0, 0x80]],
    ["half a surrogate pair in a string", [0x72, 3, 0xed, 0xa0, 0x80]],
    ["a long string that is not UTF-8", [0x72, 30, ...Array<number>(29).fill(0x41), 0x80]],
    ["a packed run whose last number is cut", [0xca, 0xbb, 0x01, 1, 0x80]],
  ])("refuses %s", (_, bytes) => {
    expect(errorOf(() => decodeMessage(All, Uint8Array.from(bytes))).code).toBe("malformed");
  });
});

interface Tree {
  readonly name: string;
  readonly child?: Tree | undefined;
  readonly byName: { readonly [key: string]: Tree };
}
const Tree: Message<Tree> = defineMessage<Tree>("Tree", [
  { number: 1, name: "name", type: "string", maxLen: 3 },
  { number: 2, name: "child", type: "message", message: () => Tree },
  { number: 3, name: "byName", type: "message", message: () => Tree, map: "string" },
]);

function treeOf(depth: number): Tree {
  return depth === 0 ? { name: "", byName: {} } : { name: "", child: treeOf(depth - 1), byName: {} };
}

describe("messages in messages", () => {
  it("come back as they went, lengths of more than one byte included", () => {
    const tree: Tree = {
      name: "a",
      child: { name: "b", byName: {} },
      byName: { ["x".repeat(20_000)]: { name: "c", byName: {} } },
    };
    expect(decodeMessage(Tree, encodeMessage(Tree, tree))).toEqual(tree);
    expect(Tree.fromJson(JSON.parse(JSON.stringify(Tree.toJson(tree))))).toEqual(tree);
  });

  it("may be 31 deep and no deeper, whichever way", () => {
    const deep = treeOf(31);
    const deeper = treeOf(32);
    expect(decodeMessage(Tree, encodeMessage(Tree, deep))).toEqual(deep);
    expect(Tree.fromJson(Tree.toJson(deep))).toEqual(deep);
    expect(() => Tree.check(deep)).not.toThrow();
    expect(errorOf(() => encodeMessage(Tree, deeper)).code).toBe("invalidArgument");
    expect(errorOf(() => Tree.toJson(deeper)).code).toBe("invalidArgument");
    expect(errorOf(() => Tree.check(deeper)).code).toBe("paramNotAllow");
    expect(errorOf(() => Tree.fromJson(deeper)).code).toBe("malformed");
    const endless: Uint8Array = Uint8Array.from({ length: 200 }, (_, index) =>
      index % 2 === 0 ? 0x12 : 198 - index,
    );
    expect(errorOf(() => decodeMessage(Tree, endless)).code).toBe("malformed");
    expect(errorOf(() => decodeMessage(All, new Uint8Array(100_000).fill(0x2b))).code).toBe("malformed");
  });

  it("end in an error when one holds itself", () => {
    const loop: { name: string; child?: Tree; byName: {} } = { name: "", byName: {} };
    loop.child = loop;
    expect(errorOf(() => encodeMessage(Tree, loop)).code).toBe("invalidArgument");
    expect(errorOf(() => Tree.check(loop)).code).toBe("paramNotAllow");
    // A failed message leaves nothing behind for the next.
    expect(decodeMessage(Tree, encodeMessage(Tree, { name: "a", byName: {} }))).toEqual({
      name: "a",
      byName: {},
    });
  });

  it("treat __proto__ as a map's key like any other", () => {
    const key = "__proto__";
    const json: unknown = JSON.parse('{"byName":{"__proto__":{"name":"x"}},"__proto__":{"name":"y"}}');
    const read = Tree.fromJson(json);
    expect(Object.keys(read.byName)).toEqual([key]);
    expect(read.name).toBe("");
    const back = decodeMessage(Tree, encodeMessage(Tree, read));
    expect(Object.keys(back.byName)).toEqual([key]);
    expect(JSON.stringify(Tree.toJson(back))).toBe('{"byName":{"__proto__":{"name":"x"}}}');
    expect("name" in {}).toBe(false);
  });

  it("name the place of a fault", () => {
    expect(errorOf(() => Tree.fromJson({ child: { byName: { "a b": { name: 5 } } } }))).toMatchObject({
      code: "malformed",
      path: 'child.byName["a b"].name',
      detail: 'child.byName["a b"].name: expected a string of well-formed Unicode, got 5',
    });
    expect(
      errorOf(() => Tree.check({ name: "", byName: { x: { name: "long", byName: {} } } })),
    ).toMatchObject({
      code: "paramNotAllow",
      path: 'byName["x"].name',
      detail: 'byName["x"].name: expected at most 3 characters, got 4',
    });
  });
});
