/**
 * Listeners of every kind on real sockets: each serves the handshake and a call, and what is no TLS, no end of a
 * handshake, or too old gets nowhere.
 */
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect } from "@mqplay/client-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probeModule } from "../conformance/probe.ts";
import { request } from "../support/http.ts";
import { RawClient } from "../support/raw-client.ts";
import { startServer, urlOf, type TestServer } from "../support/server.ts";
import { connectTls, testCertificates, type TestCertificates } from "../support/tls.ts";

const KINDS = ["tcp", "tls", "ws", "wss", "http", "https"] as const;

let certificates: TestCertificates;
let server: TestServer;
beforeAll(async () => {
  certificates = await testCertificates();
  server = await startServer({
    settings: { tls: certificates.settings, listeners: KINDS.map((kind) => ({ kind, port: 0 })) },
    modules: [probeModule],
  });
});
afterAll(async () => {
  await server.stop();
  await certificates[Symbol.asyncDispose]();
});

function portOf(kind: (typeof KINDS)[number], of: TestServer = server): number {
  return Number(new URL(urlOf({ listeners: of.listeners.slice(2) }, kind)).port);
}

/** Opens a socket that says nothing yet; what becomes of it is the test's to see. */
async function openSocket(port: number): Promise<Socket> {
  const socket = connectTcp(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume();
  await once(socket, "connect");
  return socket;
}

async function whenClosed(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, "close");
}

describe.each(KINDS)("a listener of kind %s", (kind) => {
  const url = (): string => urlOf({ listeners: server.listeners.slice(2) }, kind);

  test("[connect-1] serves the handshake and a call", async () => {
    await using client = await RawClient.ready(url());
    expect(await client.callJson({ module: "Probe", func: "Echo", params: { text: kind } })).toMatchObject({
      state: 0,
      result: { text: kind },
    });
  });

  test("[connect-1] serves the SDK, which checks the certificate where there is one", async () => {
    await using game = await connect(url(), { tls: { ca: certificates.ca } });
    await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "needLogin" });
  });

  test("a packet of many TLS records or frames arrives whole", async () => {
    await using client = await RawClient.ready(url());
    await client.subscribe("large");
    const payload = Buffer.alloc(200_000, kind);
    await client.publish("large", payload);
    expect(Buffer.from((await client.takePublish("large")).payload).equals(payload)).toBe(true);
  });
});

describe("what a server listens on", () => {
  test("is known to a program, the two simple ports first, with the ports that 0 took", () => {
    const { listeners, ports } = server;
    expect(listeners.map(({ kind }) => kind)).toEqual(["tcp", "http", ...KINDS]);
    expect(listeners[0]).toEqual({
      kind: "tcp",
      host: "127.0.0.1",
      port: ports.mqtt,
      setting: "mqtt.port",
      proxyProtocol: false,
    });
    expect(listeners[1]?.port).toBe(ports.http);
    expect(listeners[3]).toMatchObject({ kind: "tls", setting: "listeners[1].port" });
    expect(new Set(listeners.map(({ port }) => port)).size).toBe(8);
  });

  test("is in the log's line that says the server is ready", async () => {
    const { listeners } = await server.logged("the server is ready");
    expect(listeners).toEqual(KINDS.map((kind) => `${kind}://127.0.0.1:${portOf(kind)}`));
  });

  test("by ws and wss is MQTT and health alone; by http and https everything", async () => {
    const { ca } = certificates;
    for (const [kind, options] of [
      ["ws", {}],
      ["wss", { ca }],
    ] as const) {
      for (const path of ["/", "/metrics", "/call/Probe/Nothing", "/console"])
        expect((await request(portOf(kind), path, options)).status, path).toBe(404);
      expect(
        (await request(portOf(kind), "/call/Probe/Nothing", { ...options, method: "POST" })).status,
      ).toBe(404);
      expect((await request(portOf(kind), "/healthz", options)).status).toBe(200);
      expect((await request(portOf(kind), "/readyz", options)).json()).toEqual({ status: "ready" });
    }
    const called = await request(portOf("https"), "/call/Probe/Nothing", { ca, method: "POST" });
    expect(called.json()).toEqual({ state: 0, msg: "", data: null });
    expect((await request(portOf("https"), "/metrics", { ca })).status).toBe(200);
    expect((await request(portOf("http"), "/metrics")).status).toBe(200);
  });

  test("http.tls makes the HTTP port itself https and wss", async () => {
    await using secure = await startServer({
      settings: { tls: certificates.settings, http: { tls: true } },
      modules: [probeModule],
    });
    const { http } = secure.ports;
    expect((await request(http, "/healthz", { ca: certificates.ca })).status).toBe(200);
    await using game = await connect(urlOf(secure, "https"), { tls: { ca: certificates.ca } });
    await expect(game.user.getSelfInfo()).rejects.toMatchObject({ code: "needLogin" });
    await expect(request(http, "/healthz")).rejects.toThrow();
  });

  test("a port that is taken is named with its entry of the list", async () => {
    const settings = { listeners: [{ kind: "ws", port: server.ports.mqtt }] };
    await expect(startServer({ settings })).rejects.toMatchObject({
      code: "configInvalid",
      path: "listeners[0].port",
    });
  });

  test("stops taking clients on every port, and ends handshakes that are under way", async () => {
    const own = await startServer({
      settings: { tls: certificates.settings, listeners: KINDS.map((kind) => ({ kind, port: 0 })) },
    });
    const clients = await Promise.all(own.listeners.map(({ port }) => openSocket(port)));
    await own.stop();
    await Promise.all(clients.map(whenClosed));
    for (const { port } of own.listeners)
      await expect(RawClient.open(`mqtt://127.0.0.1:${port}`)).rejects.toMatchObject({
        code: "ECONNREFUSED",
      });
  });
});

