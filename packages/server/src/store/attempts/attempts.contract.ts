/**
 * What every AttemptStore must do.
 */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import {
  defaultAttemptLimits,
  MAX_KNOWN_ADDRESSES,
  type AttemptKeys,
  type AttemptStore,
  type AttemptVerdict,
} from "./attempts.ts";

/** A store under test; disposing of it cleans up. */
export interface AttemptFixture extends AsyncDisposable {
  readonly attempts: AttemptStore;
}

const { account: accountRule, address: addressRule } = defaultAttemptLimits;

function newKeys(changes: Partial<AttemptKeys> = {}): AttemptKeys {
  return { account: randomUUID(), address: randomUUID(), ...changes };
}

/** Runs the suite against the stores that a factory makes, with the default limits. */
export function describeAttemptStore(
  name: string,
  open: (now: () => number) => Promise<AttemptFixture>,
): void {
  describe(`${name} as an attempt store`, () => {
    const clock = new FakeClock();

    it("lets an account fail a few times for free, then makes each try wait twice as long, up to a limit", async () => {
      await using fixture = await open(clock.now);
      const keys = newKeys();
      const waits: number[] = [];
      const verdictsTooSoon: AttemptVerdict[] = [];
      for (let n = 0; n < accountRule.freeFailures + 9; n++) {
        const address = randomUUID();
        expect(await fixture.attempts.begin({ ...keys, address })).toMatchObject({ kind: "allowed" });
        const { retryAfterMs } = await fixture.attempts.fail({ ...keys, address });
        waits.push(retryAfterMs);
        if (retryAfterMs === 0) continue;
        clock.advance(retryAfterMs - 1);
        verdictsTooSoon.push(await fixture.attempts.begin(newKeys({ account: keys.account })));
        clock.advance(1);
      }
      expect(verdictsTooSoon).toEqual(waits.slice(5).map(() => ({ kind: "refused", retryAfterMs: 1 })));
      expect(waits).toEqual([
        0, 0, 0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
      ]);
    });

    it("counts an attempt from its beginning, so that a thousand at once are no way around the delay", async () => {
      await using fixture = await open(clock.now);
      const { account } = newKeys();
      const verdicts = await Promise.all(
        Array.from({ length: 1_000 }, () => fixture.attempts.begin(newKeys({ account }))),
      );
      expect(verdicts.filter(({ kind }) => kind === "allowed")).toHaveLength(accountRule.freeFailures + 1);
    });

    it("makes an address wait that tries many accounts, and no other address", async () => {
      await using fixture = await open(clock.now);
      const { address } = newKeys();
      for (let n = 0; n <= addressRule.freeFailures; n++) {
        const keys = newKeys({ address });
        expect(await fixture.attempts.begin(keys)).toMatchObject({ kind: "allowed" });
        await fixture.attempts.fail(keys);
      }
      expect(await fixture.attempts.begin(newKeys({ address }))).toEqual({
        kind: "refused",
        retryAfterMs: 1_000,
      });
      expect(await fixture.attempts.begin(newKeys())).toMatchObject({ kind: "allowed" });
      clock.advance(1_000);
      expect(await fixture.attempts.begin(newKeys({ address }))).toMatchObject({ kind: "allowed" });
    });

    it("lets many honest players of one address log in at the same moment", async () => {
      await using fixture = await open(clock.now);
      const { address } = newKeys();
      const all = Array.from({ length: 100 }, () => newKeys({ address }));
      const verdicts = await Promise.all(all.map((keys) => fixture.attempts.begin(keys)));
      expect(verdicts.every(({ kind }) => kind === "allowed")).toBe(true);
      await Promise.all(all.map((keys) => fixture.attempts.succeed(keys)));
      expect(await fixture.attempts.begin(newKeys({ address }))).toMatchObject({ kind: "allowed" });
    });

    it("forgets an account's failures when the password was right, and the address' not", async () => {
      await using fixture = await open(clock.now);
      const keys = newKeys();
      for (let n = 0; n < accountRule.freeFailures; n++) {
        await fixture.attempts.begin(keys);
        await fixture.attempts.fail(keys);
      }
      await fixture.attempts.begin(keys);
      await fixture.attempts.succeed(keys);
      expect(await fixture.attempts.begin(keys)).toMatchObject({ kind: "allowed" });
      expect(await fixture.attempts.fail(keys)).toEqual({ retryAfterMs: 0 });
      for (let n = accountRule.freeFailures + 1; n < addressRule.freeFailures; n++) {
        await fixture.attempts.fail(newKeys({ address: keys.address }));
      }
      expect((await fixture.attempts.fail(newKeys({ address: keys.address }))).retryAfterMs).toBe(1_000);
    });

    it("lets the owner in at a known address, however many strangers guess; those go on waiting", async () => {
      await using fixture = await open(clock.now);
      const home = newKeys();
      await fixture.attempts.begin(home);
      await fixture.attempts.succeed(home);
      const guess = () => fixture.attempts.begin(newKeys({ account: home.account }));
      for (let n = 0; n <= accountRule.freeFailures; n++) expect((await guess()).kind).toBe("allowed");
      expect(await guess()).toEqual({ kind: "refused", retryAfterMs: 1_000 });
      for (let n = 0; n < 20; n++) {
        expect(await fixture.attempts.begin(home)).toMatchObject({ kind: "allowed" });
        await fixture.attempts.succeed(home);
      }
      expect(await guess()).toEqual({ kind: "refused", retryAfterMs: 1_000 });
    });

    it("makes a known address wait by the same rule, for its own failures only", async () => {
      await using fixture = await open(clock.now);
      const home = newKeys();
      await fixture.attempts.begin(home);
      await fixture.attempts.succeed(home);
      for (let n = 0; n <= accountRule.freeFailures; n++) {
        expect(await fixture.attempts.begin(home)).toMatchObject({ kind: "allowed" });
        await fixture.attempts.fail(home);
      }
      expect(await fixture.attempts.begin(home)).toEqual({ kind: "refused", retryAfterMs: 1_000 });
      expect(await fixture.attempts.begin(newKeys({ account: home.account }))).toMatchObject({
        kind: "allowed",
      });
      expect(await fixture.attempts.begin(newKeys({ address: home.address }))).toMatchObject({
        kind: "allowed",
      });
      clock.advance(1_000);
      expect(await fixture.attempts.begin(home)).toMatchObject({ kind: "allowed" });
      await fixture.attempts.abandon(home);
      expect(await fixture.attempts.begin(home)).toEqual({ kind: "refused", retryAfterMs: 1_000 });
    });

    it("knows the latest few addresses of an account", async () => {
      await using fixture = await open(clock.now);
      const { account } = newKeys();
      const addresses = Array.from({ length: MAX_KNOWN_ADDRESSES + 1 }, () => randomUUID());
      for (const address of addresses) {
        await fixture.attempts.begin({ account, address });
        await fixture.attempts.succeed({ account, address });
      }
      for (let n = 0; n <= accountRule.freeFailures; n++) await fixture.attempts.begin(newKeys({ account }));
      const verdicts = await Promise.all(
        addresses.map((address) => fixture.attempts.begin({ account, address })),
      );
      const known = Array.from({ length: MAX_KNOWN_ADDRESSES }, () => "allowed");
      expect(verdicts.map(({ kind }) => kind)).toEqual(["refused", ...known]);
    });

    it("lets one try at a time in from an address whose free failures are used up; a login makes nobody wait", async () => {
      await using fixture = await open(clock.now);
      const { address } = newKeys();
      const begin = async () => {
        const keys = newKeys({ address });
        const verdict = await fixture.attempts.begin(keys);
        return { ...keys, ...verdict };
      };
      for (let n = 0; n <= addressRule.freeFailures; n++) await fixture.attempts.fail(newKeys({ address }));
      clock.advance(1_000);
      const first = await begin();
      expect(first).toMatchObject({ kind: "allowed", addressCounted: true });
      expect(await begin()).toMatchObject({ kind: "refused", retryAfterMs: 2_000 });
      await fixture.attempts.succeed(first);
      const second = await begin();
      expect(second).toMatchObject({ kind: "allowed" });
      await fixture.attempts.abandon(second);
      const third = await begin();
      expect(await fixture.attempts.fail(third)).toEqual({ retryAfterMs: 2_000 });
    });

    it("takes all addresses of one IPv6 network for one", async () => {
      await using fixture = await open(clock.now);
      const network = `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}`;
      for (let n = 0; n <= addressRule.freeFailures; n++) {
        await fixture.attempts.fail(newKeys({ address: `${network}::${n}` }));
      }
      expect(await fixture.attempts.begin(newKeys({ address: `${network}:f:f:f:f` }))).toEqual({
        kind: "refused",
        retryAfterMs: 1_000,
      });
    });

    it("takes back an attempt that came to nothing", async () => {
      await using fixture = await open(clock.now);
      const keys = newKeys();
      for (let n = 0; n < 100; n++) {
        expect(await fixture.attempts.begin(keys)).toMatchObject({ kind: "allowed" });
        await fixture.attempts.abandon(keys);
      }
    });

    it("does not lengthen the wait by attempts that were refused, and forgets when all is quiet", async () => {
      await using fixture = await open(clock.now);
      const keys = newKeys();
      for (let n = 0; n <= accountRule.freeFailures; n++)
        await fixture.attempts.begin(newKeys({ account: keys.account }));
      for (let n = 0; n < 10; n++) {
        expect(await fixture.attempts.begin(newKeys({ account: keys.account }))).toEqual({
          kind: "refused",
          retryAfterMs: 1_000,
        });
      }
      clock.advance(accountRule.forgetAfterMs);
      for (let n = 0; n <= accountRule.freeFailures; n++) {
        expect(await fixture.attempts.begin(newKeys({ account: keys.account }))).toMatchObject({
          kind: "allowed",
        });
      }
    });
  });
}
