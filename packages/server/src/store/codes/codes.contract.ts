/**
 * What every CodeStore must do.
 */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { DAY_MS, defaultCodeLimits, type CodeGuess, type CodeStore } from "./codes.ts";

/** A store under test; disposing of it cleans up. */
export interface CodeFixture extends AsyncDisposable {
  readonly codes: CodeStore;
}

const { ttlMs, maxWrongTries, intervalMs, maxPerNumberPerDay, maxPerAddressPerDay } = defaultCodeLimits;

function newCode(changes: Partial<CodeGuess> = {}): CodeGuess {
  return { number: randomUUID(), purpose: "register", code: "123456", ...changes };
}

/** Runs the suite against the stores that a factory makes, with the default limits. */
export function describeCodeStore(name: string, open: (now: () => number) => Promise<CodeFixture>): void {
  describe(`${name} as a code store`, () => {
    const clock = new FakeClock();

    it("matches a code until it is used, and uses it once [user-5]", async () => {
      await using fixture = await open(clock.now);
      const code = newCode();
      expect(await fixture.codes.consume(code)).toBe("none");
      await fixture.codes.put(code);
      expect(await fixture.codes.check(code)).toBe("match");
      expect(await fixture.codes.check(code)).toBe("match");
      expect(await fixture.codes.consume(code)).toBe("match");
      expect(await fixture.codes.consume(code)).toBe("none");
    });

    it("gives the match to one of many who use a code at once", async () => {
      await using fixture = await open(clock.now);
      const code = newCode();
      await fixture.codes.put(code);
      const verdicts = await Promise.all(Array.from({ length: 10 }, () => fixture.codes.consume(code)));
      expect(verdicts.filter((verdict) => verdict === "match")).toHaveLength(1);
    });

    it("binds a code to its number and purpose", async () => {
      await using fixture = await open(clock.now);
      const code = newCode();
      await fixture.codes.put(code);
      expect(await fixture.codes.check({ ...code, purpose: "password" })).toBe("none");
      expect(await fixture.codes.check({ ...code, number: randomUUID() })).toBe("none");
      expect(await fixture.codes.check(code)).toBe("match");
    });

    it("lets a code end after 15 minutes [user-5]", async () => {
      await using fixture = await open(clock.now);
      const code = newCode();
      await fixture.codes.put(code);
      clock.advance(ttlMs - 1);
      expect(await fixture.codes.check(code)).toBe("match");
      clock.advance(1);
      expect(await fixture.codes.check(code)).toBe("none");
    });

    it("drops a code after five wrong tries, whichever way they are made", async () => {
      await using fixture = await open(clock.now);
      const code = newCode();
      await fixture.codes.put(code);
      for (let n = 0; n < maxWrongTries; n++) {
        const wrong = { ...code, code: `00000${n}` };
        expect(await (n % 2 === 0 ? fixture.codes.check(wrong) : fixture.codes.consume(wrong))).toBe("wrong");
      }
      expect(await fixture.codes.check(code)).toBe("none");
    });

    it("gives no more than five tries to a thousand guesses at once", async () => {
      await using fixture = await open(clock.now);
      const code = newCode();
      await fixture.codes.put(code);
      const guesses = Array.from({ length: 1_000 }, (_, n) => ({ ...code, code: String(200_000 + n) }));
      const verdicts = await Promise.all(guesses.map((guess) => fixture.codes.consume(guess)));
      expect(verdicts.filter((verdict) => verdict === "wrong")).toHaveLength(maxWrongTries);
    });

    it("replaces an earlier code, with all its tries before the new one", async () => {
      await using fixture = await open(clock.now);
      const code = newCode();
      await fixture.codes.put({ ...code, code: "111111" });
      for (let n = 1; n < maxWrongTries; n++) await fixture.codes.check({ ...code, code: "000000" });
      await fixture.codes.put(code);
      expect(await fixture.codes.check({ ...code, code: "111111" })).toBe("wrong");
      expect(await fixture.codes.consume(code)).toBe("match");
    });

    it("sends to a number once a minute [user-5]", async () => {
      await using fixture = await open(clock.now);
      const number = randomUUID();
      expect(await fixture.codes.reserveSending(number, randomUUID())).toEqual({ kind: "reserved" });
      clock.advance(intervalMs - 1_000);
      expect(await fixture.codes.reserveSending(number, randomUUID())).toEqual({
        kind: "refused",
        limit: "interval",
        retryAfterMs: 1_000,
      });
      clock.advance(1_000);
      expect(await fixture.codes.reserveSending(number, randomUUID())).toEqual({ kind: "reserved" });
    });

    it("lets one of many who ask at once send to a number", async () => {
      await using fixture = await open(clock.now);
      const number = randomUUID();
      const asked = Array.from({ length: 10 }, () => fixture.codes.reserveSending(number, randomUUID()));
      expect((await Promise.all(asked)).filter(({ kind }) => kind === "reserved")).toHaveLength(1);
    });

    it("bounds what is sent to one number in a day, from the first sending on", async () => {
      await using fixture = await open(clock.now);
      const number = randomUUID();
      for (let n = 0; n < maxPerNumberPerDay; n++) {
        expect(await fixture.codes.reserveSending(number, randomUUID())).toEqual({ kind: "reserved" });
        clock.advance(intervalMs);
      }
      const retryAfterMs = DAY_MS - maxPerNumberPerDay * intervalMs;
      expect(await fixture.codes.reserveSending(number, randomUUID())).toEqual({
        kind: "refused",
        limit: "numberPerDay",
        retryAfterMs,
      });
      clock.advance(retryAfterMs);
      expect(await fixture.codes.reserveSending(number, randomUUID())).toEqual({ kind: "reserved" });
    });

    it("bounds what one address causes in a day, and counts nothing that was refused", async () => {
      await using fixture = await open(clock.now);
      const address = randomUUID();
      for (let n = 0; n < maxPerAddressPerDay; n++) {
        expect(await fixture.codes.reserveSending(randomUUID(), address)).toEqual({ kind: "reserved" });
      }
      const number = randomUUID();
      expect(await fixture.codes.reserveSending(number, address)).toEqual({
        kind: "refused",
        limit: "addressPerDay",
        retryAfterMs: DAY_MS,
      });
      expect(await fixture.codes.reserveSending(number, randomUUID())).toEqual({ kind: "reserved" });
    });
  });
}
