import mqttPacket, { type Packet } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import {
  encodeConnect,
  encodeDisconnect,
  encodePingreq,
  encodePuback,
  encodePublish,
  encodeSubscribe,
  encodeUnsubscribe,
  PacketReader,
} from "./packets.ts";

/** What mqtt.js' own parser makes of bytes: a codec that is not ours. */
function parse(bytes: Uint8Array): Packet {
  const packets: Packet[] = [];
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  parser.on("packet", (packet: Packet) => packets.push(packet));
  parser.on("error", (error: unknown) => {
    throw error;
  });
  parser.parse(Buffer.from(bytes));
  expect(packets).toHaveLength(1);
  const [packet] = packets;
  if (packet === undefined) throw new Error("no packet");
  return packet;
}

describe("what the link writes, another codec reads", () => {
  test("CONNECT", () => {
    expect(parse(encodeConnect("c".repeat(32), 6))).toMatchObject({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      keepalive: 6,
      clientId: "c".repeat(32),
    });
  });

  test.each([0, 1, 127, 128, 16_383, 16_384, 200_000])("PUBLISH with %i bytes", (size) => {
    const payload = new Uint8Array(size).fill(7);
    const bytes = encodePublish({ topic: "room/é", payload, qos: 1, retain: true, packetId: 0x1234 });
    const packet = parse(bytes);
    expect(packet).toMatchObject({
      cmd: "publish",
      topic: "room/é",
      qos: 1,
      retain: true,
      messageId: 0x1234,
    });
    expect(packet.cmd === "publish" && Buffer.from(packet.payload).equals(payload)).toBe(true);
  });

  test("PUBLISH at QoS 0 has no identifier", () => {
    const bytes = encodePublish({
      topic: "t",
      payload: Uint8Array.of(1),
      qos: 0,
      retain: false,
      packetId: undefined,
    });
    expect([...bytes]).toEqual([0x30, 4, 0, 1, 0x74, 1]);
  });

  test("PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT", () => {
    expect(parse(encodePuback(513))).toMatchObject({ cmd: "puback", messageId: 513 });
    expect(
      parse(
        encodeSubscribe(7, [
          { topic: "s", qos: 1 },
          { topic: "a/#", qos: 0 },
        ]),
      ),
    ).toMatchObject({
      cmd: "subscribe",
      messageId: 7,
      subscriptions: [
        { topic: "s", qos: 1 },
        { topic: "a/#", qos: 0 },
      ],
    });
    expect(parse(encodeUnsubscribe(8, ["a", "b"]))).toMatchObject({
      cmd: "unsubscribe",
      unsubscriptions: ["a", "b"],
    });
    expect(parse(encodePingreq())).toMatchObject({ cmd: "pingreq" });
    expect(parse(encodeDisconnect())).toMatchObject({ cmd: "disconnect" });
  });
});

const server: readonly Packet[] = [
  { cmd: "connack", returnCode: 0, sessionPresent: false },
  { cmd: "suback", messageId: 1, granted: [1, 128] },
  {
    cmd: "publish",
    topic: "i",
    payload: Buffer.from("hello"),
    qos: 1,
    messageId: 65_535,
    retain: false,
    dup: true,
  },
  { cmd: "publish", topic: "s", payload: Buffer.alloc(300, 1), qos: 0, retain: true, dup: false },
  { cmd: "puback", messageId: 9 },
  { cmd: "unsuback", messageId: 10, granted: [] },
  { cmd: "pingresp" },
];

const expected = [
  { type: "CONNACK", code: 0 },
  { type: "SUBACK", packetId: 1, codes: [1, 128] },
  {
    type: "PUBLISH",
    topic: "i",
    payload: new Uint8Array(Buffer.from("hello")),
    qos: 1,
    packetId: 65_535,
    retain: false,
  },
  {
    type: "PUBLISH",
    topic: "s",
    payload: new Uint8Array(300).fill(1),
    qos: 0,
    packetId: undefined,
    retain: true,
  },
  { type: "PUBACK", packetId: 9 },
  { type: "UNSUBACK", packetId: 10 },
  { type: "PINGRESP" },
];

describe("what a server writes, the link reads", () => {
  const bytes = new Uint8Array(Buffer.concat(server.map((packet) => mqttPacket.generate(packet))));

  test("in one piece", () => {
    expect(new PacketReader().read(bytes)).toEqual(expected);
  });

  test.each([1, 2, 3, 7, 100])("in pieces of %i bytes", (size) => {
    const reader = new PacketReader();
    const packets: unknown[] = [];
    for (let at = 0; at < bytes.length; at += size)
      packets.push(...reader.read(bytes.subarray(at, at + size)));
    expect(packets).toEqual(expected);
  });
});

describe("what is no MQTT is refused before it costs anything", () => {
  test.each([
    ["a length of five bytes", [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["a packet larger than the bound", [0x30, 0xff, 0xff, 0xff, 0x7f]],
    ["HTTP", [...Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")]],
    ["a packet that only clients send", [0x10, 0x00]],
    ["PUBLISH at QoS 2", [0x34, 0x05, 0x00, 0x01, 0x74, 0x00, 0x01]],
    ["PUBLISH whose topic is longer than the packet", [0x30, 0x03, 0x00, 0x05, 0x74]],
    ["PUBLISH without its identifier", [0x32, 0x03, 0x00, 0x01, 0x74]],
    ["a topic that is not UTF-8", [0x30, 0x03, 0x00, 0x01, 0xff]],
    ["CONNACK without a code", [0x20, 0x01, 0x00]],
    ["SUBACK without an identifier", [0x90, 0x01, 0x00]],
  ])("%s", (_name, bytes) => {
    expect(() => new PacketReader().read(Uint8Array.from(bytes))).toThrow(/malformed/);
  });
});
