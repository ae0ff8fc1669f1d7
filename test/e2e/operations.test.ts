/**
 * Running a server: its command line, its ports, its way to stop, and what is there after a restart.
 */
import { Agent } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { createLog, createServer as createGameServer, type UserCallbacks } from "@mqplay/server";
import { describe, expect, test, vi } from "vitest";
import { call, request, type Reply } from "../support/http.ts";
import { freePort } from "../support/ports.ts";
import { RawClient } from "../support/raw-client.ts";
import { repository, spawnCli, spawnServer, startServer, temporaryFolder } from "../support/server.ts";
import { slowModule } from "../support/slow-module.ts";

const PASSWORD = "secret-Pass1";
const SLOW_MODULE = join(repository, "test/support/slow-module.mjs");

/** A port that another program listens on. */
async function busyPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

describe("the command line", () => {
  test("prints where to look and to connect, with the ports that 0 took", async () => {
    await using server = await spawnServer();
    await server.process.line(/Ctrl\+C/);
    const { output } = server.process;
    expect(server.ports.mqtt).toBeGreaterThan(1_023);
    expect(output).toContain(`mqtt://localhost:${server.ports.mqtt}`);
    expect(output).toContain(`ws://localhost:${server.ports.http}/ws`);
    expect(output).toContain("in memory");
    expect(output).not.toMatch(/warn|deprecat|experimental/i);
    expect((await request(server.ports.http, "/readyz")).status).toBe(200);
  });

  test("writes JSON lines and nothing else where the configuration says so", async () => {
    await using server = await spawnServer({ MQPLAY_LOG_FORMAT: "json" });
    server.process.kill("SIGTERM");
    const { stdout, stderr } = await server.process.ended;
    const lines = stdout.trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toContain(
      "the server has stopped",
    );
    expect(stderr).toBe("");
  });

  test("names every mistake of the configuration and ends with 2", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.json"), '{\n  "mqtt": { "prot": 5 },\n}');
    await using cli = spawnCli(["--config", "server.json"], { MQPLAY_HTTP_PORT: "many" }, folder.path);
    const ended = await cli.ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toBe(
      'the configuration has 2 mistakes:\n  MQPLAY_HTTP_PORT: "http.port" expected a whole number from 0 to 65535, got "many"\n  server.json:2: "mqtt.prot" is no setting; did you mean "port"?\n',
    );
  });

  test("--check looks and starts nothing", async () => {
    await using cli = spawnCli(["--check"], { MQPLAY_MQTT_PROT: "1" });
    const ended = await cli.ended;
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stdout).toMatch(/server\.json: no mistakes\n$/);
    expect(ended.stderr).toBe(
      "warning: environment variable MQPLAY_MQTT_PROT is not known; did you mean MQPLAY_MQTT_PORT?\n",
    );
  });

  test("--help and --version say what they should, an unknown option gets the help", async () => {
    await using help = spawnCli(["--help"]);
    await using version = spawnCli(["--version"]);
    await using unknown = spawnCli(["--confg", "x"]);
    expect(await help.ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("--config <file>") as unknown,
    });
    expect(await version.ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown,
    });
    const ended = await unknown.ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("--confg");
    expect(ended.stderr).toContain("--config <file>");
  });

  test("serves the modules that the configuration names", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.json"), JSON.stringify({ modules: [SLOW_MODULE] }));
    await using server = await spawnServer({ MQPLAY_CONFIG: join(folder.path, "server.json") });
    expect((await call(server.ports.http, "Slow/Nope")).status).toBe(404);
    server.process.kill("SIGTERM");
    expect((await server.process.ended).code).toBe(0);
  });
});

