/**
 * The bytes of docs/protocol.md, "Worked example", recomputed with nothing but node:crypto and held against the recordings.
 */
import { createCipheriv, createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recordings } from "./recordings.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/protocol.md"), "utf8");

/** The three blocks of lines `name   hex`. */
const [keyLines, jsonLines, protobufLines] = [...page.matchAll(/```text\n([\s\S]*?)```/g)].map(
  ([, block = ""]) => {
    const lines = block.trimEnd().split("\n");
    return new Map(
      lines.map((line) => {
        const [, name, hex] = /^(.*?)\s+([0-9a-f]+)$/.exec(line) ?? [];
        if (name === undefined || hex === undefined)
          throw new Error(`no line of the worked example: ${line}`);
        return [name, hex];
      }),
    );
  },
);

function line(lines: ReadonlyMap<string, string> | undefined, name: string): Buffer {
  const hex = lines?.get(name);
  if (hex === undefined) throw new Error(`the page has no line "${name}"`);
  return Buffer.from(hex, "hex");
}

function cipher(key: Buffer, bytes: Buffer): Buffer {
  return createCipheriv("aes-128-ctr", key, key).update(bytes);
}

/** PUBLISH at QoS 1 with packet identifier 3, short enough for one byte of length. */
function publish(topic: string, payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.of(0x32, payload.length + 5, 0, 1),
    Buffer.from(topic),
    Buffer.of(0, 3),
    payload,
  ]);
}

test("[handshake-2] the page's example of a key is right, step by step", () => {
  const clientId = line(keyLines, "client id");
  const serverString = line(keyLines, "server string");
  const b = Buffer.concat([clientId, serverString]);
  expect(line(keyLines, "B")).toEqual(b);
  const swap = (left: number, right: number): void => {
    const kept = b.readUInt8(left);
    b.writeUInt8(b.readUInt8(right), left);
    b.writeUInt8(kept, right);
  };
  swap(32, 6);
  expect(line(keyLines, "B[32] and B[6] swap")).toEqual(b);
  swap(48, 31);
  expect(line(keyLines, "B[48] and B[31] swap")).toEqual(b);
  const key = createHash("md5").update(b).digest();
  expect(line(keyLines, "key")).toEqual(key);
  const recorded = recordings.find(({ name }) => name === "json-user-functions")?.connections["A"];
  expect([clientId.toString(), serverString.toString("hex"), key.toString("hex")]).toEqual([
    recorded?.clientId,
    recorded?.serverStringHex,
    recorded?.keyHex,
  ]);
});

test("[handshake-3] [call-1] [answer-1] [answer-3] the page's example of a call in JSON is right", () => {
  const key = line(keyLines, "key");
  const call = Buffer.from('{"module":"User","func":"GetSelfInfo"}');
  const answer = Buffer.from('{"msg":"Need Login first","state":249}');
  expect(line(jsonLines, "call, plain")).toEqual(call);
  expect(line(jsonLines, "call, encrypted")).toEqual(cipher(key, call));
  expect(line(jsonLines, "answer, plain")).toEqual(answer);
  expect(line(jsonLines, "PUBLISH of the call")).toEqual(publish("i", cipher(key, call)));
  expect(line(jsonLines, "PUBLISH of the answer")).toEqual(publish("i", cipher(key, answer)));
  expectRecorded("json-user-functions", [
    line(jsonLines, "PUBLISH of the call"),
    line(jsonLines, "PUBACK of the call"),
    line(jsonLines, "PUBLISH of the answer"),
    line(jsonLines, "PUBACK of the answer"),
  ]);
  for (const text of [call, answer]) expect(page).toContain(`\`${text.toString()}\``);
});

test("[call-4] [answer-2] [answer-4] the page's example of a call in protobuf is right", () => {
  const key = line(protobufLines, "key, second client");
  expect(key.toString("hex")).toBe(
    recordings.find(({ name }) => name === "protobuf-user-functions")?.connections["A"]?.keyHex,
  );
  const call = Buffer.of(2, 4);
  const text = Buffer.from("Need Login first");
  const answer = Buffer.concat([call, Buffer.of(0x12, text.length), text, Buffer.of(0x18, 0xf9, 0x01)]);
  expect(line(protobufLines, "call, plain")).toEqual(call);
  expect(line(protobufLines, "call, encrypted")).toEqual(cipher(key, call));
  expect(line(protobufLines, "answer, plain")).toEqual(answer);
  expect(line(protobufLines, "PUBLISH of the call")).toEqual(publish("f", cipher(key, call)));
  expect(line(protobufLines, "PUBLISH of the answer")).toEqual(publish("f", cipher(key, answer)));
  expectRecorded("protobuf-user-functions", [
    line(protobufLines, "PUBLISH of the call"),
    line(protobufLines, "PUBLISH of the answer"),
  ]);
});

/** Finds packets, in order, in a recorded conversation. */
function expectRecorded(name: string, packets: readonly Buffer[]): void {
  const recorded =
    recordings.find((recording) => recording.name === name)?.packets.map(({ hex }) => hex) ?? [];
  let from = 0;
  for (const packet of packets) {
    const at = recorded.indexOf(packet.toString("hex"), from);
    expect(at, `${packet.toString("hex")} is not in the recording`).toBeGreaterThanOrEqual(from);
    from = at + 1;
  }
}
