import { describe, expect, it } from "vitest";
import { openEmbeddedDatabase } from "./sqlite.ts";
import { migrate } from "./migrations.ts";

describe("migrating the embedded database in memory", () => {
  it("rolls a failed step back whole, because SQLite can", async () => {
    const database = await openEmbeddedDatabase(":memory:");
    const statements = ["create table t_half (n integer)", "insert into t_missing values (1)"];
    const broken = { version: 1, statements: { sqlite: statements, mysql: [] } };
    await expect(migrate(database, Date.now, [broken])).rejects.toThrow("t_missing");
    const tables = await database.db.introspection.getTables();
    expect(tables.map(({ name }) => name)).toEqual([]);
    await database.close();
  });
});
