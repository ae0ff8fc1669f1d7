/**
 * What WebSocket clients can do below MQTT: it harms nobody but themselves.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import WebSocket from "ws";
import { RawClient } from "../support/raw-client.ts";
import { startServer } from "../support/server.ts";

const WHO = { module: "User", func: "GetSelfInfo" };

/** A client's frame (RFC 6455, 5.2) whose mask is zero. */
function frame(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0), payload]);
}

const PING = 9;
/** An opcode that does not exist. */
const BROKEN = 3;

/** Asks for a WebSocket and sends more in the same write. */
async function upgrade(port: number, more: Buffer = Buffer.alloc(0)): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const head = [
    "GET /ws HTTP/1.1",
    "Host: localhost",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  ];
  socket.write(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), more]));
  return socket;
}

describe("a WebSocket client", () => {
  test("that is refused and has sent a broken frame with its request ends nothing but itself", async () => {
    await using server = await startServer({ settings: { gate: { maxConnectionsPerAddress: 1 } } });
    await using player = await RawClient.ready(server.wsUrl);
    for (let round = 0; round < 5; round++) {
      const socket = await upgrade(server.ports.http, frame(BROKEN, Buffer.from("broken")));
      socket.resume();
      await once(socket, "close");
    }
    expect((await player.callJson(WHO)).state).toBe(0xf9);
  });

  test("that pings without end, and reads no pong, is cut off before they pile up", async () => {
    await using server = await startServer();
    const socket = await upgrade(server.ports.http);
    await once(socket, "readable");
    // The library has 60 pongs wait at most.
    const pings = Buffer.concat(Array.from({ length: 61 }, () => frame(PING, Buffer.alloc(100))));
    socket.write(pings);
    socket.resume();
    await once(socket, "close");
    expect(socket.destroyed).toBe(true);
  });

  test("that pings now and then is answered and stays", async () => {
    await using server = await startServer();
    const socket = new WebSocket(server.wsUrl, "mqtt");
    await once(socket, "open");
    for (let round = 0; round < 10; round++) {
      socket.ping("there?");
      const [pong] = (await once(socket, "pong")) as [Buffer];
      expect(pong.toString()).toBe("there?");
    }
    socket.terminate();
  });

  test("that sends a large packet byte by byte costs nobody else their time", async () => {
    await using server = await startServer();
    await using player = await RawClient.ready(server.wsUrl);
    await using slow = await RawClient.connect(server.wsUrl);
    // 200 KB of a PUBLISH of 256 KB, then the rest in messages of one byte: each was once a copy of all before.
    slow.write(Buffer.concat([Buffer.of(0x30, 0xf0, 0xff, 0x0f), Buffer.alloc(200_000, 0x01)]));
    const from = performance.now();
    for (let round = 0; round < 40_000; round++) slow.write(Buffer.of(1));
    expect((await player.callJson(WHO)).state).toBe(0xf9);
    slow.send({ cmd: "pingreq" });
    expect((await player.callJson(WHO)).state).toBe(0xf9);
    expect(performance.now() - from).toBeLessThan(5_000);
  });
});
