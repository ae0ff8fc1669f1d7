import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  describeAccountStore,
  newAccount,
} from "../../packages/server/src/store/accounts/accounts.contract.ts";
import { SqlAccountStore } from "../../packages/server/src/store/accounts/sql-accounts.ts";
import { describeMigrations } from "../../packages/server/src/store/sql/migrations.contract.ts";
import { migrate } from "../../packages/server/src/store/sql/migrations.ts";
import { openEmbeddedDatabase } from "../../packages/server/src/store/sql/sqlite.ts";
import { createdNames, startRegistering } from "./registering.ts";

async function newFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "mqplay-data-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

describeAccountStore("the embedded database in a file", async () => {
  const folder = await newFolder();
  const database = await openEmbeddedDatabase(folder.path);
  await migrate(database, Date.now);
  const accounts = new SqlAccountStore(database);
  return {
    accounts,
    async [Symbol.asyncDispose]() {
      await accounts.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});

describeMigrations("the embedded database", async () => {
  const folder = await newFolder();
  const database = await openEmbeddedDatabase(folder.path);
  return {
    database,
    reopen: () => openEmbeddedDatabase(folder.path),
    async [Symbol.asyncDispose]() {
      await database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});

describe("the embedded database in a file", () => {
  it("keeps accounts over a restart", async () => {
    await using folder = await newFolder();
    const account = newAccount();
    for (const expected of ["created", "taken"]) {
      const database = await openEmbeddedDatabase(folder.path);
      await migrate(database, Date.now);
      const accounts = new SqlAccountStore(database);
      expect(await accounts.create(account)).toBe(expected);
      await accounts.close();
    }
  });

  it("is readable by its owner alone, log and index too", async () => {
    await using folder = await newFolder();
    const data = join(folder.path, "made", "deep");
    const database = await openEmbeddedDatabase(data);
    await migrate(database, Date.now);
    for (const file of ["accounts.sqlite", "accounts.sqlite-wal", "accounts.sqlite-shm"]) {
      expect((await stat(join(data, file))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    await database.close();
  });

  it("says which folder cannot be used", async () => {
    await using folder = await newFolder();
    const file = join(folder.path, "file");
    await writeFile(file, "no folder");
    await expect(openEmbeddedDatabase(file)).rejects.toMatchObject({
      code: "configInvalid",
      path: "store.data",
      detail: expect.stringContaining(file),
    });
  });

  it("has every registration that was acknowledged before kill -9, whole", async () => {
    await using folder = await newFolder();
    const what = {
      accounts: "embedded",
      dataDir: folder.path,
      prefix: "kill ",
      count: 100_000,
      concurrency: 16,
    };
    await using child = await startRegistering(what);
    child.kill("SIGUSR2");
    await child.line(/^created kill 500$/);
    child.kill("SIGKILL");
    expect((await child.ended).signal).toBe("SIGKILL");

    const names = createdNames(child);
    expect(names.length).toBeGreaterThan(400);
    const database = await openEmbeddedDatabase(folder.path);
    await migrate(database, Date.now);
    const accounts = new SqlAccountStore(database);
    for (const name of names)
      expect(await accounts.findByName(name)).toMatchObject({ passwordHash: `$argon2id$${name}` });
    await accounts.close();
  });

  it("gives each name to exactly one of two servers that race for it", async () => {
    await using folder = await newFolder();
    const what = {
      accounts: "embedded",
      dataDir: folder.path,
      prefix: "race ",
      count: 2_000,
      concurrency: 4,
    };
    await using one = await startRegistering(what);
    await using two = await startRegistering({ ...what, first: 1_000 });
    for (const child of [one, two]) child.kill("SIGUSR2");
    await Promise.all([one.ended, two.ended]);
    const [byOne, byTwo] = [createdNames(one), createdNames(two)];
    expect(byOne.length).toBeGreaterThan(0);
    expect(byTwo.length).toBeGreaterThan(0);
    expect([...byOne, ...byTwo].toSorted()).toEqual(
      Array.from({ length: 2_000 }, (_, n) => `race ${n}`).toSorted(),
    );
  });
});
