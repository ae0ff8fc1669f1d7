/**
 * Login attempts in Redis, shared by all servers. All counters share one slot of a cluster, so that account and
 * address are looked at in one atomic step; passwords cost a thousand times more than these scripts.
 */
import { createHash } from "node:crypto";
import { addressKey } from "../address-key.ts";
import { defineScript, type RedisCommands, type RedisReply, type RedisScript } from "../redis/redis-link.ts";
import {
  defaultAttemptLimits,
  KNOWN_ADDRESS_MS,
  MAX_KNOWN_ADDRESSES,
  type AttemptKeys,
  type AttemptLimits,
  type AttemptStore,
  type AttemptVerdict,
  type BegunAttempt,
} from "./attempts.ts";

// KEYS: 1 the account's strangers, 2 the address, 3 the address as one known to the account: failures, with the fields n
// how many, t the last. 4 the account's known addresses: their digests, the latest first.
// ARGV: 1 now, 2 the address' digest, 3 for how long and 4 how many are known, 5 whether the attempt counts for the
// address already, then for account and address: free, base, longest, forget
const prelude = `
local now = tonumber(ARGV[1])
local known = redis.call('GET', KEYS[4]) or ''
local counted = string.find(known, ARGV[2], 1, true) and 3 or 1
local function rule(i)
  local at = 6 + (i == 2 and 4 or 0)
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
local function delay(i, n)
  local r = rule(i)
  if n <= r.free then return 0 end
  return math.min(r.max, r.base * 2 ^ math.min(n - r.free - 1, 40))
end
local function wait(i)
  local failures = read(i)
  return math.max(0, failures.t + delay(i, failures.n) - now)
end
local function undo()
  if ARGV[5] == '0' then return end
  local n = read(2).n - 1
  if n >= 0 then redis.call('HSET', KEYS[2], 'n', n, 't', now - delay(2, n)) end
end
`;

const BEGIN = defineScript(`${prelude}
local ms = math.max(wait(counted), wait(2))
if ms > 0 then return { ms, 0 } end
write(counted, read(counted).n + 1)
local failures = read(2).n
if failures <= rule(2).free then return { 0, 0 } end
write(2, failures + 1)
return { 0, 1 }
`);

const FAIL = defineScript(`${prelude}
if ARGV[5] == '0' then write(2, read(2).n + 1) end
return math.max(wait(counted), wait(2))
`);

const SUCCEED = defineScript(`${prelude}
redis.call('DEL', KEYS[counted])
undo()
local latest, n = { ARGV[2] }, 1
for address in string.gmatch(known, '%S+') do
  if address ~= ARGV[2] and n < tonumber(ARGV[4]) then n = n + 1; latest[n] = address end
end
return redis.call('SET', KEYS[4], table.concat(latest, ' '), 'PX', ARGV[3])
`);

const ABANDON = defineScript(`${prelude}
undo()
local left = read(counted).n - 1
if left <= 0 then return redis.call('DEL', KEYS[counted]) end
return redis.call('HSET', KEYS[counted], 'n', left)
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
    const reply = await this.#run(BEGIN, keys);
    const [retryAfterMs = 0, addressCounted] = Array.isArray(reply) ? reply.map(Number) : [];
    if (retryAfterMs > 0) return { kind: "refused", retryAfterMs };
    return { kind: "allowed", addressCounted: addressCounted === 1 };
  }

  async fail(attempt: BegunAttempt): Promise<{ readonly retryAfterMs: number }> {
    return { retryAfterMs: Number(await this.#run(FAIL, attempt)) };
  }

  async succeed(attempt: BegunAttempt): Promise<void> {
    await this.#run(SUCCEED, attempt);
  }

  async abandon(attempt: BegunAttempt): Promise<void> {
    await this.#run(ABANDON, attempt);
  }

  #run(script: RedisScript, keys: BegunAttempt): Promise<RedisReply> {
    // Hashed: names come from clients, so their length is not to be trusted.
    const account = digest(keys.account);
    const address = digest(addressKey(keys.address));
    const prefix = `{${this.#redis.keyPrefix}attempts}`;
    return this.#redis.run(
      script,
      [
        `${prefix}:account:${account}`,
        `${prefix}:address:${address}`,
        `${prefix}:pair:${account}:${address}`,
        `${prefix}:known:${account}`,
      ],
      [
        this.#now(),
        address,
        KNOWN_ADDRESS_MS,
        MAX_KNOWN_ADDRESSES,
        keys.addressCounted === true ? 1 : 0,
        ...this.#rules,
      ],
    );
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
