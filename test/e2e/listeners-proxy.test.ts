/**
 * Behind reverse proxies: who the client is, for calls, for limits of an address, and who may say so.
 */
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { once } from "node:events";
import { implement, type ServerModule } from "@mqplay/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { generate } from "mqtt-packet";
import { request } from "../support/http.ts";
import { RawClient, randomClientId } from "../support/raw-client.ts";
import { startServer, type TestServer, urlOf } from "../support/server.ts";
import { testCertificates, type TestCertificates } from "../support/tls.ts";

const contract = {
  name: "Where",
  number: 13,
  funcs: {
    from: {
      name: "From",
      number: 1,
      request: null,
      response: null,
      access: "public",
      idempotent: true,
      sticky: null,
      errors: [],
    },
  },
  pushes: {},
  errors: {},
} as const;

/** Notes whose calls it gets. */
function whereModule(seen: string[]): ServerModule {
  return implement(contract, { from: (call) => void seen.push(call.remoteAddress) });
}

/** The address under which a call by HTTP arrives. */
async function addressOfCall(settings: object, forwardedFor: string | undefined): Promise<string> {
  const seen: string[] = [];
  await using server = await startServer({ settings, modules: [whereModule(seen)] });
  const headers = forwardedFor === undefined ? {} : { "X-Forwarded-For": forwardedFor };
  await request(server.ports.http, "/call/Where/From", { method: "POST", headers });
  return seen.join();
}

describe("X-Forwarded-For", () => {
  test("is believed from a trusted proxy, and from nobody else", async () => {
    const behind = { trustedProxies: ["127.0.0.0/8"] };
    expect(await addressOfCall(behind, "203.0.113.7")).toBe("203.0.113.7");
    expect(await addressOfCall(behind, undefined)).toBe("127.0.0.1");
    expect(await addressOfCall({}, "203.0.113.7")).toBe("127.0.0.1");
    expect(await addressOfCall({ trustedProxies: ["10.0.0.0/8"] }, "203.0.113.7")).toBe("127.0.0.1");
  });

  test("counts from its end: what a client wrote there itself is not believed", async () => {
    const behind = { trustedProxies: ["127.0.0.1", "10.0.0.0/8"] };
    expect(await addressOfCall(behind, "1.2.3.4, 203.0.113.7, 10.0.0.2")).toBe("203.0.113.7");
  });

  test("makes the limit of connections of one address count WebSocket clients and not their proxy", async () => {
    await using server = await startServer({
      settings: { trustedProxies: ["127.0.0.1"], gate: { maxConnectionsPerAddress: 1 } },
    });
    const open = async (client: string): Promise<WebSocket> => {
      const socket = new WebSocket(server.wsUrl, "mqtt", { headers: { "X-Forwarded-For": client } });
      socket.on("error", () => undefined);
      await once(socket, "open");
      return socket;
    };
    const first = await open("203.0.113.7");
    const other = await open("203.0.113.8");
    const second = await open("203.0.113.7");
    if (second.readyState !== WebSocket.CLOSED) await once(second, "close");
    for (const socket of [first, other]) {
      expect(socket.readyState).toBe(WebSocket.OPEN);
      socket.terminate();
    }
  });
});

