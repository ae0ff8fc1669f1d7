/**
 * Redis addresses, as the configuration writes them: one server, sentinels or a cluster, with or without TLS.
 */
import { MqplayError } from "@mqplay/shared";

/** One host and port. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** A Redis to connect to. */
export interface RedisAddress {
  readonly kind: "single" | "sentinel" | "cluster";
  /** The server, the sentinels, or some nodes of the cluster. Never empty. */
  readonly nodes: readonly RedisNode[];
  readonly tls: boolean;
  /** File of the certificate authority to trust, PEM; undefined for the system's. */
  readonly caFile: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Database number; a cluster has only 0. */
  readonly db: number;
  /** The name that the sentinels know the master by; empty for the other kinds. */
  readonly masterName: string;
  /** What all keys begin with. @default "mqplay:" */
  readonly keyPrefix: string;
}

const DEFAULT_PORT = 6_379;
const DEFAULT_SENTINEL_PORT = 26_379;
const DEFAULT_PREFIX = "mqplay:";

const kinds: ReadonlyMap<string, Pick<RedisAddress, "kind" | "tls">> = new Map([
  ["redis", { kind: "single", tls: false }],
  ["rediss", { kind: "single", tls: true }],
  ["redis-sentinel", { kind: "sentinel", tls: false }],
  ["rediss-sentinel", { kind: "sentinel", tls: true }],
  ["redis-cluster", { kind: "cluster", tls: false }],
  ["rediss-cluster", { kind: "cluster", tls: true }],
]);

const SHAPE = /^([a-z-]+):\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/;

/**
 * Reads an address:
 * - `redis://user:password@host:6379/0`, `rediss://…` with TLS
 * - `redis-sentinel://user:password@host1:26379,host2:26379/mymaster?db=0`
 * - `redis-cluster://user:password@host1:6379,host2:6379`
 *
 * `?keyPrefix=game1:` sets what keys begin with, `?ca=/path/ca.pem` the authority that a server with TLS must be signed by. User and password are percent-encoded as in any URL.
 * @throws MqplayError `configInvalid` saying which form is expected; the address, which may hold a password, is not repeated
 */
export function parseRedisAddress(text: string): RedisAddress {
  const [, scheme = "", credentials, hosts = "", path = "", query = ""] = SHAPE.exec(text) ?? [];
  const kind = kinds.get(scheme);
  if (kind === undefined) {
    throw invalid(`it begins with one of ${[...kinds.keys()].map((name) => `${name}://`).join(", ")}`);
  }
  const options = new URLSearchParams(query);
  const nodes = hosts.split(",").map((host) => parseNode(host, kind.kind));
  if (kind.kind === "single" && nodes.length > 1)
    throw invalid("redis:// names one host; use redis-cluster:// or redis-sentinel://");
  if (kind.kind === "sentinel" && path === "")
    throw invalid("redis-sentinel:// ends in the master's name, like /mymaster");
  if (kind.kind === "cluster" && path !== "" && path !== "0")
    throw invalid("a cluster has no database but 0");
  const db = kind.kind === "sentinel" ? (options.get("db") ?? "0") : path === "" ? "0" : path;
  if (!/^\d{1,4}$/.test(db)) throw invalid("the database is a number");
  return {
    ...kind,
    nodes,
    caFile: options.get("ca") ?? undefined,
    ...parseCredentials(credentials),
    db: Number(db),
    masterName: kind.kind === "sentinel" ? decode(path) : "",
    keyPrefix: options.get("keyPrefix") ?? DEFAULT_PREFIX,
  };
}

function parseNode(text: string, kind: RedisAddress["kind"]): RedisNode {
  const [, host, port] = HOST.exec(text) ?? [];
  const number =
    port === undefined ? (kind === "sentinel" ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT) : Number(port);
  if (host === undefined || number < 1 || number > 65_535)
    throw invalid("hosts are written host:port, separated by commas");
  return { host: host.replace(/^\[|\]$/g, ""), port: number };
}

function parseCredentials(text: string | undefined): Pick<RedisAddress, "username" | "password"> {
  if (text === undefined || text === "") return { username: undefined, password: undefined };
  const colon = text.indexOf(":");
  const username = decode(colon < 0 ? text : text.slice(0, colon));
  const password = colon < 0 ? undefined : decode(text.slice(colon + 1));
  return { username: username === "" ? undefined : username, password };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("a percent sign in user, password or name is written %25");
  }
}

function invalid(expected: string): MqplayError {
  return new MqplayError("configInvalid", `"store.sessions" is no Redis address: ${expected}`, {
    path: "store.sessions",
  });
}
