/**
 * The HTTP port: the page, calls, metrics, and what it does not take.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probeModule, SECRET_TEXT } from "../conformance/probe.ts";
import { call, request, type Reply } from "../support/http.ts";
import { startServer, temporaryFolder, type TemporaryFolder, type TestServer } from "../support/server.ts";
import { slowModule } from "../support/slow-module.ts";

const PASSWORD = "secret-Pass1";
const HASHED = "public, max-age=31536000, immutable";

let folder: TemporaryFolder;
let server: TestServer;
let port: number;

beforeAll(async () => {
  folder = await temporaryFolder();
  const root = join(folder.path, "page");
  await mkdir(join(root, "assets"), { recursive: true });
  await mkdir(join(root, "sub dir"));
  await writeFile(join(folder.path, "secret.txt"), "top secret");
  await writeFile(join(root, "index.html"), "<!doctype html><title>page</title>");
  await writeFile(join(root, "assets/index-BfC2x_9a.js"), "export const a = 1;");
  await writeFile(join(root, "style.css"), "p { color: red }");
  await writeFile(join(root, "sub dir/index.html"), "<!doctype html><title>sub</title>");
  await writeFile(join(root, ".hidden"), "hidden");
  server = await startServer({
    settings: { http: { root, corsOrigins: ["https://game.example"], maxBodyBytes: 1_024 } },
    modules: [probeModule, slowModule],
  });
  port = server.ports.http;
});
afterAll(async () => {
  await server.stop();
  await folder[Symbol.asyncDispose]();
});

describe("the page", () => {
  test("is served at / with its type, and headers that let a browser trust nothing else", async () => {
    const reply = await request(port, "/");
    expect(reply.status).toBe(200);
    expect(reply.body).toContain("<title>page</title>");
    expect(reply.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(reply.headers["x-content-type-options"]).toBe("nosniff");
    expect(reply.headers["referrer-policy"]).toBe("no-referrer");
    const policy = reply.headers["content-security-policy"] ?? "";
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("connect-src 'self' ws: wss:");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
  });

  test("has the right type for each kind of file", async () => {
    expect((await request(port, "/assets/index-BfC2x_9a.js")).headers["content-type"]).toBe(
      "text/javascript; charset=utf-8",
    );
    expect((await request(port, "/style.css?v=1")).headers["content-type"]).toBe("text/css; charset=utf-8");
  });

  test("is asked for again each time, its hashed files are not", async () => {
    expect((await request(port, "/")).headers["cache-control"]).toBe("no-cache");
    expect((await request(port, "/style.css")).headers["cache-control"]).toBe("no-cache");
    expect((await request(port, "/assets/index-BfC2x_9a.js")).headers["cache-control"]).toBe(HASHED);
  });

  test("unchanged costs a 304", async () => {
    const etag = (await request(port, "/style.css")).headers.etag ?? "";
    expect(etag).not.toBe("");
    const again = await request(port, "/style.css", { headers: { "If-None-Match": etag } });
    expect(again).toMatchObject({ status: 304, body: "" });
    expect((await request(port, "/style.css", { headers: { "If-None-Match": '"other"' } })).status).toBe(200);
  });

  test("answers HEAD with the same headers and no body", async () => {
    const get = await request(port, "/style.css");
    const head = await request(port, "/style.css", { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, body: "" });
    expect(head.headers["content-length"]).toBe(String(get.body.length));
    expect(head.headers.etag).toBe(get.headers.etag);
  });

  test("gives parts of a file, and refuses parts that are not there", async () => {
    const part = await request(port, "/style.css", { headers: { Range: "bytes=2-4" } });
    expect(part).toMatchObject({ status: 206, body: "{ c" });
    expect((await request(port, "/style.css", { headers: { Range: "bytes=9999-" } })).status).toBe(416);
    expect((await request(port, "/style.css", { headers: { Range: "bytes=4-2" } })).status).toBe(416);
  });

  test("says 404 for a person to read, with a policy of its own", async () => {
    const reply = await request(port, "/nope.js");
    expect(reply.status).toBe(404);
    expect(reply.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(reply.headers["content-security-policy"]).toBeDefined();
    expect(reply.body).toContain("Not found");
    expect((await request(port, "/nope.js", { method: "HEAD" })).body).toBe("");
  });

  test("takes GET and HEAD only", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"]) {
      const reply = await request(port, "/", { method });
      expect(reply.status).toBe(405);
      expect(reply.headers["allow"]).toBe("GET, HEAD");
    }
  });

  test("a folder is sent to its slash, and never to another host", async () => {
    expect((await request(port, "/sub%20dir")).headers["location"]).toBe("/sub%20dir/");
    expect((await request(port, "/sub%20dir/")).body).toContain("<title>sub</title>");
    for (const path of [
      "//evil.example",
      "//evil.example/..",
      "//assets",
      "/%2f%2fevil.example",
      "/\\evil.example",
    ]) {
      const reply = await request(port, path);
      expect(reply.headers["location"] ?? "/").not.toMatch(/^(\/\/|\/\\|https?:)/);
    }
  });

  test.each([
    "/../secret.txt",
    "/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/assets/../../secret.txt",
    "/assets/%2e%2e/%2e%2e/secret.txt",
    "/..\\secret.txt",
    "/..%5csecret.txt",
    "/%252e%252e/secret.txt",
    "/secret.txt%00.html",
    "/.hidden",
    "/%2ehidden",
    "/....//secret.txt",
    "//../secret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/%",
  ])("keeps to its folder: %s", async (path) => {
    const reply = await request(port, path);
    expect(reply.status).toBe(404);
    expect(reply.body).not.toContain("secret");
    expect(reply.body).not.toContain(folder.path);
  });

  test("that changes or vanishes under the running server harms nothing", async () => {
    const file = join(folder.path, "page/late.txt");
    await writeFile(file, "x".repeat(5_000_000));
    const whole = request(port, "/late.txt");
    await rm(file);
    expect((await whole.catch((): Pick<Reply, "status"> => ({ status: 0 }))).status).toBeOneOf([0, 200, 404]);
    expect((await request(port, "/late.txt")).status).toBe(404);
    await writeFile(file, "new");
    expect((await request(port, "/late.txt")).body).toBe("new");
  });

  test("is none where the configuration names none", async () => {
    await using bare = await startServer();
    const reply = await request(bare.ports.http, "/");
    expect(reply.status).toBe(404);
    expect(reply.body).toContain("http.root");
  });

  test("in a folder that does not exist keeps the server from starting", async () => {
    await expect(
      startServer({ settings: { http: { root: join(folder.path, "away") } } }),
    ).rejects.toMatchObject({
      code: "configInvalid",
      path: "http.root",
    });
  });
});

describe("calls by HTTP", () => {
  async function register(): Promise<{ token: string; username: string }> {
    const username = `user${randomBytes(6).toString("hex")}`;
    const reply = await call(port, "User/Register", { username, password: PASSWORD });
    expect(reply.status).toBe(200);
    const { data } = reply.json() as { data: { tokenInfo: { token: string } } };
    return { token: data.tokenInfo.token, username };
  }

  test("[http-1] registering, logging in and asking who one is work by tokens alone", async () => {
    const { token, username } = await register();
    const self = await call(port, "User/GetSelfInfo", undefined, token);
    expect(self.json()).toMatchObject({ state: 0, msg: "", data: { userData: { UserName: username } } });
    const login = await call(port, "User/Login", { username, password: PASSWORD });
    expect(login.json()).toMatchObject({ state: 0, data: { token: expect.any(String) as unknown } });
    const wrong = await call(port, "User/Login", { username, password: "not this one" });
    expect(wrong.status).toBe(422);
    expect(wrong.json()).toMatchObject({ state: 1 });
  });

  test("[http-1] names may be numbers, as in JSON calls", async () => {
    const { token, username } = await register();
    const self = await call(port, "2/4", {}, token);
    expect(self.json()).toMatchObject({ state: 0, data: { userData: { UserName: username } } });
  });

  test("[http-1] a function that returns nothing has null as its data, one that did not run has none", async () => {
    expect((await call(port, "Probe/Nothing")).json()).toEqual({ state: 0, msg: "", data: null });
    expect((await call(port, "Probe/Empty", {})).json()).toEqual({ state: 0, msg: "", data: {} });
    expect((await call(port, "Probe/Refuses")).json()).toEqual({ state: 1, msg: "Refused", data: null });
    expect((await call(port, "Probe/UserOnly")).json()).toEqual({ state: 0xf9, msg: "Need Login first" });
  });

  test.each([
    ["a function's own error", "Probe/Refuses", undefined, 422, 1],
    ["an unknown function", "Probe/Nope", undefined, 404, 0xfc],
    ["an unknown module", "Nope/Echo", undefined, 404, 0xfc],
    ["a function for modules only", "Probe/InternalOnly", undefined, 404, 0xfc],
    ["a path with too few parts", "Probe", undefined, 404, 0xfc],
    ["a path with too many parts", "Probe/Echo/More", undefined, 404, 0xfc],
    ["a path that does not decode", "Probe/%zz", undefined, 404, 0xfc],
    ["text that is no JSON", "Probe/Echo", "{text}", 400, 0xfe],
    ["a value of the wrong type", "Probe/Echo", { text: 5 }, 400, 0xfe],
    ["JSON that nests too deep", "Probe/Echo", `${"[".repeat(100)}${"]".repeat(100)}`, 400, 0xfe],
    ["a handler that throws", "Probe/Throws", undefined, 500, 0xff],
    ["a handler that is too late", "Probe/Never", undefined, 504, 0xf3],
    ["nobody where a login is needed", "Probe/UserOnly", undefined, 401, 0xf9],
  ])("[http-1] %s is answered", async (_what, path, params, status, state) => {
    const reply = await call(port, path, params);
    expect(reply.status).toBe(status);
    expect(reply.json()).toMatchObject({ state });
    expect(reply.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(reply.headers["cache-control"]).toBe("no-store");
    expect(reply.body).not.toContain(SECRET_TEXT);
  });

  test("UTF-8 goes both ways, and what is no UTF-8 does not parse", async () => {
    expect((await call(port, "Probe/Echo", { text: "日本 ✓" })).json()).toMatchObject({
      data: { text: "日本 ✓" },
    });
    const broken = await request(port, "/call/Probe/Echo", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    });
    expect(broken.status).toBe(400);
    expect(broken.json()).toMatchObject({ state: 0xfe });
  });

  test("a name from a prototype is no parameter", async () => {
    const reply = await call(port, "Probe/Echo", '{"__proto__": {"text": "x"}, "constructor": 5}');
    expect(reply.json()).toMatchObject({ state: 0, data: {} });
    expect((await call(port, "__proto__/constructor")).status).toBe(404);
    expect((await call(port, "User/toString")).status).toBe(404);
  });

  test("a wrong token is told so where a login is needed, and does no harm elsewhere", async () => {
    for (const token of ["bogus", "A".repeat(43), "x".repeat(500)]) {
      const reply = await call(port, "User/GetSelfInfo", {}, token);
      expect(reply.status).toBe(401);
      expect(reply.json()).toEqual({ state: 0xf2, msg: "Invalid Token" });
      expect(reply.headers["www-authenticate"]).toBe('Bearer error="invalid_token"');
      expect((await call(port, "Probe/Echo", { text: "a" }, token)).status).toBe(200);
    }
    const basic = await request(port, "/call/User/GetSelfInfo", {
      method: "POST",
      headers: { Authorization: "Basic YTpi" },
    });
    expect(basic.status).toBe(401);
    expect((await call(port, "User/GetSelfInfo")).headers["www-authenticate"]).toBe("Bearer");
  });

  test("a body that is not declared as JSON is refused", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]) {
      const reply = await request(port, "/call/Probe/Echo", {
        method: "POST",
        headers: { "Content-Type": type },
        body: '{"text":"a"}',
      });
      expect(reply.status).toBe(415);
      expect(reply.json()).toMatchObject({ state: 0xfa });
    }
    const declared = await request(port, "/call/Probe/Echo", {
      method: "POST",
      headers: { "Content-Type": "Application/JSON; charset=utf-8" },
      body: '{"text":"a"}',
    });
    expect(declared.json()).toMatchObject({ state: 0, data: { text: "a" } });
  });

  test("a body over the limit is answered 413, announced or not", async () => {
    const text = "x".repeat(2_000_000);
    const announced = await call(port, "Probe/Echo", { text });
    expect(announced.status).toBe(413);
    expect(announced.json()).toEqual({ state: 0xec, msg: "Payload Too Large" });
    const chunked = await request(port, "/call/Probe/Echo", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Transfer-Encoding": "chunked" },
      body: JSON.stringify({ text }),
    });
    expect(chunked.status).toBe(413);
    expect((await call(port, "Probe/Echo", { text: "x".repeat(100) })).status).toBe(200);
  });

  test("other methods are refused with what is allowed", async () => {
    for (const method of ["GET", "HEAD", "PUT", "DELETE"]) {
      const reply = await request(port, "/call/Probe/Echo", { method });
      expect(reply.status).toBe(405);
      expect(reply.headers["allow"]).toBe("POST, OPTIONS");
    }
  });

  test("pages of a configured origin may call, others may not", async () => {
    const preflight = await request(port, "/call/Probe/Echo", {
      method: "OPTIONS",
      headers: { Origin: "https://game.example", "Access-Control-Request-Method": "POST" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": "https://game.example",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "Authorization, Content-Type",
      vary: "Origin",
    });
    const answer = await request(port, "/call/Probe/Nothing", {
      method: "POST",
      headers: { Origin: "https://game.example" },
    });
    expect(answer.headers["access-control-allow-origin"]).toBe("https://game.example");
    for (const origin of ["https://evil.example", "https://game.example.evil.example", "null"]) {
      const refused = await request(port, "/call/Probe/Echo", {
        method: "OPTIONS",
        headers: { Origin: origin },
      });
      expect(refused.headers["access-control-allow-origin"]).toBeUndefined();
      expect(refused.headers["access-control-allow-headers"]).toBeUndefined();
    }
  });

  test("a caller who goes away ends the call's signal", async () => {
    const leave = new AbortController();
    const running = request(port, "/call/Slow/UntilGone", { method: "POST", signal: leave.signal });
    const gone = expect(running).rejects.toThrow();
    await server.logged("the call runs");
    expect(server.log.filter((line) => line.message === "the caller is gone")).toEqual([]);
    leave.abort();
    await gone;
    await server.logged("the caller is gone");
  });
});

describe("what is not HTTP's", () => {
  test("/ws tells those who come without a WebSocket", async () => {
    const reply = await request(port, "/ws");
    expect(reply.status).toBe(426);
    expect(reply.headers["upgrade"]).toBe("websocket");
  });

  test("an upgrade anywhere else is refused", async () => {
    for (const path of ["/", "/call/User/Login", "/ws/x", "/wsx", "/healthz"]) {
      const socket = connect(port, "127.0.0.1");
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      );
      let text = "";
      socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
      await once(socket, "end");
      socket.destroy();
      expect(text).toMatch(/^HTTP\/1\.1 404 /);
    }
  });

  test("what is no HTTP at all, or dribbles, is cut off", async () => {
    await using strict = await startServer({
      settings: { http: { headersTimeoutMs: 100, requestTimeoutMs: 200 } },
    });
    for (const start of ["\u0010\u0020garbage\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "]) {
      const socket = connect(strict.ports.http, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write(start);
      socket.resume();
      await once(socket, "close");
      expect(socket.destroyed).toBe(true);
    }
  });

  test("connections over the limit are closed at once, and WebSocket ones do not count", async () => {
    await using strict = await startServer({ settings: { http: { maxConnections: 1 } } });
    const first = connect(strict.ports.http, "127.0.0.1");
    await once(first, "connect");
    const second = connect(strict.ports.http, "127.0.0.1");
    second.on("error", () => undefined);
    await once(second, "close");
    first.write(
      "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    const [head] = (await once(first, "data")) as [Buffer];
    expect(head.toString("latin1")).toMatch(/^HTTP\/1\.1 101 /);
    expect((await request(strict.ports.http, "/healthz")).status).toBe(200);
    first.destroy();
  });
});

describe("health and figures", () => {
  test("/healthz and /readyz answer while all is well", async () => {
    const health = await request(port, "/healthz");
    expect(health.status).toBe(200);
    expect(health.json()).toEqual({ status: "ok" });
    const ready = await request(port, "/readyz");
    expect(ready.status).toBe(200);
    expect(ready.json()).toEqual({ status: "ready" });
    expect((await request(port, "/readyz", { method: "HEAD" })).body).toBe("");
    expect((await request(port, "/readyz", { method: "POST" })).status).toBe(405);
  });

  test("/metrics counts calls", async () => {
    await using own = await startServer({ modules: [probeModule] });
    await call(own.ports.http, "Probe/Nothing");
    await call(own.ports.http, "Probe/Throws");
    const reply = await request(own.ports.http, "/metrics");
    expect(reply.status).toBe(200);
    expect(reply.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(reply.body).toMatch(/^mqplay_calls_total 2$/m);
    expect(reply.body).toMatch(/^mqplay_calls_internal_errors_total 1$/m);
    expect(reply.body).toMatch(/^mqplay_connections 0$/m);
    expect(reply.body).toMatch(/^mqplay_connections_refused_total\{reason="clientId"\} 0$/m);
    expect(reply.body).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  test("/metrics is none where the configuration says so", async () => {
    await using quiet = await startServer({ settings: { metrics: { enabled: false } } });
    expect((await request(quiet.ports.http, "/metrics")).status).toBe(404);
  });
});
