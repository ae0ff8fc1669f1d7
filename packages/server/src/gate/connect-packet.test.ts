import { generate } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { parseConnect } from "./connect-packet.ts";
import { ProtocolViolation } from "./frame.ts";

const id = "abcdefghijklmnopqrstuvwxyz012345";

describe("parseConnect", () => {
  it("reads what another library wrote, with will, username and password", () => {
    const frame = generate({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: false,
      clientId: id,
      keepalive: 77,
      will: { topic: "game/last", payload: Buffer.from("words"), qos: 1, retain: true },
      username: "someone",
      password: Buffer.from("something"),
    });
    expect(parseConnect(frame)).toMatchObject({
      protocolLevel: 4,
      clientId: id,
      cleanSession: false,
      keepAliveS: 77,
      willTopic: "game/last",
    });
  });

  it("reads MQTT 3.1", () => {
    const frame = generate({
      cmd: "connect",
      protocolId: "MQIsdp",
      protocolVersion: 3,
      clean: true,
      clientId: id,
      keepalive: 0,
    });
    expect(parseConnect(frame)).toMatchObject({
      protocolLevel: 3,
      clientId: id,
      cleanSession: true,
      willTopic: undefined,
    });
  });

  it("keeps the bytes of a client id that is no UTF-8, and no text", () => {
    const frame = Buffer.from(
      generate({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clean: true,
        clientId: id,
        keepalive: 0,
      }),
    );
    frame[frame.length - 1] = 0xff;
    const { clientId, clientIdBytes } = parseConnect(frame);
    expect(clientId).toBeUndefined();
    expect(clientIdBytes).toHaveLength(32);
  });

  it("throws on every truncation, and on a byte too many", () => {
    const frame = generate({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      clientId: id,
      keepalive: 9,
    });
    for (let length = 1; length < frame.length; length++) {
      const cut = Buffer.from(frame.subarray(0, length));
      if (length > 1) cut[1] = length - 2;
      expect(() => parseConnect(cut), `${length} bytes`).toThrow(ProtocolViolation);
    }
    const longer = Buffer.concat([frame, Buffer.from([0])]);
    longer[1] = longer.length - 2;
    expect(() => parseConnect(longer)).toThrow("longer");
  });

  it.each([
    ["a reserved flag", 0x03],
    ["will QoS 3", 0x1e],
    ["a will QoS without a will", 0x0a],
    ["a password without a username", 0x42],
  ])("throws on %s", (_what, flags) => {
    const frame = Buffer.from(
      generate({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clean: true,
        clientId: id,
        keepalive: 9,
      }),
    );
    frame[9] = flags;
    expect(() => parseConnect(frame)).toThrow(ProtocolViolation);
  });
});
