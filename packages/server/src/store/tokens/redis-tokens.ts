/**
 * Tokens in Redis, shared by all servers.
 *
 * One hash a user, `…tokens:user:{userId}`, with one field a login, is the truth: every change is one script on that
 * one key. A token's own key, `…tokens:access:<hash>` or `…tokens:refresh:<hash>`, only points to user and login, and
 * means nothing when the login does not name that token. So a cluster can hold them in different slots: a pointer that
 * was written without its login, or outlived it, is an unknown token that expires.
 *
 * The time is the server's own and is passed in, so servers' clocks must agree to within seconds.
 */
import { defineScript, type RedisCommands, type RedisReply } from "../redis/redis-link.ts";
import {
  ACCESS_GRACE_MS,
  MAX_LOGINS_PER_USER,
  MAX_USED_REFRESH_TOKENS,
  type AccessGrant,
  type NewLogin,
  type Rotation,
  type TokenPair,
  type TokenStore,
} from "./tokens.ts";

// A login is a JSON text: a, ae access token and its end; p, pe the one before and the end of its grace; r, re refresh
// token and its end; u used refresh tokens, oldest first; n the order of issue.
const prelude = `
local now = tonumber(ARGV[1])
local function logins()
  local all = redis.call('HGETALL', KEYS[1])
  local alive = {}
  for i = 1, #all, 2 do
    local login = cjson.decode(all[i + 1])
    if login.re <= now then redis.call('HDEL', KEYS[1], all[i]) else
      login.id = all[i]
      alive[#alive + 1] = login
    end
  end
  table.sort(alive, function(x, y) return x.n < y.n end)
  return alive
end
local function save(id, login)
  redis.call('HSET', KEYS[1], id, cjson.encode(login))
  local ttl = redis.call('PTTL', KEYS[1])
  if ttl < login.re - now then redis.call('PEXPIRE', KEYS[1], login.re - now) end
end
`;

// ARGV: now, loginId, accessHash, accessEnd, refreshHash, refreshEnd, how many others may stay
const ISSUE = defineScript(`${prelude}
local alive = logins()
local ended = {}
for i = 1, #alive - tonumber(ARGV[7]) do
  redis.call('HDEL', KEYS[1], alive[i].id)
  ended[#ended + 1] = alive[i].id
end
local last = alive[#alive]
save(ARGV[2], { a = ARGV[3], ae = tonumber(ARGV[4]), r = ARGV[5], re = tonumber(ARGV[6]), u = '', n = last and last.n + 1 or 1 })
return ended
`);

// ARGV: now, loginId, refreshHash, next accessHash, its end, next refreshHash, its end, grace, remembered
const ROTATE = defineScript(`${prelude}
local text = redis.call('HGET', KEYS[1], ARGV[2])
if not text then return { 'unknown' } end
local login = cjson.decode(text)
if login.re <= now then
  redis.call('HDEL', KEYS[1], ARGV[2])
  return { 'unknown' }
end
if login.r ~= ARGV[3] then
  local used = ' ' .. login.u .. ' '
  if not string.find(used, ' ' .. ARGV[3] .. ' ', 1, true) then return { 'unknown' } end
  redis.call('HDEL', KEYS[1], ARGV[2])
  return { 'reused' }
end
login.p = login.a
login.pe = math.min(login.ae, now + tonumber(ARGV[8]))
login.a = ARGV[4]
login.ae = tonumber(ARGV[5])
local used = {}
for hash in string.gmatch(login.u, '%S+') do used[#used + 1] = hash end
used[#used + 1] = login.r
local forgotten = ''
if #used > tonumber(ARGV[9]) then forgotten = table.remove(used, 1) end
login.u = table.concat(used, ' ')
login.r = ARGV[6]
login.re = tonumber(ARGV[7])
save(ARGV[2], login)
return { 'rotated', forgotten }
`);

// ARGV: now, the login to keep or ''
const END_USER = defineScript(`${prelude}
local ended = {}
for _, login in ipairs(logins()) do
  if login.id ~= ARGV[2] then
    redis.call('HDEL', KEYS[1], login.id)
    ended[#ended + 1] = login.id
  end
end
return ended
`);

// ARGV: now, loginId
const END_LOGIN = defineScript(`
local text = redis.call('HGET', KEYS[1], ARGV[2])
redis.call('HDEL', KEYS[1], ARGV[2])
if text and cjson.decode(text).re > tonumber(ARGV[1]) then return 1 end
return 0
`);

