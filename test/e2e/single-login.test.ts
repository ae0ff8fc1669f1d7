/**
 * `user.singleLogin`: what a second login of an account means, as clients see it. The default, `kick`, is [push-3] of
 * the conformance suite.
 */
import { describe, expect, test } from "vitest";
import { PASSWORD, randomName, registration } from "../conformance/harness.ts";
import { RawClient } from "../support/raw-client.ts";
import { call } from "../support/http.ts";
import { startServer, type TestServer } from "../support/server.ts";

const start = (singleLogin: string): Promise<TestServer> =>
  startServer({ settings: { user: { singleLogin } } });
const NOT_ACCEPTABLE = 0xf4;

interface Tokens {
  readonly result: { readonly tokenInfo: { readonly token: string } };
}

async function register(client: RawClient, username: string): Promise<string> {
  const answer = (await client.user("Register", registration(username))) as unknown as Tokens;
  return answer.result.tokenInfo.token;
}

async function isLoggedIn(client: RawClient): Promise<boolean> {
  return (await client.user("GetSelfInfo")).state === 0;
}

describe.each(["mqttUrl", "wsUrl"] as const)("at %s", (where) => {
  const ready = (server: TestServer, options = {}) =>
    RawClient.ready(server[where], { topics: ["p", "q"], ...options });

  test("[push-3] refuse: the later login is NotAcceptable, the earlier one hears nothing and goes on", async () => {
    await using server = await start("refuse");
    const username = randomName();
    const login = { username, password: PASSWORD };
    await using first = await ready(server);
    const token = await register(first, username);
    await using second = await ready(server);
    expect((await second.user("Login", login)).state).toBe(NOT_ACCEPTABLE);
    expect((await call(server.ports.http, "User/Login", login)).status).toBe(406);
    await first.quiet();
    expect(await isLoggedIn(first)).toBe(true);
    // The same login on another connection is no second one: the player has come back before the old one was missed.
    await using back = await ready(server, { clientId: token });
    expect(await isLoggedIn(back)).toBe(true);
    await first.whenClosed();
    await back.user("Logout");
    expect((await second.user("Login", login)).state).toBe(0);
  });

  test("[push-3] refuse: a login whose connection has gone stands in nobody's way", async () => {
    await using server = await start("refuse");
    const username = randomName();
    await using first = await ready(server);
    await register(first, username);
    first.drop();
    await using second = await ready(server);
    await expect
      .poll(async () => (await second.user("Login", { username, password: PASSWORD })).state)
      .toBe(0);
  });

  test("[push-3] allow: both are logged in, nobody hears of it, and each logs out alone", async () => {
    await using server = await start("allow");
    const username = randomName();
    await using first = await ready(server);
    await register(first, username);
    await using second = await ready(server);
    expect((await second.user("Login", { username, password: PASSWORD })).state).toBe(0);
    await first.quiet();
    await second.quiet();
    expect([await isLoggedIn(first), await isLoggedIn(second)]).toEqual([true, true]);
    await second.user("Logout");
    expect([await isLoggedIn(first), await isLoggedIn(second)]).toEqual([true, false]);
  });

  test("[connect-5] kick: who resumes by token takes the place of the same login's connection", async () => {
    await using server = await start("kick");
    const username = randomName();
    await using first = await ready(server);
    const token = await register(first, username);
    await using back = await ready(server, { clientId: token });
    expect(await isLoggedIn(back)).toBe(true);
    await first.whenClosed();
    await back.quiet();
  });
});
