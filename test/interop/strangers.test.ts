/**
 * Servers that are not there, are not ours, or never answer: connect() ends within its time limit and says what was
 * tried and what to look at.
 */
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import type { Server as HttpServer } from "node:http";
import { Aedes } from "aedes";
import mqttPacket, { type Packet } from "mqtt-packet";
import { afterEach, describe, expect, test } from "vitest";
import { connect, isMqplayError, type ConnectOptions, type MqplayError } from "@mqplay/client-sdk";
import { lightLink } from "@mqplay/client-sdk/light";
import { freePort } from "../support/ports.ts";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function listen(server: NetServer | HttpServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

async function failureOf(url: string, options: ConnectOptions = {}): Promise<MqplayError> {
  const error = await connect(url, { connectTimeoutMs: 400, ...options }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isMqplayError(error)) throw new Error("connect() should have failed", { cause: error });
  return error;
}

/** An MQTT server that answers CONNECT and then does as it is told. */
function mqttServer(handle: (socket: Socket, packet: Packet) => void, connackCode = 0): NetServer {
  return createServer((socket) => {
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => parser.parse(bytes));
    parser.on("packet", (packet: Packet) => {
      if (packet.cmd === "connect") {
        socket.write(mqttPacket.generate({ cmd: "connack", returnCode: connackCode, sessionPresent: false }));
      } else handle(socket, packet);
    });
  });
}

function suback(socket: Socket, packet: Packet, code: 0 | 1 | 128): void {
  if (packet.cmd !== "subscribe") return;
  const granted = packet.subscriptions.map(() => code);
  socket.write(mqttPacket.generate({ cmd: "suback", messageId: packet.messageId ?? 0, granted }));
}

describe.each([
  ["mqtt", undefined],
  ["ws", undefined],
  ["ws", lightLink],
] as const)("%s (link %o)", (scheme, link) => {
  const path = scheme === "ws" ? "/ws" : "";
  const options: ConnectOptions = link === undefined ? {} : { link };

  test("nothing listens there: the error names host and port", async () => {
    const port = await freePort();
    const error = await failureOf(`${scheme}://127.0.0.1:${port}${path}`, options);
    expect(error).toMatchObject({ code: "connectFailed" });
    expect(error.message).toContain(`nothing listens at 127.0.0.1:${port} (connection refused)`);
    expect(error.cause).toBeInstanceOf(Error);
  });

  test("the name does not exist: the error names it", async () => {
    const error = await failureOf(`${scheme}://no-such-host.invalid:1883${path}`, {
      ...options,
      connectTimeoutMs: 5_000,
    });
    expect(error.code).toBe("connectFailed");
    expect(error.message).toContain("the name no-such-host.invalid could not be found");
  });

  test("a server that accepts and says nothing: the error asks whether it is an MQTT server", async () => {
    const port = await listen(createServer(() => {}));
    const error = await failureOf(`${scheme}://127.0.0.1:${port}${path}`, options);
    expect(error.code).toBe("connectFailed");
    expect(error.message).toMatch(/within 400 ms/);
  });

  test("a server that hangs up: the error says so", async () => {
    const port = await listen(createServer((socket) => socket.on("data", () => socket.destroy())));
    const error = await failureOf(`${scheme}://127.0.0.1:${port}${path}`, options);
    expect(error.code).toBe("connectFailed");
    expect(error.message).toContain(`${scheme}://127.0.0.1:${port}`);
  });

  test("its signal gives connecting up at once", async () => {
    const port = await listen(createServer(() => {}));
    const controller = new AbortController();
    const failing = failureOf(`${scheme}://127.0.0.1:${port}${path}`, {
      ...options,
      connectTimeoutMs: 60_000,
      signal: controller.signal,
    });
    controller.abort(new Error("the player left"));
    expect(await failing).toMatchObject({ code: "callAborted", cause: new Error("the player left") });
  });
});

