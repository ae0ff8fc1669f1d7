/**
 * Kept pushes in Redis, shared by all servers: one list a user, oldest first, each entry with its own end.
 */
import { defineScript, type RedisCommands } from "../redis/redis-link.ts";
import {
  contentTooLarge,
  defaultOutboxLimits,
  type KeptPush,
  type OutboxLimits,
  type OutboxStore,
} from "./outbox.ts";

// An entry is "end bytes module type encoding base64". ARGV: now, end, bytes, entry, most, most bytes
const KEEP = defineScript(`
local now, last = tonumber(ARGV[1]), tonumber(ARGV[2])
local entries, bytes, alive = redis.call('LRANGE', KEYS[1], 0, -1), tonumber(ARGV[3]), {}
for _, entry in ipairs(entries) do
  local ends, size = string.match(entry, '^(%d+) (%d+)')
  if tonumber(ends) > now then
    alive[#alive + 1] = { entry = entry, size = tonumber(size) }
    bytes = bytes + tonumber(size)
    last = math.max(last, tonumber(ends))
  end
end
local dropped = 0
while #alive > 0 and (#alive >= tonumber(ARGV[5]) or bytes > tonumber(ARGV[6])) do
  bytes = bytes - table.remove(alive, 1).size
  dropped = dropped + 1
end
if #alive < #entries then
  redis.call('DEL', KEYS[1])
  for _, kept in ipairs(alive) do redis.call('RPUSH', KEYS[1], kept.entry) end
end
redis.call('RPUSH', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.max(1, last - now))
return dropped
`);

const TAKE = defineScript(`
local entries = redis.call('LRANGE', KEYS[1], 0, -1)
redis.call('DEL', KEYS[1])
return entries
`);

/** {@link OutboxStore} in Redis. */
export class RedisOutboxStore implements OutboxStore {
  readonly #now: () => number;
  readonly #redis: RedisCommands;
  readonly #limits: OutboxLimits;

  constructor(
    deps: { readonly now: () => number; readonly redis: RedisCommands },
    limits: OutboxLimits = defaultOutboxLimits,
  ) {
    this.#now = deps.now;
    this.#redis = deps.redis;
    this.#limits = limits;
  }

  async keep(userId: string, kept: KeptPush, ttlMs: number): Promise<{ readonly dropped: number }> {
    const { maxPerUser, maxBytesPerUser, maxTtlMs } = this.#limits;
    const { module, type, content } = kept.push;
    if (content.length > maxBytesPerUser) throw contentTooLarge(content.length, maxBytesPerUser);
    const now = this.#now();
    const endsAtMs = now + Math.min(ttlMs, maxTtlMs);
    const base64 = Buffer.from(content.buffer, content.byteOffset, content.length).toString("base64");
    const entry = [endsAtMs, content.length, module, type, kept.encoding, base64].join(" ");
    const dropped = await this.#redis.run(
      KEEP,
      [this.#key(userId)],
      [now, endsAtMs, content.length, entry, maxPerUser, maxBytesPerUser],
    );
    return { dropped: Number(dropped) };
  }

  async take(userId: string): Promise<readonly KeptPush[]> {
    const entries = await this.#redis.run(TAKE, [this.#key(userId)], []);
    const now = this.#now();
    return Array.isArray(entries) ? entries.flatMap((entry) => parseEntry(String(entry), now)) : [];
  }

  #key(userId: string): string {
    return `${this.#redis.keyPrefix}outbox:{${userId}}`;
  }
}

function parseEntry(entry: string, now: number): readonly KeptPush[] {
  const [endsAtMs, , module, type, encoding, base64 = ""] = entry.split(" ");
  if (Number(endsAtMs) <= now) return [];
  return [
    {
      push: {
        module: Number(module),
        type: Number(type),
        content: new Uint8Array(Buffer.from(base64, "base64")),
      },
      encoding: encoding === "protobuf" ? "protobuf" : "json",
    },
  ];
}
