/**
 * Servers as processes: one that is killed at its busiest, two that share their stores.
 */
import { randomUUID } from "node:crypto";
import { connect, isMqplayError, type Game } from "@mqplay/client-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startMariadb, type TestMariadb } from "../support/mariadb.ts";
import { startRedis } from "../support/redis.ts";
import { spawnServer, temporaryFolder } from "../support/server.ts";

const PASSWORD = "correct horse";

let mariadb: TestMariadb;
beforeAll(async () => {
  mariadb = await startMariadb();
});
afterAll(async () => {
  await mariadb[Symbol.asyncDispose]();
});

/** The code of an error, or the name that its function gives it. */
function kindOf(error: unknown): string {
  return isMqplayError(error) ? (error.errorName ?? error.code) : String(error);
}

async function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(() => "done", kindOf);
}

async function connectMany(url: string, count: number): Promise<Game[]> {
  return Promise.all(Array.from({ length: count }, () => connect(url, { reconnect: false })));
}

/** Registrations a second that are begun. The machine answers as many as its cores hash passwords. */
const RATE = 200;

/** Answers to wait for before the server is killed: among hundreds that are under way. */
const ANSWERED = 100;

/** Begins registrations at {@link RATE}, and kills when enough are answered. Returns the names by what came of them. */
async function registerUntilKilled(
  url: string,
  kill: () => void,
): Promise<{ done: string[]; unknown: string[] }> {
  const games = await connectMany(url, 20);
  const results = new Map<string, Promise<string>>();
  const done: string[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const username = `player ${results.size}`;
      const game = games[results.size % games.length];
      const result = outcome(
        game?.user.register({ username, password: PASSWORD }) ?? Promise.reject(new Error()),
      );
      results.set(username, result);
      void result.then((kind) => {
        if (kind === "done") done.push(username);
        if (done.length < ANSWERED) return;
        clearInterval(timer);
        resolve();
      });
    }, 1_000 / RATE);
  });
  kill();
  await Promise.all(results.values());
  for (const game of games) await game.close();
  return { done, unknown: [...results.keys()].filter((name) => !done.includes(name)) };
}

describe("a server that is killed -9 during 200 registrations a second", () => {
  test.each(["embedded", "MariaDB"])(
    "has lost nobody that it answered, and left none half there: %s",
    async (kind) => {
      await using folder = await temporaryFolder();
      const env = {
        MQPLAY_DATA: folder.path,
        MQPLAY_STORE_ACCOUNTS: kind === "embedded" ? undefined : await mariadb.createDatabase(),
      };
      await using first = await spawnServer(env);
      const { done, unknown } = await registerUntilKilled(first.mqttUrl, () => first.process.kill("SIGKILL"));
      await first.process.ended;
      expect(done.length).toBeGreaterThanOrEqual(ANSWERED);
      expect(unknown.length).toBeGreaterThan(0);

      await using second = await spawnServer(env);
      const [game, other] = await connectMany(second.mqttUrl, 2);
      if (game === undefined || other === undefined) throw new Error("no connection");
      const logIn = (username: string) => outcome(game.user.login({ username, password: PASSWORD }));
      for (const username of done) expect(await logIn(username), username).toBe("done");
      for (const username of unknown) {
        // Nobody has the name, or its account can be logged in to.
        const registered = await outcome(other.user.register({ username, password: PASSWORD }));
        const fate = registered === "accountTaken" ? await logIn(username) : registered;
        expect(fate, `${username}: ${registered}`).toBe("done");
      }
      await game.close();
      await other.close();
    },
  );
});

describe("two servers on one MariaDB and one Redis", () => {
  test("give a name to exactly one of those who race for it, and know each other's users and tokens", async () => {
    await using redis = await startRedis();
    const env = { MQPLAY_STORE_ACCOUNTS: await mariadb.createDatabase(), MQPLAY_STORE_SESSIONS: redis.url };
    const servers = await Promise.all([spawnServer(env), spawnServer(env)]);
    try {
      const urls = servers.map(({ mqttUrl }) => mqttUrl);
      const games = (await Promise.all(urls.map((url) => connectMany(url, 4)))).flat();
      const winners = new Set<Game>();
      for (let round = 0; round < 20; round += 1) {
        const username = `prize ${randomUUID()}`;
        const password = (n: number): string => `${PASSWORD} ${n}`;
        const results = await Promise.all(
          games.map((game, n) => outcome(game.user.register({ username, password: password(n) }))),
        );
        const winner = results.indexOf("done");
        expect(results.toSorted()).toEqual([
          ...Array.from({ length: games.length - 1 }, () => "accountTaken"),
          "done",
        ]);
        // On either server only the winner's password is right. Logged out first: a second login would kick the winner.
        const [game, witness] = [games[winner], games[round % games.length]];
        if (game === undefined || witness === undefined) throw new Error("nobody has won");
        winners.add(game);
        await game.user.logout();
        expect(await outcome(witness.user.login({ username, password: password(winner) }))).toBe("done");
        await witness.user.logout();
      }
      expect(winners.size).toBeGreaterThan(0);
      for (const game of games) await game.close();

      const [one = "", two = ""] = urls;
      await using first = await connect(one);
      const { result: userId, tokenInfo } = await first.user.register({
        username: "traveller",
        password: PASSWORD,
      });
      await first.close();
      await using resumed = await connect(two, { token: tokenInfo.token });
      expect(resumed.clientId).toBe(tokenInfo.token);
      expect((await resumed.user.getSelfInfo()).userData.UserID).toBe(userId);
      const { tokenData } = await resumed.user.refreshToken({ refresh_token: tokenInfo.refreshToken });
      await resumed.close();
      await using back = await connect(one, { token: tokenData.token });
      expect((await back.user.getSelfInfo()).userData.UserID).toBe(userId);
      await back.user.logout();
      await using ended = await connect(two, { token: tokenData.token });
      expect(await outcome(ended.user.getSelfInfo())).toBe("needLogin");
    } finally {
      for (const server of servers) await server[Symbol.asyncDispose]();
    }
  });
});