describe.each(["tls", "wss", "https"] as const)("TLS on a listener of kind %s", (kind) => {
  test("takes version 1.2 and up, and nothing below", async () => {
    const socket = await connectTls(portOf(kind), certificates.ca, "TLSv1.2");
    expect(socket.getProtocol()).toBe("TLSv1.2");
    socket.destroy();
    await expect(connectTls(portOf(kind), certificates.ca, "TLSv1.1")).rejects.toMatchObject({
      code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
    });
  });

  test("ends who sends plain MQTT or HTTP, and serves on", async () => {
    for (const bytes of ["\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"]) {
      const socket = await openSocket(portOf(kind));
      socket.write(bytes);
      await whenClosed(socket);
    }
    const socket = await connectTls(portOf(kind), certificates.ca);
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  test("ends handshakes that do not go on, and does not make others wait for them", async () => {
    await using strict = await startServer({
      settings: {
        tls: { ...certificates.settings, handshakeTimeoutMs: 300 },
        listeners: [{ kind, port: 0 }],
      },
    });
    const port = portOf(kind, strict);
    const silent = await Promise.all(Array.from({ length: 50 }, () => openSocket(port)));
    const dribbling = await openSocket(port);
    dribbling.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    // The others' handshakes are still open while this one is done.
    (await connectTls(port, certificates.ca)).destroy();
    expect(silent.filter(({ closed }) => closed)).toEqual([]);
    await Promise.all([...silent, dribbling].map(whenClosed));
  });

  test("lets the oldest handshake go when there are too many, so that a flood shuts nobody out", async () => {
    await using strict = await startServer({
      settings: {
        tls: { ...certificates.settings, handshakeTimeoutMs: 60_000, maxHandshakes: 4 },
        listeners: [{ kind, port: 0 }],
      },
    });
    const port = portOf(kind, strict);
    const flood: Socket[] = [];
    for (let index = 0; index < 4; index++) flood.push(await openSocket(port));
    const done = await connectTls(port, certificates.ca);
    const [oldest, ...younger] = flood;
    if (oldest !== undefined) await whenClosed(oldest);
    expect(younger.filter(({ closed }) => closed)).toEqual([]);
    // One that is done is no handshake any more: nothing ends it.
    for (let index = 0; index < 8; index++) flood.push(await openSocket(port));
    await Promise.all(younger.map(whenClosed));
    expect(done.closed).toBe(false);
    done.destroy();
    for (const socket of flood) socket.destroy();
  });
});

test("handshakes that failed leave their reason in the log for who looks for it, and are counted", async () => {
  const failed = async (): Promise<number> => {
    const { body } = await request(server.ports.http, "/metrics");
    return Number(/^mqplay_tls_handshakes_failed_total (\d+)$/m.exec(body)?.[1]);
  };
  const before = await failed();
  for (const kind of ["tls", "https"] as const) {
    const socket = await openSocket(portOf(kind));
    socket.write("no TLS at all, but long enough to be judged");
    await whenClosed(socket);
  }
  expect(await failed()).toBe(before + 2);
  expect(await server.logged("a TLS handshake failed")).toMatchObject({
    level: "debug",
    address: "127.0.0.1",
  });
});

test("connections over TLS count against http.maxConnections once their handshake is done", async () => {
  await using strict = await startServer({
    settings: { tls: certificates.settings, http: { tls: true, maxConnections: 1 } },
  });
  const first = await connectTls(strict.ports.http, certificates.ca);
  const second = await connectTls(strict.ports.http, certificates.ca);
  second.on("error", () => undefined);
  await whenClosed(second);
  expect(first.closed).toBe(false);
  first.write(
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  expect(String(await once(first, "data"))).toMatch(/^HTTP\/1\.1 101 /);
  expect((await request(strict.ports.http, "/healthz", { ca: certificates.ca })).status).toBe(200);
  first.destroy();
});
