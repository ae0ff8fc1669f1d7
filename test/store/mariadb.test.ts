import { createHash, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  describeAccountStore,
  newAccount,
} from "../../packages/server/src/store/accounts/accounts.contract.ts";
import { importBaseUsers } from "../../packages/server/src/store/accounts/import-base-users.ts";
import { verifyLegacyPassword } from "../../packages/server/src/store/accounts/legacy-password.ts";
import { SqlAccountStore } from "../../packages/server/src/store/accounts/sql-accounts.ts";
import { describeMigrations } from "../../packages/server/src/store/sql/migrations.contract.ts";
import { migrate } from "../../packages/server/src/store/sql/migrations.ts";
import { openMysqlDatabase } from "../../packages/server/src/store/sql/mysql.ts";
import { startMariadb, type TestMariadb } from "../support/mariadb.ts";
import { openStores, untilReady, waitForLine } from "./opening.ts";
import { createdNames, startRegistering } from "./registering.ts";

let server: TestMariadb;
let shared: string;

beforeAll(async () => {
  server = await startMariadb();
  shared = await server.createDatabase();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

describeAccountStore("MariaDB", async () => {
  const database = openMysqlDatabase(shared);
  await migrate(database, Date.now);
  const accounts = new SqlAccountStore(database);
  return { accounts, [Symbol.asyncDispose]: () => accounts.close() };
});

describeMigrations("MariaDB", async () => {
  const address = await server.createDatabase();
  const database = openMysqlDatabase(address);
  return {
    database,
    reopen: async () => openMysqlDatabase(address),
    [Symbol.asyncDispose]: () => database.close(),
  };
});

describe("accounts in MariaDB", () => {
  it("finds by name, id and phone by an index, never by reading the table", async () => {
    await using stores = await openStores({ accounts: shared });
    await stores.waitUntilReady();
    for (const column of ["id", "name_key", "phone"]) {
      const plan = await server.query(shared, `explain select id from mqplay_accounts where ${column} = 'x'`);
      expect(plan).not.toContain("ALL");
    }
  });

  it("survive a server whose SQL mode would let backslashes end a quoted text", async () => {
    await using stores = await openStores({ accounts: shared });
    await stores.waitUntilReady();
    await server.query(shared, "set global sql_mode = 'NO_BACKSLASH_ESCAPES'");
    try {
      await using strict = await openStores({ accounts: shared });
      await strict.waitUntilReady();
      const account = newAccount({ name: `\\' or 1=1 -- ${randomUUID()}` });
      expect(await strict.accounts.create(account)).toBe("created");
      expect((await strict.accounts.findByName(account.name))?.id).toBe(account.id);
      expect(await strict.accounts.findByName(`\\' or 1=1 -- `)).toBeUndefined();
    } finally {
      await server.query(shared, "set global sql_mode = default");
    }
  });

  it("gives each name to exactly one of two servers that race for it", async () => {
    const what = {
      accounts: shared,
      dataDir: ":memory:",
      prefix: `race ${randomUUID()} `,
      count: 2_000,
      concurrency: 8,
    };
    await using one = await startRegistering(what);
    await using two = await startRegistering({ ...what, first: 1_000 });
    for (const child of [one, two]) child.kill("SIGUSR2");
    await Promise.all([one.ended, two.ended]);
    const [byOne, byTwo] = [createdNames(one), createdNames(two)];
    expect(byOne.length).toBeGreaterThan(0);
    expect(byTwo.length).toBeGreaterThan(0);
    const all = Array.from({ length: 2_000 }, (_, n) => `${what.prefix}${n}`);
    expect([...byOne, ...byTwo].toSorted()).toEqual(all.toSorted());
  });
});

describe("a MariaDB that fails", () => {
  it("costs clear errors in time while it is away, loses nothing that was acknowledged, and needs no restart here", async () => {
    await using own = await startMariadb({ own: true });
    await using stores = await openStores({ accounts: await own.createDatabase() });
    await stores.waitUntilReady();
    const acknowledged: string[] = [];
    const failures: unknown[] = [];
    let slowestMs = 0;
    const over = new AbortController();
    const work = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const account = newAccount();
        const beganAt = performance.now();
        try {
          if ((await stores.accounts.create(account)) === "created") acknowledged.push(account.id);
        } catch (error) {
          failures.push(error);
          await new Promise(setImmediate);
        }
        slowestMs = Math.max(slowestMs, performance.now() - beganAt);
      }
    };
    const workers = Array.from({ length: 20 }, work);
    for (const end of [() => own.stop(), () => own.crash()]) {
      const before = acknowledged.length;
      await untilReady(async () => expect(acknowledged.length).toBeGreaterThan(before + 200));
      await end();
      const failed = failures.length;
      await untilReady(async () => expect(failures.length).toBeGreaterThan(failed + 20));
      await own.start();
      const after = acknowledged.length;
      await untilReady(async () => expect(acknowledged.length).toBeGreaterThan(after + 200));
    }
    over.abort();
    await Promise.all(workers);

    for (const failure of failures)
      expect(failure).toMatchObject({ name: "MqplayError", code: "serverIsDown" });
    expect(slowestMs).toBeLessThan(7_000);
    for (const id of acknowledged) expect(await stores.accounts.findById(id)).toBeDefined();
  });

  it("is given up when it does not answer, and used again when it does", async () => {
    await using own = await startMariadb({ own: true });
    await using stores = await openStores({ accounts: await own.createDatabase() });
    await stores.waitUntilReady();
    const account = newAccount();
    await stores.accounts.create(account);
    own.pause();
    const beganAt = performance.now();
    const calls = Array.from({ length: 30 }, () => stores.accounts.findById(account.id));
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "serverIsDown" } });
    }
    expect(performance.now() - beganAt).toBeLessThan(7_000);
    own.resume();
    await untilReady(() => stores.ping());
    expect((await stores.accounts.findById(account.id))?.id).toBe(account.id);
  });

  it("is waited for at start, and the tables are made when it comes", async () => {
    await using own = await startMariadb({ own: true });
    const address = await own.createDatabase();
    await own.stop();
    await using stores = await openStores({ accounts: address });
    const waiting = stores.waitUntilReady();
    await waitForLine(stores.lines, "Waiting for a store that is away");
    await own.start();
    await waiting;
    expect(await stores.accounts.create(newAccount())).toBe("created");
  });

  it("is no reason to wait when it refuses the password or has no such database", async () => {
    const wrongPassword = shared.replace(/:[^:@]*@/, ":wrong-password@");
    const wrongDatabase = `${shared}_missing`;
    for (const accounts of [wrongPassword, wrongDatabase]) {
      await using stores = await openStores({ accounts });
      await expect(stores.waitUntilReady()).rejects.toMatchObject({
        code: "configInvalid",
        path: "store.accounts",
      });
      expect(JSON.stringify(stores.lines)).not.toContain("wrong-password");
    }
  });

  it.each([
    "mysql://",
    "mysql://host",
    "postgres://u:secret@h/d",
    "nonsense",
    "mysql://u:secret@h/d?connections=0",
  ])("is not even tried under the address %s, which the error does not repeat", async (accounts) => {
    const opening = openStores({ accounts });
    await expect(opening).rejects.toMatchObject({ code: "configInvalid", path: "store.accounts" });
    await expect(opening).rejects.not.toThrow(/secret/);
  });
});