describe("WebSocket", () => {
  test.each([undefined, lightLink])(
    "an HTTP server without that path: the error names the status (link %o)",
    async (link) => {
      const port = await listen(createHttpServer((_request, response) => response.writeHead(404).end()));
      const error = await failureOf(`ws://127.0.0.1:${port}/wrong`, link === undefined ? {} : { link });
      expect(error.code).toBe("connectFailed");
      expect(error.message).toContain(`ws://127.0.0.1:${port}/wrong is an HTTP server that answered`);
      expect(error.message).toContain("is the path right (usually /ws)?");
    },
  );
});

describe("TCP and TLS", () => {
  test("an HTTP server: the error says that it is not MQTT", async () => {
    const port = await listen(createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    const error = await failureOf(`mqtt://127.0.0.1:${port}`);
    expect(error.code).toBe("connectFailed");
    expect(error.message).toMatch(/is it an MQTT server/);
  });

  test("TLS to a server without it: the error names the other scheme", async () => {
    const port = await listen(createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    const error = await failureOf(`mqtts://127.0.0.1:${port}`);
    expect(error.code).toBe("connectFailed");
    expect(error.message).toContain("does not speak TLS: use mqtt://");
  });

  test.each([
    [2, "it does not accept the client id"],
    [5, "the client id is connected already"],
  ])("CONNACK %i is told with its meaning", async (code, meaning) => {
    const port = await listen(mqttServer(() => {}, code));
    const error = await failureOf(`mqtt://127.0.0.1:${port}`);
    expect(error).toMatchObject({ code: "connectFailed", fromPeer: true, state: code });
    expect(error.message).toContain(`CONNACK code ${code}: ${meaning}`);
  });

  test("no SUBACK: the error says which subscription was not acknowledged", async () => {
    const port = await listen(mqttServer(() => {}));
    const error = await failureOf(`mqtt://127.0.0.1:${port}`);
    expect(error.code).toBe("handshakeFailed");
    expect(error.message).toContain('did not acknowledge SUBSCRIBE of "s" within 400 ms');
    expect(error.message).toContain("not an mqplay server");
  });

  test("SUBACK 0x80 for s: the error says that it is not an mqplay server", async () => {
    const port = await listen(mqttServer((socket, packet) => suback(socket, packet, 128)));
    const error = await failureOf(`mqtt://127.0.0.1:${port}`);
    expect(error).toMatchObject({ code: "handshakeFailed" });
    expect(error.message).toContain('refused topic "s"');
    expect(error.message).toContain("not an mqplay server");
  });

  test("a server string of another length: the error says how long it was", async () => {
    const port = await listen(
      mqttServer((socket, packet) => {
        suback(socket, packet, 1);
        if (packet.cmd !== "subscribe") return;
        const payload = Buffer.from("short");
        socket.write(
          mqttPacket.generate({ cmd: "publish", topic: "s", payload, qos: 0, retain: false, dup: false }),
        );
      }),
    );
    const error = await failureOf(`mqtt://127.0.0.1:${port}`);
    expect(error.code).toBe("handshakeFailed");
    expect(error.message).toContain("sent a server string of 5 bytes instead of 32");
  });

  test("the connection is cut in the handshake: the error says so at once", async () => {
    const port = await listen(mqttServer((socket) => socket.destroy()));
    const error = await failureOf(`mqtt://127.0.0.1:${port}`, { connectTimeoutMs: 60_000 });
    expect(error.code).toBe("connectionLost");
  });

  test("a plain MQTT broker: no server string comes, and the error says that", async () => {
    const broker = await Aedes.createBroker();
    cleanups.push(() => new Promise((resolve) => broker.close(() => resolve())));
    const port = await listen(createServer((socket) => void broker.handle(socket)));
    const error = await failureOf(`mqtt://127.0.0.1:${port}`);
    expect(error.code).toBe("handshakeFailed");
    expect(error.message).toContain("sent no server string there within 400 ms");
    expect(error.message).toContain("not an mqplay server");
  });
});

test.each(["http://localhost", "localhost:1883", "mqtt://", "ws://host:99999/ws", "mqtt://host:0", ""])(
  "the address %j is refused before anything is tried",
  async (url) => {
    const error = await failureOf(url);
    expect(error).toMatchObject({ code: "invalidArgument", path: "url" });
  },
);
