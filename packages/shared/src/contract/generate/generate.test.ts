import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isMqplayError } from "../../errors.ts";
import { generateContracts, readFrom, type GenerateOptions, type ReadProto } from "./generate.ts";

const fixtures = new URL("./fixtures/", import.meta.url);
const arena = new URL("arena.proto", fixtures).pathname;

const HEAD = 'syntax = "proto3";\nimport "mqplay/options.proto";\nimport "google/protobuf/empty.proto";\n';
const SERVICE =
  "service S { option (mqplay.module) = 11; rpc F(google.protobuf.Empty) returns (google.protobuf.Empty) { option (mqplay.func) = 1; } }\n";

function texts(files: Readonly<Record<string, string>>): ReadProto {
  return (name) => {
    const text = files[name];
    return text === undefined ? undefined : { path: name, text };
  };
}

function generate(text: string, options: GenerateOptions = {}): string {
  return generateContracts(["t.proto"], texts({ "t.proto": text }), options)[0]?.text ?? "";
}

/** The lines of the error that a .proto gives. */
function faultsOf(text: string, options: GenerateOptions = {}): string[] {
  return faultsOfFiles({ "t.proto": text }, ["t.proto"], options);
}

function faultsOfFiles(
  files: Record<string, string>,
  names: string[],
  options: GenerateOptions = {},
): string[] {
  try {
    generateContracts(names, texts(files), options);
  } catch (error) {
    if (isMqplayError(error) && error.code === "contractInvalid") return error.detail.split("\n");
    throw error;
  }
  return [];
}

describe("a contract generated from a .proto", () => {
  it("is, for the arena, the text that was looked at and committed", () => {
    const [file, ...more] = generateContracts([arena], readFrom([fixtures.pathname]));
    expect(more).toEqual([]);
    expect(file?.name).toBe("arena.ts");
    expect(file?.text).toBe(readFileSync(new URL("generated/arena.ts", fixtures), "utf8"));
  });

  it("is the same text whenever it is made", () => {
    const once = generateContracts([arena], readFrom([fixtures.pathname]));
    expect(generateContracts([arena], readFrom([fixtures.pathname]))).toEqual(once);
  });

  it("does not depend on the order of the files that were given", () => {
    const files = {
      "a.proto": `${HEAD}import "c.proto";\nservice A { option (mqplay.module) = 11; rpc F(Shared) returns (Shared) { option (mqplay.func) = 1; } }`,
      "b.proto": `${HEAD}import "c.proto";\nservice B { option (mqplay.module) = 12; rpc F(Shared) returns (Shared) { option (mqplay.func) = 1; } }`,
      "c.proto": 'syntax = "proto3";\nmessage Shared { string a = 1; }',
    };
    const forth = generateContracts(["a.proto", "b.proto"], texts(files));
    expect(generateContracts(["b.proto", "a.proto"], texts(files))).toEqual(forth);
    expect(forth.map(({ name }) => name)).toEqual(["a.ts", "b.ts", "c.ts"]);
    expect(forth[0]?.text).toContain('import { Shared } from "./c.js";');
    expect(forth[0]?.text).not.toContain("interface Shared");
    expect(forth[2]?.text).toContain("export interface Shared {");
  });

  it("keeps messages of an imported file with the only service that uses them", () => {
    const files = {
      "a.proto": `${HEAD}import "c.proto";\nservice A { option (mqplay.module) = 11; rpc F(Shared) returns (Shared) { option (mqplay.func) = 1; } }`,
      "c.proto": 'syntax = "proto3";\nmessage Shared { string a = 1; }',
    };
    const outputs = generateContracts(["a.proto"], texts(files));
    expect(outputs.map(({ name }) => name)).toEqual(["a.ts"]);
    expect(outputs[0]?.text).not.toContain('from "./');
  });

  it("gives the runtime's types another name when a message has theirs", () => {
    const text = generate(`${HEAD}${SERVICE}message Message { string text = 1; }`);
    expect(text).toContain(
      'import { type Message as mqplayMessage, type ModuleContract, defineMessage } from "@mqplay/shared";',
    );
    expect(text).toContain("export const Message: mqplayMessage<Message> =");
  });

  it("cannot be broken out of by a comment or a text", () => {
    const text = generate(
      `${HEAD}// ends */ here\nservice S { option (mqplay.module) = 11; rpc F(google.protobuf.Empty) returns (google.protobuf.Empty) { option (mqplay.func) = 1; option (mqplay.errors) = { state: 1, name: "e", msg: 'a"\\n\`' }; } }`,
    );
    expect(text).toContain("/** ends *\\/ here */");
    expect(text).toContain(String.raw`msg: "a\"\n` + '`"');
  });

  it("lets mqplay's own modules have numbers below 11 when asked", () => {
    const own = `${HEAD}service S { option (mqplay.module) = 2; rpc F(google.protobuf.Empty) returns (google.protobuf.Empty) { option (mqplay.func) = 1; } }`;
    expect(faultsOf(own)).toEqual([
      "t.proto:4: the module number 2 is not one of 11 to 255; 1 to 10 are built in",
    ]);
    expect(faultsOf(own, { builtIn: true })).toEqual([]);
  });
});

