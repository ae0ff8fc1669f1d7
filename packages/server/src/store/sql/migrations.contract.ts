/**
 * What migrating must do on every kind of SQL.
 */
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { newAccount } from "../accounts/accounts.contract.ts";
import { SqlAccountStore } from "../accounts/sql-accounts.ts";
import { migrate, migrations, type Migration } from "./migrations.ts";
import type { SqlDatabase } from "./schema.ts";

/** An empty database; disposing of it cleans up. */
export interface EmptyDatabase extends AsyncDisposable {
  readonly database: SqlDatabase;
  /** Opens the same database once more, as another server would. */
  readonly reopen: () => Promise<SqlDatabase>;
}

const newest = migrations.at(-1)?.version ?? 0;

function step(version: number, ...statements: readonly string[]): Migration {
  return { version, statements: { sqlite: statements, mysql: statements } };
}

async function appliedVersions(database: SqlDatabase): Promise<readonly number[]> {
  const rows = await database.db.selectFrom("mqplay_schema").select("version").orderBy("version").execute();
  return rows.map(({ version }) => version);
}

/** Runs the suite against the empty databases that a factory makes. */
export function describeMigrations(name: string, open: () => Promise<EmptyDatabase>): void {
  describe(`migrating ${name}`, () => {
    it("numbers its steps 1, 2, 3 …", () => {
      expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1));
    });

    it("brings an empty database to the newest version, once", async () => {
      await using fixture = await open();
      expect(await migrate(fixture.database, Date.now)).toEqual(migrations.map(({ version }) => version));
      expect(await migrate(fixture.database, Date.now)).toEqual([]);
      expect(await new SqlAccountStore(fixture.database).create(newAccount())).toBe("created");
    });

    for (const { version } of migrations) {
      it(`brings a database of version ${version} to the newest, with its accounts`, async () => {
        await using fixture = await open();
        await migrate(fixture.database, Date.now, migrations.slice(0, version));
        const account = newAccount();
        // The columns of version 1, which every later version has to carry over.
        await fixture.database.db
          .insertInto("mqplay_accounts")
          .values({
            id: account.id,
            name: account.name,
            name_key: account.name,
            password_hash: account.passwordHash,
            phone: null,
            open_id: null,
            created_at_ms: account.createdAtMs,
          })
          .execute();
        await migrate(fixture.database, Date.now);
        expect(await appliedVersions(fixture.database)).toHaveLength(newest);
        expect(await new SqlAccountStore(fixture.database).findByName(account.name)).toMatchObject({
          id: account.id,
        });
      });
    }

    it("applies later steps in order, and only those that are missing", async () => {
      await using fixture = await open();
      const first = step(1, "create table if not exists t_one (n integer)");
      const second = step(2, "create table if not exists t_two (n integer)", "insert into t_two values (2)");
      const third = step(3, "insert into t_one select n from t_two");
      await migrate(fixture.database, Date.now, [first]);
      expect(await migrate(fixture.database, Date.now, [first, second, third])).toEqual([2, 3]);
      const rows = await sql<{ n: number }>`select n from t_one`.execute(fixture.database.db);
      expect(rows.rows.map(({ n }) => n)).toEqual([2]);
    });

    it("applies each step once when two servers start at the same moment", async () => {
      await using fixture = await open();
      const other = await fixture.reopen();
      try {
        const steps = [
          step(1, "create table if not exists t_once (n integer)"),
          step(2, "insert into t_once values (1)"),
        ];
        const applied = await Promise.all(
          [fixture.database, other].map((one) => migrate(one, Date.now, steps)),
        );
        expect(applied.flat().toSorted((a, b) => a - b)).toEqual([1, 2]);
        const rows = await sql<{ n: number }>`select n from t_once`.execute(fixture.database.db);
        expect(rows.rows).toHaveLength(1);
      } finally {
        await other.close();
      }
    });

    it("refuses a database that is newer than this server, says so, and changes nothing", async () => {
      await using fixture = await open();
      await migrate(fixture.database, Date.now, [
        ...migrations,
        step(newest + 1, "create table t_future (n integer)"),
      ]);
      await expect(migrate(fixture.database, Date.now)).rejects.toMatchObject({
        code: "configInvalid",
        detail: expect.stringMatching(`has schema version ${newest + 1}, this server knows only ${newest}`),
      });
      expect(await appliedVersions(fixture.database)).toHaveLength(newest + 1);
    });

    it("goes on where it stopped after a step that failed", async () => {
      await using fixture = await open();
      const first = step(1, "create table if not exists t_again (n integer)");
      const broken = step(
        2,
        "create table if not exists t_half (n integer)",
        "insert into t_missing values (1)",
      );
      await expect(migrate(fixture.database, Date.now, [first, broken])).rejects.toThrow();
      const mended = step(
        2,
        "create table if not exists t_half (n integer)",
        "insert into t_half values (1)",
      );
      await migrate(fixture.database, Date.now, [first, mended]);
      expect(await appliedVersions(fixture.database)).toEqual([1, 2]);
    });
  });
}
