/**
 * Taking over the Go server's users on the command line, and what they notice of it: nothing.
 */
import { createHash, randomUUID } from "node:crypto";
import { connect } from "@mqplay/client-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startMariadb, type TestMariadb } from "../support/mariadb.ts";
import { spawnCli, spawnServer, temporaryFolder } from "../support/server.ts";

const KEY = "the Go server's private key";

let mariadb: TestMariadb;
beforeAll(async () => {
  mariadb = await startMariadb();
});
afterAll(async () => {
  await mariadb[Symbol.asyncDispose]();
});

/** The Go server's database: its table as xorm makes it, and some users. */
async function goDatabase(): Promise<{ url: string; ids: Record<"anna" | "bert", string> }> {
  const url = await mariadb.createDatabase();
  const ids = { anna: randomUUID(), bert: randomUUID() };
  const row = (name: string, password: string, id: string): string => {
    const hash = createHash("md5")
      .update(password + KEY)
      .digest("hex");
    return `('${name}', '', '${hash}', '${id}', 7, 1500000000)`;
  };
  await mariadb.query(
    url,
    `create table base_user (
       name varchar(255) not null, phone varchar(255), password varchar(255) not null,
       user_i_d varchar(255) not null, age int not null, id bigint not null primary key auto_increment,
       creat_time bigint, unique index UQE_base_user_name (name), unique index UQE_base_user_user_i_d (user_i_d)
     ) default charset=utf8mb4;
     insert into base_user (name, phone, password, user_i_d, age, creat_time) values
       ${row("anna", "secret1", ids.anna)}, ${row("bert", "secret2", ids.bert)}, ${row("no-id", "secret3", "none")};`,
  );
  return { url, ids };
}

async function importUsers(args: readonly string[], env: Record<string, string>) {
  await using cli = spawnCli(["import-users", ...args], env);
  return await cli.ended;
}

describe.each(["embedded", "MariaDB"])("mqplay-server import-users into %s", (kind) => {
  test("lets each user log in by the old password once, after which its hash is a new one", async () => {
    await using folder = await temporaryFolder();
    const { url, ids } = await goDatabase();
    const store = {
      MQPLAY_DATA: folder.path,
      MQPLAY_STORE_ACCOUNTS: kind === "embedded" ? "embedded" : await mariadb.createDatabase(),
    };
    const first = await importUsers([url], store);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toContain("2 imported");
    expect(first.stdout).toContain("row 3: bad user id");
    expect(first.stdout).toContain("user.legacyPasswordKey");
    // From the environment, where no other user of the machine sees the address; and a second time does no harm.
    const second = await importUsers([], {
      ...store,
      MQPLAY_IMPORT_USERS_FROM: url,
      MQPLAY_LEGACY_PASSWORD_KEY: KEY,
    });
    expect(second.stdout).toContain("0 imported");
    expect(second.stdout).toContain("2 were there already");
    const password = decodeURIComponent(new URL(url).password);
    for (const { stdout, stderr } of [first, second]) {
      for (const text of [password, KEY, encodeURIComponent(password)])
        expect(stdout + stderr).not.toContain(text);
    }
    {
      await using server = await spawnServer({ ...store, MQPLAY_LEGACY_PASSWORD_KEY: KEY });
      await using game = await connect(server.mqttUrl);
      await expect(game.user.login({ username: "anna", password: "secret2" })).rejects.toMatchObject({
        state: 1,
      });
      await game.user.login({ username: "anna", password: "secret1" });
      expect((await game.user.getSelfInfo()).userData).toEqual({ UserName: "anna", UserID: ids.anna });
    }
    // Without the key: Anna's hash has been replaced, Bert's has not.
    await using server = await spawnServer(store);
    await using game = await connect(server.mqttUrl);
    await game.user.login({ username: "ANNA", password: "secret1" });
    await expect(game.user.login({ username: "bert", password: "secret2" })).rejects.toMatchObject({
      state: 1,
    });
  });
});

describe("mqplay-server import-users", () => {
  test.each([
    ["no address", []],
    ["two addresses", ["mysql://u:hidden-word@127.0.0.1/d", "mysql://u:hidden-word@127.0.0.1/d"]],
    ["something that is no address", ["postgres://u:hidden-word@127.0.0.1/d"]],
  ])("says what it needs when it gets %s, and repeats no password", async (_name, args) => {
    await using folder = await temporaryFolder();
    const { code, stdout, stderr } = await importUsers(args, { MQPLAY_DATA: folder.path });
    expect(code).toBe(2);
    expect(stdout + stderr).toMatch(/mysql:\/\/user:password@host/);
    expect(stdout + stderr).not.toContain("hidden-word");
  });

  test("says that the database has no users' table, or refuses its user", async () => {
    await using folder = await temporaryFolder();
    const empty = await mariadb.createDatabase();
    const wrong = empty.replace(/:[^:@]*@/, ":hidden-word@");
    for (const [url, words] of [
      [empty, "base_user"],
      [wrong, "refuses the user"],
    ] as const) {
      const { code, stdout, stderr } = await importUsers([url], { MQPLAY_DATA: folder.path });
      expect(code).toBe(2);
      expect(stdout + stderr).toContain(words);
      expect(stdout + stderr).not.toContain("hidden-word");
    }
  });

  test("is the only command that there is", async () => {
    await using cli = spawnCli(["imprt-users"]);
    const { code, stderr } = await cli.ended;
    expect(code).toBe(2);
    expect(stderr).toContain("import-users <url>");
  });
});
