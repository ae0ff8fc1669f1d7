/**
 * Verification codes in Redis, shared by all servers.
 *
 * All counters of sendings share one slot of a cluster, so that number and address are counted in one atomic step;
 * sendings are few. Each code has a key of its own.
 */
import { createHash } from "node:crypto";
import { addressKey } from "../address-key.ts";
import { defineScript, type RedisCommands } from "../redis/redis-link.ts";
import {
  DAY_MS,
  defaultCodeLimits,
  hashCode,
  type CodeGuess,
  type CodeLimits,
  type CodeStore,
  type CodeVerdict,
  type SendingVerdict,
} from "./codes.ts";

// KEYS: number, address. Fields: n count, t last, s start of the day. ARGV: now, interval, per number, per address, day
const RESERVE = defineScript(`
local now, interval, day = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[5])
local function read(key)
  local fields = redis.call('HMGET', key, 'n', 't', 's')
  local start = tonumber(fields[3]) or now
  if start + day <= now then return { n = 0, t = tonumber(fields[2]), s = now } end
  return { n = tonumber(fields[1]) or 0, t = tonumber(fields[2]), s = start }
end
local number, address = read(KEYS[1]), read(KEYS[2])
if number.n >= tonumber(ARGV[3]) then return { 'numberPerDay', number.s + day - now } end
if number.t and number.t + interval > now then return { 'interval', number.t + interval - now } end
if address.n >= tonumber(ARGV[4]) then return { 'addressPerDay', address.s + day - now } end
local function count(key, sendings)
  redis.call('HSET', key, 'n', sendings.n + 1, 't', now, 's', sendings.s)
  redis.call('PEXPIRE', key, math.max(sendings.s + day - now, interval))
end
count(KEYS[1], number)
count(KEYS[2], address)
return { 'reserved' }
`);

// ARGV: now, hash, end, life
const PUT = defineScript(`
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'h', ARGV[2], 'w', 0, 'e', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`);

// ARGV: now, hash, most wrong tries, 1 to use it up
const LOOK = defineScript(`
local fields = redis.call('HMGET', KEYS[1], 'h', 'e')
if not fields[1] or tonumber(fields[2]) <= tonumber(ARGV[1]) then return 'none' end
if fields[1] == ARGV[2] then
  if ARGV[4] == '1' then redis.call('DEL', KEYS[1]) end
  return 'match'
end
if redis.call('HINCRBY', KEYS[1], 'w', 1) >= tonumber(ARGV[3]) then redis.call('DEL', KEYS[1]) end
return 'wrong'
`);

/** {@link CodeStore} in Redis. */
export class RedisCodeStore implements CodeStore {
  readonly #now: () => number;
  readonly #redis: RedisCommands;
  readonly #limits: CodeLimits;

  constructor(
    deps: { readonly now: () => number; readonly redis: RedisCommands },
    limits: CodeLimits = defaultCodeLimits,
  ) {
    this.#now = deps.now;
    this.#redis = deps.redis;
    this.#limits = limits;
  }

  async reserveSending(number: string, address: string): Promise<SendingVerdict> {
    const { intervalMs, maxPerNumberPerDay, maxPerAddressPerDay } = this.#limits;
    const reply = await this.#redis.run(
      RESERVE,
      [this.#sendingKey("number", number), this.#sendingKey("address", addressKey(address))],
      [this.#now(), intervalMs, maxPerNumberPerDay, maxPerAddressPerDay, DAY_MS],
    );
    const [limit, retryAfterMs] = Array.isArray(reply) ? reply : [];
    if (limit === "numberPerDay" || limit === "interval" || limit === "addressPerDay") {
      return { kind: "refused", limit, retryAfterMs: Number(retryAfterMs) };
    }
    return { kind: "reserved" };
  }

  async put(code: CodeGuess): Promise<void> {
    const now = this.#now();
    const { ttlMs } = this.#limits;
    await this.#redis.run(PUT, [this.#codeKey(code)], [now, hashCode(code), now + ttlMs, ttlMs]);
  }

  check(guess: CodeGuess): Promise<CodeVerdict> {
    return this.#look(guess, 0);
  }

  consume(guess: CodeGuess): Promise<CodeVerdict> {
    return this.#look(guess, 1);
  }

  async #look(guess: CodeGuess, useUp: 0 | 1): Promise<CodeVerdict> {
    const reply = await this.#redis.run(
      LOOK,
      [this.#codeKey(guess)],
      [this.#now(), hashCode(guess), this.#limits.maxWrongTries, useUp],
    );
    return reply === "match" || reply === "wrong" ? reply : "none";
  }

  #codeKey({ number, purpose }: CodeGuess): string {
    return `${this.#redis.keyPrefix}code:${purpose}:${digest(number)}`;
  }

  #sendingKey(kind: "number" | "address", value: string): string {
    return `{${this.#redis.keyPrefix}sendings}:${kind}:${digest(value)}`;
  }
}

/** Keys of one length, whatever a client sent, and no phone number in Redis. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
