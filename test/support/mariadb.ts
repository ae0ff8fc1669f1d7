/**
 * A real MariaDB for tests: Debian's mariadbd on a free port of 127.0.0.1, in a folder of its own; or the server that
 * `MQPLAY_TEST_MYSQL_URL` names (a `mysql://` address whose user may create databases). Tests that stop and start it
 * get their own.
 */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { run, startProcess, type RunningProcess } from "./process.ts";

/** A running MariaDB. Disposing of it ends it and removes its folder, or the databases that were made in a named one. */
export interface TestMariadb extends AsyncDisposable {
  /** The address of a user who may create databases. */
  readonly root: string;
  /** Makes an empty database of its own and returns its address for `store.accounts`. */
  createDatabase(): Promise<string>;
  /** Runs statements in a database by its address. Returns what the client printed: tab-separated rows, no heads. */
  query(url: string, statements: string): Promise<string>;
  /** Ends the server in an orderly way; its data stays for {@link start}. */
  stop(): Promise<void>;
  /** Ends the server without a word to anybody. */
  crash(): Promise<void>;
  /** Starts it again, on the same port, with the data that it had. */
  start(): Promise<void>;
  /** Freezes its process: connections stay open and nothing is answered. */
  pause(): void;
  /** Lets it go on. */
  resume(): void;
}

const USER = "mqplay";
const PASSWORD = "p@ss w:rd/%?";
const SERVER = process.env["MQPLAY_MARIADBD"] ?? "mariadbd";
const INSTALLER = process.env["MQPLAY_MARIADB_INSTALL_DB"] ?? "mariadb-install-db";
const HOW_TO_GET =
  "install Debian's (apt-get install mariadb-server), or set MQPLAY_TEST_MYSQL_URL to a running one";

/** How to start MariaDB. */
export interface TestMariadbOptions {
  /** True for one that the test may stop and pause, even if the environment names another. @default false */
  readonly own?: boolean;
  /** Files of its certificate and key, PEM, for one that offers TLS. @default none */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/** Starts MariaDB, or takes the server that the environment names. */
export async function startMariadb(options: TestMariadbOptions = {}): Promise<TestMariadb> {
  const named = process.env["MQPLAY_TEST_MYSQL_URL"];
  if (named !== undefined && Object.keys(options).length === 0) return namedMariadb(named);
  const folder = await mkdtemp(join(tmpdir(), "mqplay-mariadb-"));
  try {
    return await ownMariadb(folder, options);
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`MariaDB did not start: ${String(cause)}\n${HOW_TO_GET}`, { cause });
  }
}

async function ownMariadb(folder: string, { tls }: TestMariadbOptions): Promise<TestMariadb> {
  const data = join(folder, "data");
  const port = await freePort();
  await install(data);
  const initFile = join(folder, "init.sql");
  await writeFile(
    initFile,
    `create user if not exists '${USER}'@'%' identified by '${PASSWORD}';\ngrant all on *.* to '${USER}'@'%';\n`,
  );
  const settings = [
    "--no-defaults",
    `--datadir=${data}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--socket=${join(folder, "s")}`,
    `--init-file=${initFile}`,
    "--innodb-buffer-pool-size=32M",
    ...(tls === undefined ? [] : [`--ssl-cert=${tls.certFile}`, `--ssl-key=${tls.keyFile}`]),
    ...asRoot(),
  ];
  let server: RunningProcess | undefined;
  const start = async (): Promise<void> => {
    server = startProcess(SERVER, settings);
    await server.line(new RegExp(`ready for connections[^]*|port: ${port}`), { timeoutMs: 30_000 });
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    server?.kill(signal);
    await server?.ended;
    server = undefined;
  };
  await start();
  const root = `mysql://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/mysql`;
  return {
    root,
    createDatabase: () => createDatabase(root),
    query,
    start,
    stop: () => end("SIGTERM"),
    crash: () => end("SIGKILL"),
    pause: () => server?.kill("SIGSTOP"),
    resume: () => server?.kill("SIGCONT"),
    async [Symbol.asyncDispose]() {
      await server?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function install(data: string): Promise<void> {
  const installed = await run(
    INSTALLER,
    [
      "--no-defaults",
      `--datadir=${data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      ...asRoot(),
    ],
    { timeoutMs: 60_000 },
  );
  if (installed.code !== 0) throw new Error(`${INSTALLER} failed:\n${installed.stdout}${installed.stderr}`);
}

/** mariadbd refuses to run as root unless told to. */
function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

/** Makes an empty database and returns its address. @param root the address of a user who may create databases */
export async function createDatabase(root: string): Promise<string> {
  const name = `mqplay_test_${randomUUID().replaceAll("-", "")}`;
  await query(root, `create database ${name}`);
  const url = new URL(root);
  url.pathname = `/${name}`;
  return url.href;
}

/** Removes a database by its address. */
export async function dropDatabase(url: string): Promise<void> {
  await query(url, `drop database if exists ${new URL(url).pathname.slice(1)}`);
}

async function query(address: string, statements: string): Promise<string> {
  const url = new URL(address);
  const answer = await run(
    "mariadb",
    [
      "--no-defaults",
      "--batch",
      "--skip-column-names",
      "--protocol=tcp",
      "--default-character-set=utf8mb4",
      `--host=${url.hostname}`,
      `--port=${url.port || "3306"}`,
      `--user=${decodeURIComponent(url.username)}`,
      decodeURIComponent(url.pathname.slice(1)),
    ],
    { input: statements, env: { MYSQL_PWD: decodeURIComponent(url.password) }, timeoutMs: 30_000 },
  );
  if (answer.code !== 0) throw new Error(`mariadb refused the statements: ${answer.stderr}`);
  return answer.stdout;
}

function namedMariadb(root: string): TestMariadb {
  const made: string[] = [];
  const refuse = (): never => {
    throw new Error(
      "a MariaDB named by the environment is not stopped by tests; start it with { own: true }",
    );
  };
  return {
    root,
    async createDatabase() {
      const url = await createDatabase(root);
      made.push(new URL(url).pathname.slice(1));
      return url;
    },
    query,
    stop: async () => refuse(),
    crash: async () => refuse(),
    start: async () => refuse(),
    pause: refuse,
    resume: refuse,
    async [Symbol.asyncDispose]() {
      for (const name of made) await query(root, `drop database if exists ${name}`);
    },
  };
}
