/**
 * Login attempts in Redis, shared by all servers. All counters share one slot of a cluster, so that account and
 * address are looked at in one atomic step; passwords cost a thousand times more than these scripts.
 */
import { createHash } from "node:crypto";
import { defineScript, type RedisCommands } from "../redis/redis-link.ts";
import {
  defaultAttemptLimits,
  type AttemptKeys,
  type AttemptLimits,
  type AttemptStore,
  type AttemptVerdict,
} from "./attempts.ts";

// KEYS: account, address. Fields: n failures, t last. ARGV: now, then for account and address: free, base, longest, forget
const prelude = `
local now = tonumber(ARGV[1])
local function rule(i)
  local at = 2 + (i - 1) * 4
  return { free = tonumber(ARGV[at]), base = tonumber(ARGV[at + 1]), max = tonumber(ARGV[at + 2]), forget = tonumber(ARGV[at + 3]) }
end
local function read(i)
  local fields = redis.call('HMGET', KEYS[i], 'n', 't')
  local last = tonumber(fields[2]) or 0
  if last + rule(i).forget <= now then return { n = 0, t = 0 } end
  return { n = tonumber(fields[1]) or 0, t = last }
end
local function write(i, n)
  redis.call('HSET', KEYS[i], 'n', n, 't', now)
  redis.call('PEXPIRE', KEYS[i], rule(i).forget)
end
local function wait(i)
  local r, failures = rule(i), read(i)
  local beyond = failures.n - r.free
  if beyond <= 0 then return 0 end
  return math.max(0, failures.t + math.min(r.max, r.base * 2 ^ math.min(beyond - 1, 40)) - now)
end
`;

const BEGIN = defineScript(`${prelude}
local ms = math.max(wait(1), wait(2))
if ms == 0 then write(1, read(1).n + 1) end
return ms
`);

const FAIL = defineScript(`${prelude}
write(2, read(2).n + 1)
return math.max(wait(1), wait(2))
`);

const ABANDON = defineScript(`${prelude}
local left = read(1).n - 1
if left <= 0 then return redis.call('DEL', KEYS[1]) end
return redis.call('HSET', KEYS[1], 'n', left)
`);

/** {@link AttemptStore} in Redis. */
export class RedisAttemptStore implements AttemptStore {
  readonly #now: () => number;
  readonly #redis: RedisCommands;
  readonly #rules: readonly number[];

  constructor(
    deps: { readonly now: () => number; readonly redis: RedisCommands },
    limits: AttemptLimits = defaultAttemptLimits,
  ) {
    this.#now = deps.now;
    this.#redis = deps.redis;
    this.#rules = [limits.account, limits.address].flatMap((rule) => [
      rule.freeFailures,
      rule.baseDelayMs,
      rule.maxDelayMs,
      rule.forgetAfterMs,
    ]);
  }

  async begin(keys: AttemptKeys): Promise<AttemptVerdict> {
    const retryAfterMs = Number(await this.#redis.run(BEGIN, this.#keys(keys), this.#args()));
    return retryAfterMs > 0 ? { kind: "refused", retryAfterMs } : { kind: "allowed" };
  }

  async fail(keys: AttemptKeys): Promise<{ readonly retryAfterMs: number }> {
    return { retryAfterMs: Number(await this.#redis.run(FAIL, this.#keys(keys), this.#args())) };
  }

  async succeed({ account }: AttemptKeys): Promise<void> {
    await this.#redis.command("DEL", this.#key("account", account));
  }

  async abandon(keys: AttemptKeys): Promise<void> {
    await this.#redis.run(ABANDON, this.#keys(keys), this.#args());
  }

  #args(): readonly number[] {
    return [this.#now(), ...this.#rules];
  }

  #keys({ account, address }: AttemptKeys): readonly string[] {
    return [this.#key("account", account), this.#key("address", address)];
  }

  #key(kind: "account" | "address", value: string): string {
    // Hashed: names come from clients, so their length is not to be trusted.
    const digest = createHash("sha256").update(value).digest("base64url");
    return `{${this.#redis.keyPrefix}attempts}:${kind}:${digest}`;
  }
}