// ARGV: now, loginId, accessHash
const FIND_ACCESS = defineScript(`
local text = redis.call('HGET', KEYS[1], ARGV[2])
if not text then return false end
local login = cjson.decode(text)
local ends = 0
if login.a == ARGV[3] then ends = login.ae elseif login.p == ARGV[3] then ends = login.pe end
if ends <= tonumber(ARGV[1]) then return false end
return string.format('%.0f', ends)
`);

/** {@link TokenStore} in Redis. */
export class RedisTokenStore implements TokenStore {
  readonly #now: () => number;
  readonly #redis: RedisCommands;

  constructor(deps: { readonly now: () => number; readonly redis: RedisCommands }) {
    this.#now = deps.now;
    this.#redis = deps.redis;
  }

  async issue(login: NewLogin): Promise<{ readonly endedLoginIds: readonly string[] }> {
    const { userId, loginId } = login;
    const now = this.#now();
    const remaining = login.endOthers === true ? 0 : MAX_LOGINS_PER_USER - 1;
    // Sent together: one round trip. Whichever arrives first, the tokens are given out only after all have.
    const [ended] = await Promise.all([
      this.#redis.run(
        ISSUE,
        [this.#userKey(userId)],
        [
          now,
          loginId,
          login.accessHash,
          now + login.accessTtlMs,
          login.refreshHash,
          now + login.refreshTtlMs,
          remaining,
        ],
      ),
      this.#point(login, userId, loginId),
    ]);
    return { endedLoginIds: toTexts(ended) };
  }

  async findAccess(accessHash: string): Promise<AccessGrant | undefined> {
    const pointer = parsePointer(await this.#redis.command("GET", this.#accessKey(accessHash)));
    if (pointer === undefined) return undefined;
    const { userId, loginId } = pointer;
    const ends = await this.#redis.run(
      FIND_ACCESS,
      [this.#userKey(userId)],
      [this.#now(), loginId, accessHash],
    );
    return ends === null ? undefined : { userId, loginId, expiresAtMs: Number(ends) };
  }

  async rotate(refreshHash: string, next: TokenPair): Promise<Rotation> {
    const pointer = parsePointer(await this.#redis.command("GET", this.#refreshKey(refreshHash)));
    if (pointer === undefined) return { kind: "unknown" };
    const { userId, loginId } = pointer;
    const now = this.#now();
    const [reply] = await Promise.all([
      this.#redis.run(
        ROTATE,
        [this.#userKey(userId)],
        [
          now,
          loginId,
          refreshHash,
          next.accessHash,
          now + next.accessTtlMs,
          next.refreshHash,
          now + next.refreshTtlMs,
          ACCESS_GRACE_MS,
          MAX_USED_REFRESH_TOKENS,
        ],
      ),
      this.#point(next, userId, loginId),
    ]);
    const [kind, forgotten] = toTexts(reply);
    if (kind === "reused") return { kind, userId, loginId };
    if (kind !== "rotated") return { kind: "unknown" };
    if (forgotten !== undefined && forgotten !== "")
      await this.#redis.command("DEL", this.#refreshKey(forgotten));
    return { kind, userId, loginId };
  }

  async endLogin(userId: string, loginId: string): Promise<boolean> {
    return (await this.#redis.run(END_LOGIN, [this.#userKey(userId)], [this.#now(), loginId])) === 1;
  }

  async endUser(userId: string, exceptLoginId?: string): Promise<readonly string[]> {
    return toTexts(
      await this.#redis.run(END_USER, [this.#userKey(userId)], [this.#now(), exceptLoginId ?? ""]),
    );
  }

  async #point(pair: TokenPair, userId: string, loginId: string): Promise<void> {
    const pointer = `${userId} ${loginId}`;
    await Promise.all([
      this.#redis.command("SET", this.#accessKey(pair.accessHash), pointer, "PX", pair.accessTtlMs),
      this.#redis.command("SET", this.#refreshKey(pair.refreshHash), pointer, "PX", pair.refreshTtlMs),
    ]);
  }

  #userKey(userId: string): string {
    return `${this.#redis.keyPrefix}tokens:user:{${userId}}`;
  }

  #accessKey(hash: string): string {
    return `${this.#redis.keyPrefix}tokens:access:${hash}`;
  }

  #refreshKey(hash: string): string {
    return `${this.#redis.keyPrefix}tokens:refresh:${hash}`;
  }
}

function parsePointer(reply: RedisReply): { readonly userId: string; readonly loginId: string } | undefined {
  if (typeof reply !== "string") return undefined;
  const [userId = "", loginId = ""] = reply.split(" ");
  return { userId, loginId };
}

function toTexts(reply: RedisReply): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}