describe("a .proto that breaks a rule is told so by file and line", () => {
  const rpc = (options: string, name = "G"): string =>
    `${HEAD}service S {\n  option (mqplay.module) = 11;\n  rpc F(google.protobuf.Empty) returns (google.protobuf.Empty) { option (mqplay.func) = 1; }\n  rpc ${name}(google.protobuf.Empty) returns (google.protobuf.Empty) {\n    ${options}\n  }\n}\n`;
  const message = (body: string): string => `${HEAD}${SERVICE}message M {\n  ${body}\n}\n`;

  const cases: readonly [rule: string, text: string, faults: readonly string[]][] = [
    [
      "proto2",
      'syntax = "proto2";\nmessage M {}',
      ['t.proto:1: only proto3 is supported: begin the file with syntax = "proto3";'],
    ],
    [
      "no syntax",
      "message M {}",
      ['t.proto:1: only proto3 is supported: begin the file with syntax = "proto3";'],
    ],
    ["no .proto at all", `${HEAD}message M {\n  string = 1;\n}`, ["t.proto:5: illegal name '='"]],
    [
      "a service without a number",
      `${HEAD}service S {}`,
      [
        "t.proto:4: service S has no number: add option (mqplay.module) = 11;",
        "t.proto:4: service S has neither functions nor pushes",
      ],
    ],
    [
      "a module number above 255",
      `${HEAD}${SERVICE.replace("= 11", "= 256")}`,
      ["t.proto:4: the module number 256 is not one of 11 to 255"],
    ],
    ["a function without a number", rpc(""), ["t.proto:7: S.G has no number: add option (mqplay.func) = 1;"]],
    [
      "a function number given twice",
      rpc("option (mqplay.func) = 1;"),
      ["t.proto:7: the function number 1 is already used at t.proto:6"],
    ],
    [
      "a function number out of range",
      rpc("option (mqplay.func) = 0;"),
      ["t.proto:7: the function number 0 is not one of 1 to 255"],
    ],
    [
      "a function name given twice",
      rpc("option (mqplay.func) = 2;", "F"),
      ["t.proto:7: the name S.F is already used on line 6"],
    ],
    [
      "function names that are the same in code",
      rpc("option (mqplay.func) = 2;", "f"),
      ["t.proto:7: the function name f is already used at t.proto:6"],
    ],
    [
      "a function name that every object has",
      rpc("option (mqplay.func) = 2;", "ToString"),
      ["t.proto:7: the function name toString is a name that every object has"],
    ],
    [
      "a function name that the SDK has",
      rpc("option (mqplay.func) = 2;", "On"),
      ["t.proto:7: the function name on is a name that the SDK's modules have"],
    ],
    [
      "an unknown option",
      rpc("option (mqplay.func) = 2; option (mqplay.acess) = PUBLIC;"),
      ["t.proto:8: there is no option (mqplay.acess) for a rpc; did you mean (mqplay.access)?"],
    ],
    [
      "an unknown access",
      rpc("option (mqplay.func) = 2;\n    option (mqplay.access) = ANYBODY;"),
      ["t.proto:9: (mqplay.access) is one of USER, PUBLIC, INTERNAL"],
    ],
    [
      "an error state that means something else",
      rpc(
        'option (mqplay.func) = 2;\n    option (mqplay.errors) = { state: 0, name: "a", msg: "" };\n    option (mqplay.errors) = { state: 200, name: "b", msg: "" };\n    option (mqplay.errors) = { state: 236, name: "c", msg: "" };',
      ),
      [
        "t.proto:9: the error state 0 is not one of 1 to 235 without 200, which means success",
        "t.proto:10: the error state 200 is not one of 1 to 235 without 200, which means success",
        "t.proto:11: the error state 236 is not one of 1 to 235 without 200, which means success",
      ],
    ],
    [
      "error states and names given twice",
      rpc(
        'option (mqplay.func) = 2;\n    option (mqplay.errors) = { state: 1, name: "a", msg: "" };\n    option (mqplay.errors) = { state: 1, name: "b", msg: "" };\n    option (mqplay.errors) = { state: 2, name: "a", msg: "" };',
      ),
      [
        "t.proto:10: the error state 1 of G is already used at t.proto:9",
        "t.proto:11: the error name a of G is already used at t.proto:9",
        "t.proto:11: the error a has another state or text at t.proto:9",
      ],
    ],
    [
      "an error name that is not lowerCamelCase",
      rpc(
        'option (mqplay.func) = 2;\n    option (mqplay.errors) = { state: 1, name: "Room_full", msg: "" };',
      ),
      ["t.proto:9: the error name Room_full is not lowerCamelCase"],
    ],
    [
      "an incomplete error",
      rpc("option (mqplay.func) = 2;\n    option (mqplay.errors) = { state: 1 };"),
      ['t.proto:9: S.G: an error is written { state: 1, name: "roomFull", msg: "The room is full" }'],
    ],
    [
      "stickiness to no field",
      rpc('option (mqplay.func) = 2; option (mqplay.sticky) = "room";'),
      ["t.proto:7: S.G sticks to room, which is no field of its request"],
    ],
    [
      "a stream",
      `${HEAD}service S {\n  option (mqplay.module) = 11;\n  rpc F(stream M) returns (M) { option (mqplay.func) = 1; }\n}\nmessage M {}`,
      ["t.proto:6: S.F: a function takes and returns one message; for a stream declare a push"],
    ],
    ["an unknown type of a field", message("Strin a = 1;"), ["t.proto:6: M.a: unknown type Strin"]],
    [
      "a misspelt type",
      `${HEAD}${SERVICE}message Vector {}\nmessage M {\n  Vectr a = 1;\n}`,
      ["t.proto:7: M.a: unknown type Vectr: did you mean Vector?"],
    ],
    [
      "an unknown type of a function",
      `${HEAD}${SERVICE.replace("google.protobuf.Empty) returns", "Join) returns")}`,
      ["t.proto:4: S.F: unknown type Join"],
    ],
    [
      "Empty without its import",
      'syntax = "proto3";\nimport "mqplay/options.proto";\n' + SERVICE,
      [
        't.proto:3: S.F: unknown type google.protobuf.Empty: import "google/protobuf/empty.proto"',
        't.proto:3: S.F: unknown type google.protobuf.Empty: import "google/protobuf/empty.proto"',
      ],
    ],
    [
      "an import that is nowhere",
      `${HEAD}import "nowhere.proto";`,
      ['t.proto:4: imports "nowhere.proto", which is in none of the include folders (-I)'],
    ],
    [
      "a field number given twice",
      message("string a = 1;\n  string b = 1;"),
      ["t.proto:7: the number 1 (of field M.b) is already used on line 6"],
    ],
    [
      "a field name given twice",
      message("string a = 1;\n  string a = 2;"),
      ["t.proto:7: the name M.a is already used on line 6"],
    ],
    [
      "field names that JSON cannot tell apart",
      message("string user_name = 1;\n  string UserName = 2;"),
      [
        "t.proto:7: the name UserName differs only in case or underscores from another: it is already used at t.proto:6",
      ],
    ],
    [
      "a field name that every object has",
      message("string constructor = 1;\n  string a = 2;"),
      ["t.proto:6: the field name constructor is a name that every object has"],
    ],
    [
      "a field named __proto__",
      message("string __proto__ = 1;"),
      ["t.proto:6: the field name __proto__ is a name that every object has"],
    ],
    [
      "a field number that protobuf keeps",
      message("string a = 19000;"),
      ["t.proto:6: the field number 19000 is not one that protobuf allows"],
    ],
    [
      "the field number of calls' keys [call-5]",
      message("string a = 536870911;"),
      ["t.proto:6: the field number 536870911 is the wire's own: it holds the keys of calls"],
    ],
    [
      "a message with a reserved name",
      `${HEAD}${SERVICE}message delete {}`,
      ["t.proto:5: the message name delete is a reserved word in TypeScript"],
    ],
    [
      "two messages with one name in code",
      `${HEAD}${SERVICE}message A_B {}\nmessage A {\n  message B {}\n}`,
      ["t.proto:7: the name A_B is already used at t.proto:5"],
    ],
    [
      "an enum that does not begin with 0",
      `${HEAD}${SERVICE}enum E { A = 1; }`,
      ["t.proto:5: the first value of E must be 0: it is what is not sent"],
    ],
    [
      "an enum number given twice",
      `${HEAD}${SERVICE}enum E {\n  A = 0;\n  B = 0;\n}`,
      ["t.proto:7: the number 0 (of value E.B) is already used on line 6"],
    ],
    [
      "two services in a file",
      `${HEAD}${SERVICE}service T { option (mqplay.module) = 12; rpc F(google.protobuf.Empty) returns (google.protobuf.Empty) { option (mqplay.func) = 1; } }`,
      ["t.proto:5: a .proto has one service: its pushes could belong to either"],
    ],
    [
      "a push without a service",
      `${HEAD}message M { option (mqplay.push) = 1; }`,
      ["t.proto:4: M is a push, but its file has no service that it could belong to"],
    ],
    [
      "a push number given twice",
      `${HEAD}${SERVICE}message M { option (mqplay.push) = 1; }\nmessage N { option (mqplay.push) = 1; }`,
      ["t.proto:6: the push number 1 is already used at t.proto:5"],
    ],
    [
      "push names that are the same in code",
      `${HEAD}${SERVICE}message M { option (mqplay.push) = 1; }\nmessage S_M_Push { option (mqplay.push) = 2; }`,
      ["t.proto:6: the push name m is already used at t.proto:5"],
    ],
    [
      "an unknown rule",
      message("string a = 1 [(mqplay.field).maxlen = 3];"),
      [
        "t.proto:6: M.a: there is no rule maxlen; there are required, min_len, max_len, min, max, pattern, min_items, max_items",
      ],
    ],
    [
      "a rule for another type",
      message("int32 a = 1 [(mqplay.field).max_len = 3];"),
      ["t.proto:6: M.a: the rule max_len is for string and bytes"],
    ],
    [
      "a range that is empty",
      message("int32 a = 1 [(mqplay.field) = { min: 3, max: 2 }];"),
      ["t.proto:6: M.a: the least allowed is above the most allowed"],
    ],
    [
      "optional and required at once",
      message("optional int32 a = 1 [(mqplay.field).required = true];"),
      ["t.proto:6: M.a: a field is either optional or required"],
    ],
    [
      "a pattern without a bound",
      message('string a = 1 [(mqplay.field).pattern = "a+"];'),
      ["t.proto:6: M.a: a pattern needs a max_len, so that no input keeps it busy"],
    ],
    [
      "a pattern that can run away",
      message('string a = 1 [(mqplay.field) = { max_len: 64, pattern: "(a+)+" }];'),
      ["t.proto:6: M.a: the pattern repeats a group that itself has repetition or alternatives"],
    ],
    [
      "a pattern that is none",
      message('string a = 1 [(mqplay.field) = { max_len: 64, pattern: "(" }];'),
      ["t.proto:6: M.a: the pattern is no regular expression: Unterminated group"],
    ],
  ];

  it.each(cases)("%s", (_, text, faults) => {
    expect(faultsOf(text)).toEqual(faults);
  });

  it("tells everything that is wrong at once, over all files", () => {
    const files = {
      "a.proto": `${HEAD}${SERVICE}message M {\n  X a = 1;\n  Y b = 2;\n}`,
      "b.proto": `${HEAD}service S { option (mqplay.module) = 12; }\nmessage N { Z a = 1; }`,
    };
    expect(faultsOfFiles(files, ["b.proto", "a.proto"])).toEqual([
      "a.proto:6: M.a: unknown type X",
      "a.proto:7: M.b: unknown type Y",
      "b.proto:5: N.a: unknown type Z",
    ]);
  });

  it("refuses a module's name or number that another file has", () => {
    const files = { "a.proto": HEAD + SERVICE, "b.proto": HEAD + SERVICE };
    expect(faultsOfFiles(files, ["a.proto", "b.proto"])).toEqual([
      "b.proto:4: the module name S is already used at a.proto:4",
      "b.proto:4: the module number 11 is already used at a.proto:4",
      "b.proto:4: the name S is already used at a.proto:4",
    ]);
  });

  it("asks for the import of a type that another file declares", () => {
    const files = {
      "a.proto": `${HEAD}import "b.proto";\n${SERVICE}message M { B b = 1; C c = 2; }`,
      "b.proto": 'syntax = "proto3";\nimport "c.proto";\nmessage B { C c = 1; }',
      "c.proto": 'syntax = "proto3";\nmessage C {}',
    };
    expect(faultsOfFiles(files, ["a.proto"])).toEqual(['a.proto:6: M.c: unknown type C: import "c.proto"']);
  });
});
