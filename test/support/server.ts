/**
 * The server as a resource of a test: in this process, or as a process of its own, built or from source.
 */
import { EventEmitter, once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createLog,
  createServer,
  resolveConfig,
  type ListenerKind,
  type LogLevel,
  type Server,
  type ServerOptions,
} from "@mqplay/server";
import { startProcess, type RunningProcess } from "./process.ts";
import { createServerStores } from "./run-stores.ts";
import { expectNoSecrets } from "./secrets.ts";

/** How a test wants its server. */
export interface TestServerOptions extends Omit<ServerOptions, "config" | "log"> {
  /** Settings of a configuration file, unchecked, over those of tests: free ports of 127.0.0.1, everything in memory. */
  readonly settings?: object;
  /** How much of the log is kept in {@link TestServer.log}. @default "debug" */
  readonly logLevel?: LogLevel;
}

/** One line of the log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Where a server can be reached. */
export interface Addresses {
  readonly mqttUrl: string;
  readonly wsUrl: string;
  /** Without a slash at its end. */
  readonly httpUrl: string;
}

/** A server in this process. Disposing it stops it. */
export interface TestServer extends Server, Addresses {
  /** What it has logged so far. Nothing of it is printed. */
  readonly log: readonly LogLine[];
  /** Waits for a line of the log with this message, written before or after this call. */
  logged(message: string): Promise<LogLine>;
}

const TEST_SETTINGS: object = {
  host: "127.0.0.1",
  mqtt: { port: 0 },
  http: { port: 0 },
  store: { data: ":memory:" },
  log: { format: "json" },
};

/** How long a test waits for a line of the log, in ms. */
const LOG_WAIT_MS = 10_000;

/**
 * Starts a server in this process: `await using server = await startServer({ settings: { gate: { secret: false } } })`.
 * Its stores are those of the run (run-stores.ts) unless the settings name others. Stopping it rejects when its log has
 * a secret in it (secrets.ts).
 */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { settings = {}, logLevel = "debug", ...rest } = options;
  const stores = await createServerStores();
  const { accounts, sessions } = stores ?? {};
  const base = stores === undefined ? TEST_SETTINGS : merge(TEST_SETTINGS, { store: { accounts, sessions } });
  const lines: LogLine[] = [];
  const texts: string[] = [];
  const written = new EventEmitter();
  const log = createLog({
    level: logLevel,
    format: "json",
    write(text) {
      const line = parseLine(text);
      lines.push(line);
      texts.push(text);
      written.emit("line", line);
    },
  });
  const config = resolveConfig(merge(base, settings));
  const server = await createServer({ ...rest, config, log });
  const stop = async (): Promise<void> => {
    await server.stop();
    await stores?.remove();
    expectNoSecrets(texts.splice(0));
  };
  try {
    await server.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...addressesOf(server.ports),
    log: lines,
    async logged(message) {
      let line = lines.find((candidate) => candidate.message === message);
      const signal = AbortSignal.timeout(LOG_WAIT_MS);
      while (line?.message !== message) [line] = (await once(written, "line", { signal })) as [LogLine];
      return line;
    },
    ports: server.ports,
    listeners: server.listeners,
    config: server.config,
    get phase() {
      return server.phase;
    },
    start: () => server.start(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Where a client gets to the first listener of a kind. Throws when the server has none. */
export function urlOf(server: Pick<Server, "listeners">, kind: ListenerKind): string {
  const listener = server.listeners.find((candidate) => candidate.kind === kind);
  if (listener === undefined) throw new Error(`the server has no listener of kind ${kind}`);
  const place = `127.0.0.1:${listener.port}`;
  switch (kind) {
    case "tcp":
      return `mqtt://${place}`;
    case "tls":
      return `mqtts://${place}`;
    case "ws":
    case "http":
      return `ws://${place}/ws`;
    case "wss":
    case "https":
      return `wss://${place}/ws`;
  }
}

/** A server as a process of its own. Disposing it kills it. */
export interface SpawnedServer extends AsyncDisposable, Addresses {
  readonly process: RunningProcess;
  readonly ports: Server["ports"];
}

/** Starts a server as a process of its own and waits until it is ready. */
export async function spawnServer(
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<SpawnedServer> {
  const stores = await createServerStores();
  const process = spawnCli([], {
    MQPLAY_MQTT_PORT: "0",
    MQPLAY_HTTP_PORT: "0",
    MQPLAY_DATA: ":memory:",
    MQPLAY_STORE_ACCOUNTS: stores?.accounts,
    MQPLAY_STORE_SESSIONS: stores?.sessions,
    ...env,
  });
  const end = async (): Promise<void> => {
    await process[Symbol.asyncDispose]();
    await stores?.remove();
    expectNoSecrets(process.output.split("\n"));
  };
  try {
    const ready = await process.line(/the server is ready/, { timeoutMs: 20_000 });
    const ports = { mqtt: numberIn(ready, "mqttPort"), http: numberIn(ready, "httpPort") };
    return {
      process,
      ports,
      ...addressesOf(ports),
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Runs the command line. It hears nothing of what this process' environment says about mqplay. */
export function spawnCli(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
  cwd: string = repository,
): RunningProcess {
  const cleared = Object.fromEntries(
    Object.keys(process.env)
      .filter((name) => name.startsWith("MQPLAY_") || name === "FORCE_COLOR")
      .map((name) => [name, undefined]),
  );
  return startProcess(process.execPath, [...cli(), ...args], { cwd, env: { ...cleared, ...env } });
}

/** The built command line where it is as new as its sources: it starts three times as fast as the sources do. */
function cli(): string[] {
  const server = join(repository, "packages/server");
  if (["packages/shared", "packages/server"].every(isBuilt)) return [join(server, "dist/cli.js")];
  return ["--conditions=@mqplay/source", "--import", import.meta.resolve("tsx"), join(server, "src/cli.ts")];
}

const TESTS = /\.(test|contract|test-d)\.ts$/;

function isBuilt(workspace: string): boolean {
  const folder = join(repository, workspace);
  const built = statSync(join(folder, "dist/.tsbuildinfo"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !TESTS.test(file))
    .every((file) => statSync(join(folder, "src", file)).mtimeMs < built);
}

/** A folder that is gone after the test. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes an empty folder for a test. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "mqplay-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The root of the repository. */
export const repository: string = join(import.meta.dirname, "../..");

function addressesOf(ports: Server["ports"]): Addresses {
  return {
    mqttUrl: `mqtt://127.0.0.1:${ports.mqtt}`,
    wsUrl: `ws://127.0.0.1:${ports.http}/ws`,
    httpUrl: `http://127.0.0.1:${ports.http}`,
  };
}

function numberIn(line: string, field: string): number {
  const found = new RegExp(`${field}"?[=:](\\d+)`).exec(line)?.[1];
  if (found === undefined) throw new Error(`no ${field} in: ${line}`);
  return Number(found);
}

function parseLine(line: string): LogLine {
  const value: unknown = JSON.parse(line);
  if (typeof value === "object" && value !== null && "level" in value && "message" in value) {
    return { ...value, level: String(value.level), message: String(value.message) };
  }
  throw new Error(`not a line of the log: ${line}`);
}

function merge(base: object, over: object): object {
  const merged = new Map<string, unknown>(Object.entries(base));
  for (const [name, value] of Object.entries(over) as [string, unknown][]) {
    const below = merged.get(name);
    merged.set(name, isSection(below) && isSection(value) ? merge(below, value) : value);
  }
  return Object.fromEntries(merged);
}

function isSection(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
