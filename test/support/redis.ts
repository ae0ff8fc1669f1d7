/**
 * A real Redis for tests: Debian's redis-server on a free port of 127.0.0.1, in a folder of its own; or the one that
 * `MQPLAY_TEST_REDIS_URL` names, where keys get a prefix of their own. Tests that stop and start it get their own.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { startProcess, type RunningProcess } from "./process.ts";

/** How to start Redis. */
export interface TestRedisOptions {
  /** True for one that the test may stop and pause, even if the environment names another. @default false */
  readonly own?: boolean;
  /** The password that it wants. @default none */
  readonly password?: string;
  /** True for a node of a cluster that holds all slots by itself. @default false */
  readonly cluster?: boolean;
  /** Files of its certificate and key, PEM, for one that speaks TLS only. @default none */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/** A running Redis. Disposing of it ends it and removes its folder. */
export interface TestRedis extends AsyncDisposable {
  /** An address for `store.sessions`; keys made under it begin with a prefix that nobody else has. */
  readonly url: string;
  readonly port: number;
  /** Ends the server in an orderly way; its data stays for {@link start}. */
  stop(): Promise<void>;
  /** Starts it again, on the same port, with the data that it had. */
  start(): Promise<void>;
  /** Freezes its process: connections stay open and nothing is answered. */
  pause(): void;
  /** Lets it go on. */
  resume(): void;
}

const BINARY = process.env["MQPLAY_REDIS_SERVER"] ?? "redis-server";
const HOW_TO_GET =
  "install Debian's (apt-get install redis-server), or set MQPLAY_TEST_REDIS_URL to a running one";

/** Starts Redis, or takes the one that the environment names. */
export async function startRedis(options: TestRedisOptions = {}): Promise<TestRedis> {
  const named = process.env["MQPLAY_TEST_REDIS_URL"];
  const mark = `keyPrefix=test-${randomUUID()}:`;
  if (
    named !== undefined &&
    options.own !== true &&
    options.password === undefined &&
    options.cluster !== true
  ) {
    return namedRedis(`${named}${named.includes("?") ? "&" : "?"}${mark}`);
  }
  const folder = await mkdtemp(join(tmpdir(), "mqplay-redis-"));
  const port = await freePort();
  const credentials = options.password === undefined ? "" : `:${encodeURIComponent(options.password)}@`;
  const scheme = `redis${options.tls === undefined ? "" : "s"}${options.cluster === true ? "-cluster" : ""}`;
  let server: RunningProcess | undefined;
  const start = async (): Promise<void> => {
    server = await launch(folder, port, options);
  };
  const stop = async (): Promise<void> => {
    server?.kill("SIGTERM");
    await server?.ended;
    server = undefined;
  };
  await start();
  return {
    url: `${scheme}://${credentials}127.0.0.1:${port}?${mark}`,
    port,
    start,
    stop,
    pause: () => server?.kill("SIGSTOP"),
    resume: () => server?.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      await server?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function launch(folder: string, port: number, options: TestRedisOptions): Promise<RunningProcess> {
  const settings = [
    options.tls === undefined ? "--port" : "--tls-port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--save",
    "",
    "--appendonly",
    "yes",
  ];
  if (options.password !== undefined) settings.push("--requirepass", options.password);
  if (options.tls !== undefined) {
    settings.push("--port", "0", "--tls-auth-clients", "no");
    settings.push("--tls-cert-file", options.tls.certFile, "--tls-key-file", options.tls.keyFile);
  }
  if (options.cluster === true) {
    settings.push("--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1");
    // Otherwise it takes the port 10,000 above, which there may not be.
    settings.push("--cluster-port", String(await freePort()));
  }
  const server = startProcess(BINARY, settings);
  try {
    await server.line(/Ready to accept connections/);
    if (options.cluster === true) await takeAllSlots(port);
    return server;
  } catch (cause) {
    await server[Symbol.asyncDispose]();
    throw new Error(`Redis did not start: ${String(cause)}\n${HOW_TO_GET}`, { cause });
  }
}

/** Starts a sentinel that watches a Redis on a port of 127.0.0.1 under the name `mymaster`. */
export async function startSentinel(masterPort: number): Promise<AsyncDisposable & { readonly url: string }> {
  const folder = await mkdtemp(join(tmpdir(), "mqplay-sentinel-"));
  const port = await freePort();
  const settings = join(folder, "sentinel.conf");
  await writeFile(
    settings,
    `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor mymaster 127.0.0.1 ${masterPort} 1\n`,
  );
  const sentinel = startProcess(BINARY, [settings, "--sentinel"]);
  await sentinel.line(/\+monitor master mymaster/);
  return {
    url: `redis-sentinel://127.0.0.1:${port}/mymaster`,
    async [Symbol.asyncDispose]() {
      await sentinel[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Makes a lone node the owner of every slot, and waits until it says that the cluster is up. */
async function takeAllSlots(port: number): Promise<void> {
  await using owner = startProcess("redis-cli", [
    "-p",
    String(port),
    "cluster",
    "addslotsrange",
    "0",
    "16383",
  ]);
  await owner.ended;
  for (;;) {
    await using look = startProcess("redis-cli", ["-p", String(port), "cluster", "info"]);
    if ((await look.ended).stdout.includes("cluster_state:ok")) return;
  }
}

function namedRedis(url: string): TestRedis {
  const refuse = (): never => {
    throw new Error("a Redis named by the environment is not stopped by tests; start it with { own: true }");
  };
  return {
    url,
    port: Number(/:(\d+)/.exec(url.slice("redis://".length))?.[1] ?? 6_379),
    stop: async () => refuse(),
    start: async () => refuse(),
    pause: refuse,
    resume: refuse,
    [Symbol.asyncDispose]: async () => {},
  };
}
