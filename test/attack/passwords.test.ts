/**
 * Guessing passwords on a large scale, against the defaults of the setting `lockout` where a test does not say otherwise.
 */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { startServer } from "../support/server.ts";
import { Callers, inLanes, type Caller } from "./attacker.ts";

const OWNER = { username: "the-owner", password: "correct horse battery" };
const WRONG = 1;
const TOO_MANY_REQUESTS = 0xed;

/** Fewest milliseconds in which `failures` wrong passwords can be tried. */
function fastestMs(
  failures: number,
  rule: { freeFailures: number; baseDelayMs: number; maxDelayMs: number },
): number {
  let ms = 0;
  for (let beyond = 1; beyond < failures - rule.freeFailures; beyond += 1) {
    ms += Math.min(rule.maxDelayMs, rule.baseDelayMs * 2 ** (beyond - 1));
  }
  return ms;
}

/** Guesses; returns how many were really compared with the password, and how many were turned away. */
async function guess(
  count: number,
  lanes: number,
  from: (n: number) => Caller,
  username: (n: number) => string,
): Promise<{ compared: number; refused: number; tookMs: number }> {
  const states = new Map<number, number>();
  const beganAt = performance.now();
  await inLanes(count, lanes, async (n) => {
    const { state } = await from(n).user("Login", { username: username(n), password: `guess ${n}` });
    states.set(state, (states.get(state) ?? 0) + 1);
  });
  const [compared = 0, refused = 0] = [states.get(WRONG), states.get(TOO_MANY_REQUESTS)];
  expect(compared + refused).toBe(count);
  return { compared, refused, tookMs: performance.now() - beganAt };
}

describe("guessing passwords", () => {
  test("10,000 times on one account from 200 addresses gets a dozen tries, and its owner is let in at once", async () => {
    await using server = await startServer();
    await using callers = new Callers(server.ports.http);
    const home = callers.at("127.0.0.1");
    expect((await home.user("Register", OWNER)).state).toBe(0);

    const attack = guess(
      10_000,
      50,
      (n) => callers.stranger(n % 200),
      () => OWNER.username,
    );
    const over = new AbortController();
    void attack.finally(() => over.abort());
    let logins = 0;
    do {
      expect((await home.user("Login", OWNER)).state).toBe(0);
      logins += 1;
    } while (!over.signal.aborted);
    const { compared, tookMs } = await attack;

    expect(logins).toBeGreaterThan(5);
    const { account } = server.config.lockout;
    expect(compared).toBeGreaterThan(account.freeFailures);
    expect(fastestMs(compared, account)).toBeLessThanOrEqual(tookMs);
  });

  test("makes the owner wait at a new address as long as the answer says, and no longer", async () => {
    await using server = await startServer({ settings: { lockout: { account: { maxDelayMs: 1_000 } } } });
    await using callers = new Callers(server.ports.http);
    await callers.at("127.0.0.1").user("Register", OWNER);
    await guess(
      100,
      10,
      (n) => callers.stranger(n),
      () => OWNER.username,
    );

    const elsewhere = callers.at("127.0.0.2");
    const refused = await elsewhere.user("Login", OWNER);
    expect(refused).toMatchObject({
      status: 429,
      state: TOO_MANY_REQUESTS,
      retryAfterMs: 1_000,
      data: { retryAfterMs: expect.any(Number) },
    });
    await delay(refused.retryAfterMs ?? 0);
    expect((await elsewhere.user("Login", OWNER)).state).toBe(0);
    // Known from now on: strangers who go on guessing are not in the way any more.
    await guess(
      20,
      10,
      (n) => callers.stranger(n),
      () => OWNER.username,
    );
    expect((await elsewhere.user("Login", OWNER)).state).toBe(0);
  });

  test("on 2,000 accounts from one address is stopped there, and other addresses do not notice", async () => {
    await using server = await startServer();
    await using callers = new Callers(server.ports.http);
    await callers.at("127.0.0.1").user("Register", OWNER);
    const LANES = 20;
    const victim = (n: number): string => (n === 1_000 ? OWNER.username : `victim-${n}`);
    const { compared, tookMs } = await guess(2_000, LANES, () => callers.stranger(1), victim);
    const { address } = server.config.lockout;
    expect(compared).toBeGreaterThan(address.freeFailures);
    // What is under way when the free ones are used up was begun before anybody knew.
    expect(fastestMs(compared - LANES, address)).toBeLessThanOrEqual(tookMs);
    expect((await callers.at("127.0.0.2").user("Login", OWNER)).state).toBe(0);
  });

  test("by ChangePasswordByPassword on a connection left open is as slow as by Login", async () => {
    await using server = await startServer();
    await using callers = new Callers(server.ports.http);
    const home = callers.at("127.0.0.1");
    const { data } = await home.user("Register", OWNER);
    const { token } = (data as { tokenInfo: { token: string } }).tokenInfo;
    const states: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      const change = { oldPassword: `guess ${n}`, newPassword: "another password" };
      states.push((await callers.stranger(n).user("ChangePasswordByPassword", change, token)).state);
    }
    const compared = states.filter((state) => state === 1).length;
    expect(compared).toBeLessThanOrEqual(server.config.lockout.account.freeFailures + 3);
    expect(states.filter((state) => state === TOO_MANY_REQUESTS)).toHaveLength(20 - compared);
  });
});
