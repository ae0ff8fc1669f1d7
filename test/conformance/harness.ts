/**
 * What the suite runs against, and how: a server of ours in this process, or one at MQPLAY_CONFORMANCE_URL.
 *
 * - MQPLAY_CONFORMANCE_URL   mqtt://host:port, ws://host:port/ws, mqtts:, wss:, or several, separated by commas
 * - MQPLAY_CONFORMANCE_HTTP  http://host:port of the same server, for the clauses about HTTP
 * - MQPLAY_CONFORMANCE_NAME  the server's name; its known failures are in known-failures/<name>.txt. @default mqplay
 *
 * A server at a URL must not slow down who gives wrong passwords from one address (ours: lockout.address.freeFailures).
 * A title in the list of known failures must fail: an entry that passes fails the run.
 */
import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, inject, test as runTest } from "vitest";
import { randomClientId } from "../support/raw-client.ts";
import { registerSecret } from "../support/secrets.ts";
import { startServer, urlOf } from "../support/server.ts";
import { testCertificates } from "../support/tls.ts";
import { probeModule } from "./probe.ts";

/** How bytes get to the server. */
export type Transport = "tcp" | "ws" | "mqtts" | "wss";

const external = (process.env["MQPLAY_CONFORMANCE_URL"] ?? "").split(",").filter((url) => url !== "");
const serverName = process.env["MQPLAY_CONFORMANCE_NAME"] ?? "mqplay";

/** True when the server under test is not ours to configure. */
export const isExternal = external.length > 0;

/** Where data is kept makes no difference to TLS: a run on other stores does without. */
const ours: readonly Transport[] =
  inject("runStores") === undefined ? ["tcp", "ws", "mqtts", "wss"] : ["tcp", "ws"];

/** The transports that each test runs over. */
export const transports: readonly Transport[] = isExternal ? external.map(transportOf) : ours;

/** The titles that are known to fail on this server. */
export const knownFailures: ReadonlySet<string> = new Set(readKnownFailures());

function transportOf(url: string): Transport {
  const scheme = new URL(url).protocol.replace(":", "");
  if (scheme === "mqtt" || scheme === "tcp") return "tcp";
  if (scheme === "mqtts" || scheme === "ws" || scheme === "wss") return scheme;
  throw new Error(`MQPLAY_CONFORMANCE_URL takes mqtt:, mqtts:, ws: and wss:, not ${url}`);
}

function readKnownFailures(): string[] {
  const path = join(import.meta.dirname, "known-failures", `${serverName}.txt`);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
}

/** A test of the suite. */
export function test(title: string, body: () => Promise<void> | void): void {
  const register = knownFailures.has(title) ? runTest.fails : runTest;
  register(title, body);
}

/** A test that needs a server of its own configuration or with the probe module: not run against an external one. */
test.ours = (title: string, body: () => Promise<void> | void): void => {
  const register = isExternal ? runTest.skip : test;
  register(title, body);
};

/** Where a server can be reached. */
export interface Reachable {
  /** The URL for MQTT. */
  url(transport: Transport): string;
  /** The base URL for HTTP, without a slash at its end. */
  readonly http: string;
}

/** The suite gives wrong passwords from one address more often than a player would: it is not to be slowed down. */
const NO_LOCKOUT = { address: { freeFailures: 1_000_000 } };

/** The verification codes that servers of ours have sent in this process, the last one of each phone number. */
export const sentCodes: Map<string, string> = new Map();

/** The listener of a server of ours for each transport. */
const LISTENERS = { tcp: "tcp", ws: "http", mqtts: "tls", wss: "wss" } as const;

/** A server of ours with settings of its own. */
export async function startOwnServer(settings: object = {}): Promise<Reachable & AsyncDisposable> {
  const certificates = await testCertificates();
  const listeners = [
    { kind: "tls", port: 0 },
    { kind: "wss", port: 0 },
  ];
  const server = await startServer({
    settings: { lockout: NO_LOCKOUT, tls: certificates.settings, listeners, ...settings },
    modules: [probeModule],
    codeSender: { send: async ({ phoneNumber, code }) => void sentCodes.set(phoneNumber, code) },
  });
  return {
    url: (transport) => urlOf(server, LISTENERS[transport]),
    http: server.httpUrl,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await certificates[Symbol.asyncDispose]();
    },
  };
}

/** The server under test, for all tests of a file. Call it at the top of the file. */
export function serverUnderTest(): Reachable {
  let server: (Reachable & AsyncDisposable) | undefined;
  if (!isExternal) {
    beforeAll(async () => {
      server = await startOwnServer();
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
    });
  }
  const running = (): Reachable => {
    if (server === undefined) throw new Error("the server under test is not running");
    return server;
  };
  return {
    url(transport) {
      if (!isExternal) return running().url(transport);
      const url = external.find((candidate) => transportOf(candidate) === transport);
      if (url === undefined) throw new Error(`MQPLAY_CONFORMANCE_URL names no ${transport} URL`);
      return url;
    },
    get http() {
      return isExternal ? (process.env["MQPLAY_CONFORMANCE_HTTP"] ?? "") : running().http;
    },
  };
}

/** A user name that nobody has: letters and digits. */
export function randomName(): string {
  return `user${randomClientId(12)}`;
}

/** A phone number of 11 digits. */
export function randomPhone(): string {
  return `139${String(randomInt(1e8)).padStart(8, "0")}`;
}

/** A password that every server accepts. */
export const PASSWORD = "secret-Pass1";
registerSecret(PASSWORD);

/** The parameters of Register; the code is the one that the Go server takes while it sends none. */
export function registration(username: string, password: string = PASSWORD): Record<string, string> {
  return { username, password, verifyCode: "9966" };
}
