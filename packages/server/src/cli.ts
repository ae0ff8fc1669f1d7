#!/usr/bin/env node
/**
 * The command line: reads the configuration, runs the server, and ends it when it is told to.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { isMqplayError } from "@mqplay/shared";
import { loadConfig, type LoadedConfig } from "./config/load.ts";
import { IMPORT_SOURCE_VARIABLE, importUsers } from "./ops/import-users.ts";
import { createLog, type Log } from "./ops/log.ts";
import { formatBanner } from "./ops/banner.ts";
import { createServer, type Server } from "./server.ts";

const USAGE = `mqplay-server: the reference server of mqplay

  mqplay-server [--config <file>]   runs the server until SIGTERM or Ctrl+C
  mqplay-server --check             checks the configuration and ends
  mqplay-server import-users <url>  takes over the users of the Go server from its database,
                                    mysql://user:password@host:3306/database
                                    (or from ${IMPORT_SOURCE_VARIABLE}), into store.accounts
  mqplay-server --version           says its version
  mqplay-server --help              says this

Every setting and its environment variable: docs/configuration.md, or the comments of conf/server.json.
`;

/** Exit statuses: 1 the server failed, 2 the command line or the configuration is wrong. */
const FAILED = 1;
const WRONG_USE = 2;

async function main(): Promise<void> {
  const options = readArguments();
  if (options === undefined) return;
  const loaded = readConfig(options.config);
  if (loaded === undefined) return;
  const { config, file, warnings } = loaded;
  if (options.check) {
    for (const warning of warnings) console.error(`warning: ${warning}`);
    console.log(`${file}: no mistakes`);
    return;
  }
  const log = createLog({ ...config.log, colour: wantsColour() });
  for (const warning of warnings) log.warn({}, warning);
  dieOfBugs(log);
  try {
    if (options.command === "import-users") {
      const source = options.argument ?? process.env[IMPORT_SOURCE_VARIABLE];
      process.stdout.write(await importUsers(config, source, log));
      return;
    }
    const server = await createServer({ config, log });
    const stopping = stopOnSignals(server, log);
    await server.start();
    if (!stopping.asked) process.stdout.write(formatBanner(config, server.listeners));
  } catch (error) {
    // Told to stop while it started: that ends the process by itself, and well.
    if (!(isMqplayError(error) && error.code === "closed")) fail(log, error);
  }
}

interface Arguments {
  readonly config: string | undefined;
  readonly check: boolean;
  readonly command: "import-users" | undefined;
  /** What stands behind the command. */
  readonly argument: string | undefined;
}

function readArguments(): Arguments | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        config: { type: "string" },
        check: { type: "boolean", default: false },
        version: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) process.stdout.write(USAGE);
    else if (values.version) console.log(readVersion());
    else return { config: values.config, check: values.check, ...readCommand(positionals) };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exitCode = WRONG_USE;
  }
  return undefined;
}

function readCommand([command, argument, ...rest]: readonly string[]): Pick<
  Arguments,
  "command" | "argument"
> {
  if (command !== undefined && command !== "import-users") throw new Error(`"${command}" is no command`);
  // An address may have a password in it: it is not repeated.
  if (rest.length > 0) throw new Error("import-users takes one address");
  return { command, argument };
}

function readVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const description: unknown = JSON.parse(text);
  const known = typeof description === "object" && description !== null && "version" in description;
  return known ? String(description.version) : "unknown";
}

function readConfig(file: string | undefined): LoadedConfig | undefined {
  try {
    return loadConfig({ file, env: process.env });
  } catch (error) {
    if (!isMqplayError(error)) throw error;
    console.error(error.detail);
    process.exitCode = WRONG_USE;
    return undefined;
  }
}

/** Colours only where a person looks, and not against their wish (no-color.org). */
function wantsColour(): boolean {
  const refused = process.env["NO_COLOR"];
  return process.stdout.isTTY && (refused === undefined || refused === "");
}

/** A Ctrl+C under npm comes twice: from the terminal, and passed on by npm. Within this time it counts once, in ms. */
const SAME_SIGNAL_MS = 500;

/** First signal: stop politely. Second one: at once. */
function stopOnSignals(server: Server, log: Log): { readonly asked: boolean } {
  let askedAtMs: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (askedAtMs !== undefined) {
      if (nowMs - askedAtMs > SAME_SIGNAL_MS) process.exit(FAILED);
      return;
    }
    askedAtMs = nowMs;
    log.info({ signal }, "stopping; a second signal ends the process at once");
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "the server did not stop as it should");
        process.exit(FAILED);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return {
    get asked() {
      return askedAtMs !== undefined;
    },
  };
}

/** After a bug that nobody caught, nothing is certain any more: the line is written and the process ends. */
function dieOfBugs(log: Log): void {
  const die = (error: unknown, kind: string): void => {
    log.error({ err: error }, `${kind}: this is a bug; the process ends`);
    process.exit(FAILED);
  };
  process.on("uncaughtException", (error) => die(error, "uncaught exception"));
  process.on("unhandledRejection", (reason) => die(reason, "unhandled rejection"));
}

/** A mistake of the configuration or a port that is taken needs a sentence; anything else its stack. */
function fail(log: Log, error: unknown): never {
  const wrongUse = isMqplayError(error) && error.code === "configInvalid";
  if (wrongUse && isSystemError(error.cause)) log.error({}, `the server did not start: ${error.detail}`);
  else log.error({ err: error }, "the server did not start");
  process.exit(wrongUse ? WRONG_USE : FAILED);
}

function isSystemError(error: unknown): boolean {
  return error === undefined || (error instanceof Error && "syscall" in error);
}

await main();