describe.each(["tcp", "tls"] as const)("the PROXY protocol on a listener of kind %s", (kind) => {
  let certificates: TestCertificates;
  let server: TestServer;
  const connected: string[] = [];
  beforeAll(async () => {
    certificates = await testCertificates();
    server = await startServer({
      settings: {
        tls: certificates.settings,
        trustedProxies: ["127.0.0.1"],
        listeners: [{ kind, port: 0, proxyProtocol: true }],
        gate: { connectTimeoutMs: 300 },
      },
      callbacks: { onConnect: ({ remoteAddress }) => void connected.push(remoteAddress) },
    });
  });
  afterAll(async () => {
    await server.stop();
    await certificates[Symbol.asyncDispose]();
  });

  function proxyPort(): number {
    return server.listeners.at(-1)?.port ?? 0;
  }

  /** Connects as a load balancer does, and resolves with the first packet that comes back. */
  async function connack(pieces: readonly (string | Buffer)[]): Promise<Buffer> {
    const raw = connectTcp(proxyPort(), "127.0.0.1");
    raw.setNoDelay(true);
    await once(raw, "connect");
    const hello = generate({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      keepalive: 60,
      clientId: randomClientId(),
    });
    // The last piece and the client's first bytes go out together, as they may on the way through a proxy.
    if (kind === "tcp") {
      for (const piece of pieces.slice(0, -1))
        await new Promise<void>((sent) => raw.write(piece, () => sent()));
      raw.write(Buffer.concat([...pieces.slice(-1).map((piece) => Buffer.from(piece)), hello]));
    } else {
      for (const piece of pieces) await new Promise<void>((sent) => raw.write(piece, () => sent()));
    }
    const stream =
      kind === "tcp" ? raw : connectTls({ socket: raw, ca: certificates.ca, servername: "localhost" });
    if (kind === "tls") stream.write(hello);
    const [packet] = (await once(stream, "data")) as [Buffer];
    raw.destroy();
    return packet;
  }

  const v2 = (body: readonly number[], command = 0x21, family = 0x11): Buffer =>
    Buffer.concat([
      Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1"),
      Buffer.from([command, family, body.length >> 8, body.length & 0xff, ...body]),
    ]);

  test.each<[string, readonly (string | Buffer)[], string]>([
    ["version 1", ["PROXY TCP4 203.0.113.7 198.51.100.1 5000 1883\r\n"], "203.0.113.7"],
    ["version 1 for IPv6", ["PROXY TCP6 2001:db8::7 2001:db8::1 5000 1883\r\n"], "2001:db8::7"],
    ["version 1 in pieces", ["PRO", "XY TCP4 203.0.113.9 198.51.100.1 5000 1883", "\r\n"], "203.0.113.9"],
    ["version 1 for nobody", ["PROXY UNKNOWN\r\n"], "127.0.0.1"],
    ["version 2", [v2([203, 0, 113, 8, 198, 51, 100, 1, 19, 136, 7, 91])], "203.0.113.8"],
    ["version 2 of the proxy itself", [v2([], 0x20, 0)], "127.0.0.1"],
  ])("%s names the client", async (_what, pieces, address) => {
    connected.length = 0;
    expect([...(await connack(pieces))]).toEqual([0x20, 2, 0, 0]);
    expect(connected).toEqual([address]);
  });

  test.each([
    ["no header at all", "\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0"],
    ["a broken header", "PROXY TCP4 not-an-address 1.2.3.4 1 2\r\n"],
    ["a header that does not end", "PROXY TCP4 ".padEnd(200, "1")],
    ["nothing for too long", ""],
    ["half a header for too long", "PROXY TCP4 203"],
  ])("%s closes the connection", async (_what, bytes) => {
    const socket = connectTcp(proxyPort(), "127.0.0.1");
    socket.on("error", () => undefined).resume();
    socket.write(bytes);
    await once(socket, "close");
    expect(socket.bytesRead).toBe(0);
  });

  test("a header from who is no trusted proxy closes the connection", async () => {
    await using strict = await startServer({
      settings: {
        tls: certificates.settings,
        trustedProxies: ["192.0.2.1"],
        listeners: [{ kind, port: 0, proxyProtocol: true }],
      },
    });
    const socket = connectTcp(strict.listeners.at(-1)?.port ?? 0, "127.0.0.1");
    socket.on("error", () => undefined).resume();
    socket.write("PROXY TCP4 203.0.113.7 198.51.100.1 5000 1883\r\n");
    await once(socket, "close");
    expect(socket.bytesRead).toBe(0);
  });

  test("is asked for on its own listener only", async () => {
    await using client = await RawClient.ready(urlOf({ listeners: server.listeners.slice(0, 1) }, "tcp"));
    expect(client.closed).toBe(false);
  });
});
