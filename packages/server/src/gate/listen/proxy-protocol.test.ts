import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseProxyHeader } from "./proxy-protocol.ts";

const V2_START = [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const v2 = (command: number, family: number, body: readonly number[]): Buffer =>
  Buffer.from([...V2_START, command, family, body.length >> 8, body.length & 0xff, ...body]);
const V4_BODY = [203, 0, 113, 7, 198, 51, 100, 1, 0x13, 0x88, 0x07, 0x5b];
const V6_BODY = Array.from(
  Buffer.from("20010db800000000000000000000000720010db80000000000000000000000011388075b", "hex"),
);
const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 9, ...V6_BODY.slice(16)];

const good: readonly (readonly [string, Buffer, string | undefined])[] = [
  ["v1 TCP4", Buffer.from("PROXY TCP4 203.0.113.7 198.51.100.1 5000 1883\r\n"), "203.0.113.7"],
  ["v1 TCP6", Buffer.from("PROXY TCP6 2001:db8::7 2001:db8::1 5000 1883\r\n"), "2001:db8::7"],
  ["v1 UNKNOWN", Buffer.from("PROXY UNKNOWN\r\n"), undefined],
  ["v1 UNKNOWN with addresses", Buffer.from("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), undefined],
  ["v2 IPv4", v2(0x21, 0x11, V4_BODY), "203.0.113.7"],
  ["v2 IPv4 with additions", v2(0x21, 0x11, [...V4_BODY, 4, 0, 1, 0]), "203.0.113.7"],
  ["v2 IPv6", v2(0x21, 0x21, V6_BODY), "2001:db8::7"],
  ["v2 IPv4 within IPv6", v2(0x21, 0x21, mapped), "203.0.113.9"],
  ["v2 LOCAL", v2(0x20, 0x00, []), undefined],
  [
    "v2 Unix sockets",
    v2(
      0x21,
      0x31,
      Array.from({ length: 216 }, () => 0),
    ),
    undefined,
  ],
];

describe("a header", () => {
  test.each(good)("%s is read, and what follows it is left alone", (_what, header, client) => {
    const expected = { kind: "whole", client, length: header.length };
    expect(parseProxyHeader(header)).toEqual(expected);
    expect(parseProxyHeader(Buffer.concat([header, Buffer.from("\x10\x0cPROXY TCP4")]))).toEqual(expected);
  });

  test.each(good)("%s is partial at every place before its end", (_what, header) => {
    for (let length = 0; length < header.length; length++)
      expect(parseProxyHeader(header.subarray(0, length))).toEqual({ kind: "partial" });
  });

  test.each([
    ["a CONNECT packet", Buffer.from("\x10\x0c\0\x04MQTT")],
    ["a TLS hello", Buffer.from([0x16, 3, 1, 2, 0])],
    ["another family", Buffer.from("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n")],
    ["an address of the other family", Buffer.from("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n")],
    ["no address", Buffer.from("PROXY TCP4 host 1.2.3.4 1 2\r\n")],
    ["too few words", Buffer.from("PROXY TCP4 1.2.3.4\r\n")],
    ["a line without an end", Buffer.from("PROXY TCP4 ".padEnd(107, "1"))],
    ["version 3", v2(0x31, 0x11, V4_BODY)],
    ["an unknown command", v2(0x22, 0x11, V4_BODY)],
    ["a body too short for its addresses", v2(0x21, 0x11, [1, 2, 3, 4])],
    ["a body too short for IPv6", v2(0x21, 0x21, V4_BODY)],
    ["a body that would be large", Buffer.from([...V2_START, 0x21, 0x11, 0xff, 0xff])],
  ])("that is %s is invalid", (_what, bytes) => {
    expect(parseProxyHeader(bytes)).toEqual({ kind: "invalid" });
  });

  test("of any bytes is judged without an exception, and never asks for more than 536 bytes", () => {
    const start = fc.constantFrom(Buffer.from("PROXY TCP4 "), Buffer.from(V2_START), Buffer.alloc(0));
    const judged = fc.check(
      fc.property(start, fc.uint8Array({ maxLength: 700 }), (head, rest) => {
        const bytes = Buffer.concat([head, rest]);
        const header = parseProxyHeader(bytes);
        return header.kind === "whole"
          ? header.length <= bytes.length
          : header.kind === "invalid" || bytes.length < 536;
      }),
    );
    expect(judged.counterexample).toBeNull();
    expect(judged.failed).toBe(false);
  });
});
