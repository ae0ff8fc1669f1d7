import { describeAccountStore } from "./accounts.contract.ts";
import { SqlAccountStore } from "./sql-accounts.ts";
import { migrate } from "../sql/migrations.ts";
import { openEmbeddedDatabase } from "../sql/sqlite.ts";

describeAccountStore("the embedded database in memory", async () => {
  const database = await openEmbeddedDatabase(":memory:");
  await migrate(database, Date.now);
  const accounts = new SqlAccountStore(database);
  return { accounts, [Symbol.asyncDispose]: () => accounts.close() };
});