describe("importing the Go server's accounts", () => {
  const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
  // As xorm makes it of the Go server's BaseUser.
  const table = `
    create table base_user (
      name varchar(255) not null, phone varchar(255), password varchar(255) not null,
      user_i_d varchar(255) not null, age int not null, id bigint not null primary key auto_increment,
      creat_time bigint, unique index UQE_base_user_name (name), unique index UQE_base_user_user_i_d (user_i_d)
    ) default charset=utf8mb4;`;

  it("takes every row over once, with a password that can be checked, and says what it left out", async () => {
    const source = await server.createDatabase();
    const [anna, bert, carl] = [randomUUID(), randomUUID(), randomUUID()];
    const hash = md5("secret1private key");
    const rows = [
      ["13912345678", "13912345678", hash, anna],
      ["bert", "", hash, bert],
      ["ＢＥＲＴ", "", hash, randomUUID()],
      ["carl", "13912345678", hash, carl],
      ["dora", "", "plain text", randomUUID()],
      ["emil", "", hash, "not a uuid"],
      ["f\u0001", "", hash, randomUUID()],
    ];
    const values = rows.map((row) => `(${row.map((value) => `'${value}'`).join(", ")}, 7, 1500000000)`);
    await server.query(
      source,
      `${table} insert into base_user (name, phone, password, user_i_d, age, creat_time) values ${values.join(", ")}`,
    );
    await using stores = await openStores({});
    await stores.waitUntilReady();

    expect(await importBaseUsers(source, stores.accounts)).toEqual({
      imported: 3,
      alreadyThere: 0,
      withoutPhone: 1,
      skipped: [
        { rowId: 3, reason: "name taken" },
        { rowId: 5, reason: "bad password hash" },
        { rowId: 6, reason: "bad user id" },
        { rowId: 7, reason: "bad name" },
      ],
      skippedCount: 4,
    });
    const account = await stores.accounts.findByPhone("13912345678");
    expect(account).toMatchObject({ id: anna, name: "13912345678", createdAtMs: 1_500_000_000_000 });
    expect(verifyLegacyPassword(account?.passwordHash ?? "", "secret1", "private key")).toBe(true);
    expect(await stores.accounts.findById(carl)).toMatchObject({ name: "carl", phone: undefined });
    expect(await importBaseUsers(source, stores.accounts)).toMatchObject({
      imported: 0,
      alreadyThere: 3,
      skippedCount: 4,
    });
  });

  it("pages through a large table, also into the database that it is in", async () => {
    const source = await server.createDatabase();
    await server.query(
      source,
      `${table} insert into base_user (name, phone, password, user_i_d, age, creat_time)
       select concat('player ', seq), '', md5(seq), uuid(), 1, 1500000000 from seq_1_to_1501;`,
    );
    await using stores = await openStores({ accounts: source });
    await stores.waitUntilReady();
    expect(await importBaseUsers(source, stores.accounts)).toMatchObject({
      imported: 1_501,
      skippedCount: 0,
    });
    expect(await stores.accounts.findByName("PLAYER 1501")).toMatchObject({ name: "player 1501" });
  });

  it("says when there is no such table", async () => {
    await using stores = await openStores({});
    await stores.waitUntilReady();
    await expect(importBaseUsers(await server.createDatabase(), stores.accounts)).rejects.toMatchObject({
      code: "configInvalid",
      detail: expect.stringContaining("base_user"),
    });
  });
});