describe("a port that is taken", () => {
  test("is named with its setting, in a sentence without a stack", async () => {
    await using busy = await busyPort();
    await using cli = spawnCli([], {
      MQPLAY_MQTT_PORT: String(busy.port),
      MQPLAY_HTTP_PORT: "0",
      MQPLAY_DATA: ":memory:",
    });
    const ended = await cli.ended;
    expect(ended.code).toBe(2);
    expect(ended.stdout).toContain(
      `the server did not start: port ${busy.port} of 127.0.0.1 (setting "mqtt.port") is in use by another program; stop that one, set another port, or 0 for a free one`,
    );
    expect(ended.stdout).not.toContain("    at ");
  });

  test("leaves nothing open behind", async () => {
    await using busy = await busyPort();
    await using free = await busyPort();
    const { port } = free;
    await free[Symbol.asyncDispose]();
    const server = await createGameServer({
      config: {
        mqtt: { port: busy.port },
        http: { port },
        store: { data: ":memory:" },
        log: { level: "silent" },
      },
    });
    await expect(server.start()).rejects.toMatchObject({ code: "configInvalid", path: "mqtt.port" });
    await expect(request(port, "/healthz")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(() => server.ports).toThrow("before start()");
    await server.stop();
  });

  test("of an address that this machine has not says so", async () => {
    await expect(startServer({ settings: { host: "192.0.2.1" } })).rejects.toThrow(
      'this machine has no such address, see the setting "host"',
    );
  });
});

describe("stopping", () => {
  test("SIGTERM lets a running call end, then exits 0", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.json"), JSON.stringify({ modules: [SLOW_MODULE] }));
    await using server = await spawnServer({ MQPLAY_CONFIG: join(folder.path, "server.json") });
    const running = call(server.ports.http, "Slow/UntilSigterm");
    await server.process.line(/the call runs/);
    server.process.kill("SIGTERM");
    expect((await running).json()).toEqual({ state: 0, msg: "", data: null });
    expect(await server.process.ended).toMatchObject({ code: 0, signal: null });
    expect(server.process.output).toContain("the server has stopped");
  });

  test("a call that does not end is ended at shutdown.drainMs, and the exit is 0 all the same", async () => {
    await using folder = await temporaryFolder();
    const config = { modules: [SLOW_MODULE], shutdown: { drainMs: 200 } };
    await writeFile(join(folder.path, "server.json"), JSON.stringify(config));
    await using server = await spawnServer({ MQPLAY_CONFIG: join(folder.path, "server.json") });
    const running = call(server.ports.http, "Slow/Forever");
    await server.process.line(/the call runs/);
    server.process.kill("SIGINT");
    const ended = await running;
    expect(ended.status).toBe(503);
    expect(ended.json()).toEqual({ state: 0xf1, msg: "Server Is Down", data: null });
    expect((await server.process.ended).code).toBe(0);
  });

  test("a call by MQTT that does not end is answered ServerIsDown before its client is closed", async () => {
    const settings = { shutdown: { drainMs: 100 } };
    await using server = await startServer({ modules: [slowModule], settings });
    await using client = await RawClient.ready(server.mqttUrl);
    const forever = client.sendJson({ module: "Slow", func: "Forever" });
    await server.logged("the call runs");
    const stopped = server.stop();
    // It ran, so that it has a result, which is nothing: `null`. [answer-3]
    const { body } = await client.takeJsonAnswer(forever);
    expect(body).toEqual({ state: 0xf1, msg: "Server Is Down", result: "bnVsbA==" });
    await client.whenClosed();
    await stopped;
  });

  test("a signal that npm passes on a second time counts once", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.json"), JSON.stringify({ modules: [SLOW_MODULE] }));
    await using server = await spawnServer({ MQPLAY_CONFIG: join(folder.path, "server.json") });
    const running = call(server.ports.http, "Slow/UntilSigterm");
    await server.process.line(/the call runs/);
    server.process.kill("SIGINT");
    server.process.kill("SIGTERM");
    expect((await running).status).toBe(200);
    expect((await server.process.ended).code).toBe(0);
  });

  test("a second signal ends the process at once", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.json"), JSON.stringify({ modules: [SLOW_MODULE] }));
    await using server = await spawnServer({ MQPLAY_CONFIG: join(folder.path, "server.json") });
    const cut = expect(call(server.ports.http, "Slow/Forever")).rejects.toThrow();
    await server.process.line(/the call runs/);
    server.process.kill("SIGTERM");
    await server.process.line(/stopping/);
    // npm passes a Ctrl+C on, so signals that come together count once: it takes one that comes later.
    const again = setInterval(() => server.process.kill("SIGTERM"), 50);
    const ended = await server.process.ended;
    clearInterval(again);
    expect(ended.code).toBe(1);
    expect(ended.stdout).not.toContain("the server has stopped");
    await cut;
  });

  test("while calls end, /readyz says 503, new calls get ServerIsDown and new clients are not let in", async () => {
    await using server = await startServer({ modules: [slowModule] });
    const { http, mqtt } = server.ports;
    const leave = new AbortController();
    const running = request(http, "/call/Slow/UntilGone", { method: "POST", signal: leave.signal });
    const left = expect(running).rejects.toThrow();
    await server.logged("the call runs");
    const stopped = server.stop();
    const ready = await request(http, "/readyz");
    expect(ready.status).toBe(503);
    expect(ready.json()).toEqual({ status: "notReady", missing: { server: "is shutting down" } });
    expect(ready.headers["connection"]).toBe("close");
    expect((await request(http, "/healthz")).status).toBe(200);
    const refused = await call(http, "User/Login", {});
    expect(refused.status).toBe(503);
    expect(refused.json()).toMatchObject({ state: 0xf1 });
    await expect(RawClient.open(`mqtt://127.0.0.1:${mqtt}`)).rejects.toThrow();
    leave.abort();
    await left;
    await stopped;
    await expect(request(http, "/healthz")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("closes clients and keep-alive connections, and may be asked for twice", async () => {
    const server = await startServer();
    await using client = await RawClient.connect(server.mqttUrl);
    const agent = new Agent({ keepAlive: true });
    await request(server.ports.http, "/healthz", { agent });
    await Promise.all([server.stop(), server.stop()]);
    await client.whenClosed();
    expect(client.closed).toBe(true);
    await server.stop();
    expect(server.phase).toBe("stopping");
    await expect(server.start()).rejects.toMatchObject({ code: "closed" });
    agent.destroy();
  });
});

describe("a bug in a module", () => {
  test.each([
    ["an exception that nobody can catch", "Crash", "thrown in a timer"],
    ["a forgotten promise", "Reject", "a forgotten promise"],
  ])("%s is logged and ends the process with 1", async (_what, func, text) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "server.json"), JSON.stringify({ modules: [SLOW_MODULE] }));
    await using server = await spawnServer({ MQPLAY_CONFIG: join(folder.path, "server.json") });
    await call(server.ports.http, `Slow/${func}`).catch(() => undefined);
    const ended = await server.process.ended;
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain("this is a bug");
    expect(ended.stdout).toContain(text);
  });
});

