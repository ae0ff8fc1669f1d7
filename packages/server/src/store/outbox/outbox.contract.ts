/**
 * What every OutboxStore must do.
 */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { defaultOutboxLimits, type KeptPush, type OutboxStore } from "./outbox.ts";

/** A store under test; disposing of it cleans up. */
export interface OutboxFixture extends AsyncDisposable {
  readonly outbox: OutboxStore;
}

const MINUTE = 60_000;
const { maxPerUser, maxBytesPerUser, maxTtlMs } = defaultOutboxLimits;

function newPush(text: string, encoding: KeptPush["encoding"] = "json"): KeptPush {
  return { push: { module: 11, type: 3, content: new TextEncoder().encode(text) }, encoding };
}

function texts(pushes: readonly KeptPush[]): string[] {
  return pushes.map(({ push }) => new TextDecoder().decode(push.content));
}

/** Runs the suite against the stores that a factory makes, with the default limits. */
export function describeOutboxStore(name: string, open: (now: () => number) => Promise<OutboxFixture>): void {
  describe(`${name} as an outbox`, () => {
    const clock = new FakeClock();

    it("gives out what was kept, once, in order, byte for byte", async () => {
      await using fixture = await open(clock.now);
      const userId = randomUUID();
      const bytes: KeptPush = {
        push: { module: 255, type: 0, content: Uint8Array.from({ length: 256 }, (_, n) => n) },
        encoding: "protobuf",
      };
      const kept = [newPush("one"), bytes, newPush("")];
      for (const push of kept)
        expect(await fixture.outbox.keep(userId, push, MINUTE)).toEqual({ dropped: 0 });
      expect(await fixture.outbox.take(userId)).toEqual(kept);
      expect(await fixture.outbox.take(userId)).toEqual([]);
    });

    it("keeps users apart, and gives each push to one of many who take at once", async () => {
      await using fixture = await open(clock.now);
      const [one, two] = [randomUUID(), randomUUID()];
      await fixture.outbox.keep(one, newPush("for one"), MINUTE);
      await fixture.outbox.keep(two, newPush("for two"), MINUTE);
      const taken = await Promise.all(Array.from({ length: 5 }, () => fixture.outbox.take(one)));
      expect(texts(taken.flat())).toEqual(["for one"]);
      expect(texts(await fixture.outbox.take(two))).toEqual(["for two"]);
    });

    it("drops each push at its own end, and none lives longer than the longest time", async () => {
      await using fixture = await open(clock.now);
      const userId = randomUUID();
      await fixture.outbox.keep(userId, newPush("long"), 10 * maxTtlMs);
      await fixture.outbox.keep(userId, newPush("short"), MINUTE);
      await fixture.outbox.keep(userId, newPush("middle"), 2 * MINUTE);
      clock.advance(MINUTE);
      await fixture.outbox.keep(userId, newPush("late"), 10 * maxTtlMs);
      clock.advance(maxTtlMs - MINUTE - 1);
      expect(texts(await fixture.outbox.take(userId))).toEqual(["long", "late"]);
      await fixture.outbox.keep(userId, newPush("long"), 10 * maxTtlMs);
      clock.advance(maxTtlMs);
      expect(await fixture.outbox.take(userId)).toEqual([]);
    });

    it("bounds the number for one user by dropping the oldest", async () => {
      await using fixture = await open(clock.now);
      const userId = randomUUID();
      for (let n = 0; n < maxPerUser; n++) await fixture.outbox.keep(userId, newPush(String(n)), MINUTE);
      expect(await fixture.outbox.keep(userId, newPush("last"), MINUTE)).toEqual({ dropped: 1 });
      const taken = texts(await fixture.outbox.take(userId));
      expect(taken).toHaveLength(maxPerUser);
      expect([taken[0], taken.at(-1)]).toEqual(["1", "last"]);
    });

    it("bounds the bytes for one user by dropping the oldest, and keeps no push that is larger by itself", async () => {
      await using fixture = await open(clock.now);
      const userId = randomUUID();
      const third = "x".repeat(Math.floor(maxBytesPerUser / 3));
      for (const mark of ["a", "b", "c"])
        await fixture.outbox.keep(userId, newPush(mark + third.slice(1)), MINUTE);
      expect(await fixture.outbox.keep(userId, newPush(`d${third}`), MINUTE)).toEqual({ dropped: 1 });
      expect(texts(await fixture.outbox.take(userId)).map((text) => text[0])).toEqual(["b", "c", "d"]);
      await expect(
        fixture.outbox.keep(userId, newPush("x".repeat(maxBytesPerUser + 1)), MINUTE),
      ).rejects.toMatchObject({ code: "payloadTooLarge" });
    });
  });
}
