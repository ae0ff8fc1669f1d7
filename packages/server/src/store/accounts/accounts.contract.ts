/**
 * What every AccountStore must do.
 */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { AccountStore, NewAccount } from "./accounts.ts";

/** A store under test; disposing of it cleans up. */
export interface AccountFixture extends AsyncDisposable {
  readonly accounts: AccountStore;
}

/** Makes an account to create; names are fresh, so that tests can share one database. */
export function newAccount(changes: Partial<NewAccount> = {}): NewAccount {
  const id = randomUUID();
  return {
    id,
    name: `player ${id}`,
    passwordHash: `$argon2id$${id}`,
    createdAtMs: 1_700_000_000_000,
    ...changes,
  };
}

/** Runs the suite against the stores that a factory makes. */
export function describeAccountStore(name: string, open: () => Promise<AccountFixture>): void {
  describe(`${name} as an account store`, () => {
    it("finds what was created, by name, id and phone, field by field", async () => {
      await using fixture = await open();
      const account = newAccount({ phone: randomUUID().slice(0, 20), openId: "o-1" });
      expect(await fixture.accounts.create(account)).toBe("created");
      const stored = { ...account, nameKey: account.name, frozen: false };
      expect(await fixture.accounts.findByName(account.name)).toEqual(stored);
      expect(await fixture.accounts.findById(account.id)).toEqual(stored);
      expect(await fixture.accounts.findByPhone(account.phone ?? "")).toEqual(stored);
    });

    it("leaves phone and open id undefined when there are none, for any number of accounts", async () => {
      await using fixture = await open();
      const [one, two] = [newAccount(), newAccount()];
      expect(await fixture.accounts.create(one)).toBe("created");
      expect(await fixture.accounts.create(two)).toBe("created");
      expect(await fixture.accounts.findById(two.id)).toMatchObject({ phone: undefined, openId: undefined });
    });

    it("finds nothing under names, ids and phones that nobody has or can have", async () => {
      await using fixture = await open();
      for (const text of [
        "",
        "nobody",
        "\u0000",
        "\uD800",
        "x".repeat(5_000),
        "' or 1=1 --",
        "\\' or 1=1 -- ",
      ]) {
        expect(await fixture.accounts.findByName(text)).toBeUndefined();
        expect(await fixture.accounts.findById(text)).toBeUndefined();
        expect(await fixture.accounts.findByPhone(text)).toBeUndefined();
      }
    });

    it("keeps a name as it was written, and takes every spelling of it as the same name", async () => {
      await using fixture = await open();
      const mark = randomUUID().slice(0, 8);
      const account = newAccount({ name: `Ａnna Straße ${mark} 🦊` });
      expect(await fixture.accounts.create(account)).toBe("created");
      for (const spelling of [
        `anna strasse ${mark} 🦊`,
        `ANNA STRASSE ${mark.toUpperCase()} 🦊`,
        `An\u200Bna straße ${mark} 🦊`,
      ]) {
        expect((await fixture.accounts.findByName(spelling))?.name).toBe(account.name);
        expect(await fixture.accounts.create(newAccount({ name: spelling }))).toBe("taken");
      }
    });

    it("keeps names apart that differ in accents or emoji", async () => {
      await using fixture = await open();
      const mark = randomUUID();
      for (const name of [`resume ${mark}`, `résumé ${mark}`, `🦊 ${mark}`, `🐱 ${mark}`]) {
        expect(await fixture.accounts.create(newAccount({ name }))).toBe("created");
      }
    });

    it("answers quotes, backslashes and percent signs in a name with just that name", async () => {
      await using fixture = await open();
      const account = newAccount({ name: `o'brien \\" % _ \` ${randomUUID()}` });
      expect(await fixture.accounts.create(account)).toBe("created");
      expect((await fixture.accounts.findByName(account.name))?.id).toBe(account.id);
    });

    it("lets exactly one of racing creators have a name", async () => {
      await using fixture = await open();
      const name = `race ${randomUUID()}`;
      const results = await Promise.all(
        Array.from({ length: 20 }, () => fixture.accounts.create(newAccount({ name }))),
      );
      expect(results.filter((result) => result === "created")).toHaveLength(1);
      expect(results.filter((result) => result === "taken")).toHaveLength(19);
    });

    it("gives a phone number to one account only", async () => {
      await using fixture = await open();
      const phone = randomUUID().slice(0, 20);
      expect(await fixture.accounts.create(newAccount({ phone }))).toBe("created");
      expect(await fixture.accounts.create(newAccount({ phone }))).toBe("taken");
    });

    it("replaces a password hash, also by the same one, and says when there is no such account", async () => {
      await using fixture = await open();
      const account = newAccount();
      await fixture.accounts.create(account);
      expect(await fixture.accounts.setPassword(account.id, "$argon2id$new")).toBe(true);
      expect(await fixture.accounts.setPassword(account.id, "$argon2id$new")).toBe(true);
      expect((await fixture.accounts.findById(account.id))?.passwordHash).toBe("$argon2id$new");
      expect(await fixture.accounts.setPassword(randomUUID(), "$argon2id$new")).toBe(false);
    });

    it("replaces a hash only if it is still the expected one, when asked so", async () => {
      await using fixture = await open();
      const account = newAccount({ passwordHash: "md5-legacy$0123" });
      await fixture.accounts.create(account);
      const upgrade = { ifHash: "md5-legacy$0123" };
      expect(await fixture.accounts.setPassword(account.id, "$argon2id$one", upgrade)).toBe(true);
      expect(await fixture.accounts.setPassword(account.id, "$argon2id$two", upgrade)).toBe(false);
      expect((await fixture.accounts.findById(account.id))?.passwordHash).toBe("$argon2id$one");
    });

    it("freezes and thaws an account", async () => {
      await using fixture = await open();
      const account = newAccount();
      await fixture.accounts.create(account);
      expect(await fixture.accounts.setFrozen(account.id, true)).toBe(true);
      expect((await fixture.accounts.findById(account.id))?.frozen).toBe(true);
      expect(await fixture.accounts.setFrozen(account.id, false)).toBe(true);
      expect((await fixture.accounts.findById(account.id))?.frozen).toBe(false);
      expect(await fixture.accounts.setFrozen(randomUUID(), true)).toBe(false);
    });

    it("refuses fields that break their rules, by path and without their value", async () => {
      await using fixture = await open();
      const cases: [string, Partial<NewAccount>][] = [
        ["id", { id: "ABC" }],
        ["name", { name: " edge" }],
        ["passwordHash", { passwordHash: "x".repeat(256) }],
        ["createdAtMs", { createdAtMs: 1.5 }],
        ["phone", { phone: "" }],
        ["openId", { openId: "x".repeat(129) }],
      ];
      for (const [path, changes] of cases) {
        await expect(fixture.accounts.create(newAccount(changes))).rejects.toMatchObject({
          code: "invalidArgument",
          path,
        });
      }
    });

    it("answers a ping, and closes twice without complaint", async () => {
      await using fixture = await open();
      await expect(fixture.accounts.ping()).resolves.toBeUndefined();
      await fixture.accounts.close();
      await expect(fixture.accounts.close()).resolves.toBeUndefined();
    });
  });
}