describe("data", () => {
  // Three processes are started from source, one after the other.
  test("accounts are there after a restart, and after kill -9", { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const env = { MQPLAY_DATA: join(folder.path, "data") };
    const accounts = [
      { username: "first-player", password: PASSWORD },
      { username: "second-player", password: PASSWORD },
    ];
    for (const [index, account] of accounts.entries()) {
      await using server = await spawnServer(env);
      const registered = await call(server.ports.http, "User/Register", account);
      expect(registered.json(), server.process.output).toMatchObject({ state: 0 });
      server.process.kill(index === 0 ? "SIGTERM" : "SIGKILL");
      await server.process.ended;
    }
    await using server = await spawnServer(env);
    for (const account of accounts) {
      expect((await call(server.ports.http, "User/Login", account)).json()).toMatchObject({ state: 0 });
      expect((await call(server.ports.http, "User/Register", account)).json()).toMatchObject({ state: 2 });
    }
    expect(server.process.output).not.toContain(PASSWORD);
  });

  test("in a folder that cannot be used keeps the server from starting", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, "file"), "");
    await expect(
      startServer({ settings: { store: { data: join(folder.path, "file/data") } } }),
    ).rejects.toMatchObject({
      code: "configInvalid",
    });
  });
});

describe("a store that is away when the server starts", () => {
  test("is waited for: /readyz says so, calls get ServerIsDown, and the server can be stopped", async () => {
    const port = await freePort();
    const lines: string[] = [];
    const server = await createGameServer({
      config: {
        mqtt: { port: 0 },
        http: { port },
        store: { data: ":memory:", accounts: `mysql://root:hunter2@127.0.0.1:${await freePort()}/game` },
      },
      log: createLog({ level: "debug", format: "json", write: (line) => lines.push(line) }),
    });
    const started = expect(server.start()).rejects.toMatchObject({ code: "closed" });
    const ready = await whenOpen(port, "/readyz");
    expect(ready.status).toBe(503);
    expect(ready.json()).toEqual({
      status: "notReady",
      missing: { server: "is starting", accounts: "does not answer" },
    });
    expect((await request(port, "/healthz")).status).toBe(200);
    expect((await call(port, "User/Login", { username: "a", password: "b" })).json()).toMatchObject({
      state: 0xf1,
    });
    await server.stop();
    await started;
    await expect(request(port, "/healthz")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(lines.join("")).not.toContain("hunter2");
    expect(lines.join("")).toMatch(/"level":"warn"/);
  });
});

test("SIGTERM while a store is waited for ends the process with 0", async () => {
  const accounts = `mysql://root:hunter2@127.0.0.1:${await freePort()}/game`;
  await using cli = spawnCli([], {
    MQPLAY_MQTT_PORT: "0",
    MQPLAY_HTTP_PORT: "0",
    MQPLAY_STORE_ACCOUNTS: accounts,
  });
  await cli.line(/ warn .*(wait|away|answer)/i);
  cli.kill("SIGTERM");
  const ended = await cli.ended;
  expect(ended.code).toBe(0);
  expect(ended.stdout).not.toMatch(/hunter2|did not start/);
});

/** Asks until the port is open. */
async function whenOpen(port: number, path: string): Promise<Reply> {
  return await vi.waitFor(() => request(port, path), { timeout: 5_000, interval: 10 });
}

describe("a program of its own", () => {
  test("hears of its users through callbacks, in the order in which it happens", async () => {
    const heard: string[] = [];
    const told = (what: string): void => void heard.push(what);
    const callbacks: UserCallbacks = {
      onConnect: ({ remoteAddress }) => told(`connect ${remoteAddress}`),
      onRegister: ({ name }) => told(`register ${name}`),
      onLogin: ({ sessionId }) => told(`login ${sessionId === undefined ? "by HTTP" : "here"}`),
      onLogout: ({ reason }) => told(`logout ${reason ?? "by itself"}`),
      onDisconnect: ({ userId }) => told(`disconnect ${userId === undefined ? "nobody" : "somebody"}`),
    };
    await using server = await startServer({ callbacks });
    const account = { username: "callback-player", password: PASSWORD };
    await using first = await RawClient.ready(server.mqttUrl);
    await first.user("Register", account);
    await first.user("Logout");
    await first.user("Login", account);
    await using second = await RawClient.ready(server.wsUrl);
    await second.user("Login", account);
    await first.whenClosed();
    await second.end();
    await expect.poll(() => heard.at(-1)).toBe("disconnect somebody");
    await call(server.ports.http, "User/Login", account);
    expect(heard).toEqual([
      "connect 127.0.0.1",
      "register callback-player",
      "login here",
      "logout by itself",
      "login here",
      "connect 127.0.0.1",
      "logout kicked",
      "disconnect nobody",
      "login here",
      "disconnect somebody",
      "login by HTTP",
    ]);
  });

  test("is not harmed by a callback that throws or rejects", async () => {
    const callbacks: UserCallbacks = {
      onConnect: () => {
        throw new Error("a bug of the program's");
      },
      onLogin: () => Promise.reject(new Error("another one")),
    };
    await using server = await startServer({ callbacks });
    await using client = await RawClient.ready(server.mqttUrl);
    const { state } = await client.user("Register", { username: "callback-bug", password: PASSWORD });
    expect(state).toBe(0);
    expect(server.log.filter(({ message }) => message === "A callback threw")).toMatchObject([
      { callback: "onConnect", level: "error" },
      { callback: "onLogin", level: "error" },
    ]);
  });

  test("is not let write codes into the log in production, and warned elsewhere", async () => {
    const settings = { user: { codeSender: "console" } };
    vi.stubEnv("NODE_ENV", "production");
    try {
      await expect(startServer({ settings })).rejects.toMatchObject({
        code: "configInvalid",
        path: "user.codeSender",
      });
    } finally {
      vi.unstubAllEnvs();
    }
    await using server = await startServer({ settings });
    expect(
      await server.logged("verification codes are written into this log: for development only"),
    ).toMatchObject({ level: "warn" });
  });

  test("is told when codes are asked for and nothing sends them", async () => {
    await expect(startServer({ settings: { user: { verification: "code" } } })).rejects.toMatchObject({
      code: "configInvalid",
      path: "user.codeSender",
    });
    await using server = await startServer({
      settings: { user: { verification: "code", codeSender: "console" } },
    });
    expect(server.phase).toBe("running");
  });
});
