/**
 * What a call costs its stores, counted on the wire between a real server and real MariaDB and Redis. Round trips are
 * what a player waits for, and what a pool of connections can serve so many of.
 */
import { describe, expect, it } from "vitest";
import { call } from "../support/http.ts";
import { startMariadb } from "../support/mariadb.ts";
import { RawClient } from "../support/raw-client.ts";
import { startRedis } from "../support/redis.ts";
import { startServer } from "../support/server.ts";
import { startCountingProxy } from "./counting-proxy.ts";

const PASSWORD = "correct horse battery";

interface Cost {
  readonly sql: number;
  readonly redis: number;
}

/** An address that goes through a proxy. */
function through(address: string, port: number): string {
  return address.replace(/(127\.0\.0\.1|localhost):\d+/, `127.0.0.1:${port}`);
}

function portIn(address: string): number {
  return Number(/:(\d+)\//.exec(address)?.[1] ?? /:(\d+)\?/.exec(address)?.[1]);
}

describe("round trips to MariaDB and to Redis", () => {
  it("are at most two of each for Login, Register and a resumed login, and none for GetSelfInfo", async () => {
    await using mariadb = await startMariadb();
    await using redis = await startRedis();
    const database = await mariadb.createDatabase();
    await using sqlProxy = await startCountingProxy(portIn(database));
    await using redisProxy = await startCountingProxy(redis.port);
    await using server = await startServer({
      settings: {
        store: { accounts: through(database, sqlProxy.port), sessions: through(redis.url, redisProxy.port) },
      },
    });
    const costOf = async (work: () => Promise<unknown>): Promise<Cost> => {
      const [sql, commands] = [sqlProxy.roundTrips, redisProxy.roundTrips];
      await work();
      return { sql: sqlProxy.roundTrips - sql, redis: redisProxy.roundTrips - commands };
    };
    await using one = await RawClient.ready(server.mqttUrl);
    await using two = await RawClient.ready(server.mqttUrl);
    const register = (client: RawClient, username: string) => async (): Promise<void> =>
      expect((await client.user("Register", { username, password: PASSWORD })).state).toBe(0);
    const login =
      (client: RawClient, password = PASSWORD) =>
      async (): Promise<number> =>
        (await client.user("Login", { username: "the-second", password })).state;
    // The first of each connects, and teaches Redis its scripts.
    await register(one, "the-first")();
    await register(one, "the-second")();
    await login(one)();
    await login(one, "wrong")();
    await one.user("Logout");

    expect(await costOf(register(one, "the-third"))).toEqual({ sql: 2, redis: 1 });
    // Here it ends the login that the connection had.
    expect(await costOf(register(one, "the-fourth"))).toEqual({ sql: 2, redis: 2 });
    await one.user("Logout");
    expect(await costOf(login(one))).toEqual({ sql: 1, redis: 2 });
    expect(await costOf(login(one))).toEqual({ sql: 1, redis: 2 });
    expect(await costOf(login(one, "wrong"))).toEqual({ sql: 1, redis: 2 });
    expect(await costOf(() => one.user("GetSelfInfo"))).toEqual({ sql: 0, redis: 0 });
    // Here it throws the first connection out, too.
    expect(await costOf(login(two))).toEqual({ sql: 1, redis: 2 });

    const { result } = await two.user("Login", { username: "the-second", password: PASSWORD });
    const token = (result as { token: string }).token;
    // By HTTP a token is looked up at each call; the first look teaches Redis the script.
    const look = () => call(server.ports.http, "User/GetSelfInfo", undefined, token);
    await look();
    expect(await costOf(look)).toEqual({ sql: 0, redis: 2 });
    const resume = async (): Promise<void> => {
      await using resumed = await RawClient.ready(server.mqttUrl, { clientId: token });
      expect((await resumed.user("GetSelfInfo")).state).toBe(0);
    };
    expect(await costOf(resume)).toEqual({ sql: 0, redis: 2 });
  });
});
