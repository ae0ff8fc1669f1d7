/**
 * The connection to Redis that all stores in Redis share. ioredis finds the servers and reconnects; what this room
 * adds is behaviour under faults: a command that cannot be sent now, or is not answered in time, fails at once with a
 * clear error and is never sent again by itself, because running a script twice may end a login.
 */
import { createHash } from "node:crypto";
import { MqplayError } from "@mqplay/shared";
import { Cluster, Redis } from "ioredis";
import type { StoreLog } from "../stores.ts";
import { toStoreError } from "../storage-errors.ts";
import { readAuthority } from "../read-authority.ts";
import type { RedisAddress } from "./address.ts";

/** How long a command may take, in ms. Redis answers in less than one; a call has seconds. */
export const COMMAND_TIMEOUT_MS = 2_000;

/** How long a connection may be silent while commands wait for their answers before it is given up, in ms. */
const SILENCE_TIMEOUT_MS = 4_000;

const CONNECT_TIMEOUT_MS = 3_000;

/** Longest pause between two tries to connect, in ms: how late the return of Redis is noticed. */
const MAX_RECONNECT_PAUSE_MS = 500;

/** A Lua script: atomic on the server, sent by its hash. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

/** Makes a script of its text. All its keys must share one hash tag. */
export function defineScript(text: string): RedisScript {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** What a script or command answers. */
export type RedisReply = string | number | null | readonly RedisReply[];

/** The part of the link that stores use. */
export interface RedisCommands {
  /** What all keys begin with. */
  readonly keyPrefix: string;
  /** Runs a script in one round trip; two when the server does not know it yet. */
  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<RedisReply>;
  /** Runs one command. */
  command(name: string, ...args: readonly (string | number)[]): Promise<RedisReply>;
}

/** See the top of the file. */
export class RedisLink implements RedisCommands {
  readonly keyPrefix: string;
  /** What the log and errors call it. No credentials. */
  readonly label: string;
  readonly #client: Redis | Cluster;
  /** Fulfilled when it is known for the first time whether Redis can be reached. */
  readonly #firstOutcome: Promise<void>;
  #isUp = false;
  #lastError: unknown = undefined;

  /** Begins to connect. Errors of the connection end up in the log, once each time it is lost, and in the calls that need it. */
  constructor(deps: { readonly log: StoreLog }, address: RedisAddress) {
    this.keyPrefix = address.keyPrefix;
    this.label = `Redis ${address.nodes.map(({ host, port }) => `${host}:${port}`).join(",")}`;
    this.#client = createClient(address);
    this.#firstOutcome = new Promise((resolve) => {
      for (const event of ["ready", "error", "close"]) this.#client.once(event, () => resolve());
    });
    this.#client.on("error", (error: unknown) => {
      this.#lastError = error;
    });
    this.#client.on("ready", () => {
      this.#isUp = true;
      deps.log.info({ store: this.label }, "Redis is connected");
    });
    this.#client.on("close", () => {
      if (!this.#isUp) return;
      this.#isUp = false;
      deps.log.warn({ store: this.label, err: this.#lastError }, "Redis is away; connecting again");
    });
  }

  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<RedisReply> {
    return this.#guard(async () => {
      try {
        return await this.#client.call("EVALSHA", script.sha, keys.length, ...keys, ...args);
      } catch (error) {
        // A server that was started again has forgotten its scripts; it ran nothing, so sending it whole is safe.
        if (!isReplyError(error, "NOSCRIPT")) throw error;
        return this.#client.call("EVAL", script.text, keys.length, ...keys, ...args);
      }
    });
  }

  async command(name: string, ...args: readonly (string | number)[]): Promise<RedisReply> {
    return this.#guard(() => this.#client.call(name, ...args));
  }

  /**
   * Resolves when Redis answers. Called while the first connection is being made, it waits for it.
   * @throws MqplayError `configInvalid` when it answers that the credentials are wrong, `serverIsDown` when it does not answer
   */
  async ping(): Promise<void> {
    await this.#firstOutcome;
    if (isReplyError(this.#lastError, "WRONGPASS") || isReplyError(this.#lastError, "NOAUTH")) {
      if (!this.#isUp) {
        throw new MqplayError("configInvalid", `${this.label} refuses the user or password`, {
          cause: this.#lastError,
          path: "store.sessions",
        });
      }
    }
    await this.command("PING");
  }

  async close(): Promise<void> {
    this.#client.disconnect();
  }

  async #guard(send: () => Promise<unknown>): Promise<RedisReply> {
    try {
      const reply = await send();
      return toReply(reply);
    } catch (error) {
      throw toStoreError(this.label, error, isAway);
    }
  }
}

function createClient(address: RedisAddress): Redis | Cluster {
  const { username, password, db } = address;
  const options = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(address.tls ? { tls: readTls(address) } : {}),
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    keepAlive: 10_000,
    // Nothing is kept for later and nothing is sent twice: see the top of the file.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  };
  const pauseMs = (attempt: number) => Math.min(MAX_RECONNECT_PAUSE_MS, 20 * 2 ** Math.min(attempt, 10));
  if (address.kind === "cluster") {
    return new Cluster([...address.nodes], {
      redisOptions: options,
      enableOfflineQueue: false,
      retryDelayOnFailover: 0,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      clusterRetryStrategy: pauseMs,
    });
  }
  const server =
    address.kind === "sentinel"
      ? { sentinels: [...address.nodes], name: address.masterName, sentinelRetryStrategy: pauseMs }
      : { ...address.nodes[0] };
  return new Redis({ ...options, ...server, db, enableOfflineQueue: false, retryStrategy: pauseMs });
}

function readTls({ caFile }: RedisAddress): { readonly ca?: string } {
  return caFile === undefined ? {} : { ca: readAuthority(caFile, "store.sessions") };
}

/** Everything but an error that Redis itself answered means that it could not be reached; so do the answers of a server that is not ready. */
function isAway(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== "ReplyError") return true;
  return /^(LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|READONLY|NOREPLICAS)\b/.test(error.message);
}

function isReplyError(error: unknown, code: string): boolean {
  return error instanceof Error && error.message.startsWith(code);
}

function toReply(value: unknown): RedisReply {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number") return value;
  if (Array.isArray(value)) return value.map(toReply);
  throw new TypeError(`Redis answered with a ${typeof value}`);
}
