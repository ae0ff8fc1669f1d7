/**
 * Tokens in wrong hands. [connect-5] [user-3]
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isRecord } from "../support/raw-answer.ts";
import { RawClient, randomClientId } from "../support/raw-client.ts";
import { call, request } from "../support/http.ts";
import { startServer, type TestServer } from "../support/server.ts";

const NEED_LOGIN = 0xf9;
const REFRESH_FAILED = 1;
const PASSWORD = "correct horse battery";

interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
}

function readTokens(value: unknown): Tokens {
  if (isRecord(value) && typeof value["token"] === "string" && typeof value["refreshToken"] === "string") {
    return { token: value["token"], refreshToken: value["refreshToken"] };
  }
  throw new Error("no tokens");
}

/** Somebody who has registered, on a connection. */
async function register(server: TestServer, username: string): Promise<{ client: RawClient } & Tokens> {
  const client = await RawClient.ready(server.mqttUrl);
  const { result } = await client.user("Register", { username, password: PASSWORD });
  return { client, ...readTokens(isRecord(result) ? result["tokenInfo"] : undefined) };
}

async function refresh(client: RawClient, refreshToken: string): Promise<Tokens | undefined> {
  const { state, result } = await client.user("RefreshToken", { refresh_token: refreshToken });
  if (state === REFRESH_FAILED) return undefined;
  return readTokens(isRecord(result) ? result["tokenData"] : undefined);
}

async function whoIs(server: TestServer, clientId: string): Promise<string | number> {
  await using client = await RawClient.ready(server.mqttUrl, { clientId });
  const { state, result } = await client.user("GetSelfInfo");
  const data = isRecord(result) ? result["userData"] : undefined;
  return isRecord(data) ? String(data["UserName"]) : state;
}

describe("a refresh token that was stolen", () => {
  test("and used before its owner does ends the whole login: the thief's tokens, too", async () => {
    await using server = await startServer();
    const { client: owner, token, refreshToken } = await register(server, "the-owner");
    await using _ = owner;
    await using thief = await RawClient.ready(server.mqttUrl);
    const stolen = await refresh(thief, refreshToken);
    if (stolen === undefined) throw new Error("the first use must work");
    const further = await refresh(thief, stolen.refreshToken);
    if (further === undefined) throw new Error("the first use must work");

    expect(await refresh(owner, refreshToken)).toBeUndefined();
    expect(await refresh(thief, further.refreshToken)).toBeUndefined();
    for (const dead of [token, stolen.token, further.token])
      expect(await whoIs(server, dead)).toBe(NEED_LOGIN);
    // The owner's connection is of that login as well; the password brings a new one.
    expect((await owner.user("GetSelfInfo")).state).toBe(NEED_LOGIN);
    const login = await owner.user("Login", { username: "the-owner", password: PASSWORD });
    expect(await refresh(owner, readTokens(login.result).refreshToken)).toBeDefined();
  });

  test("and used at the same time by twenty gives new tokens to one at most, and those are ended", async () => {
    await using server = await startServer();
    const { client: owner, refreshToken } = await register(server, "the-owner");
    await using _ = owner;
    const replies = await Promise.all(
      Array.from({ length: 20 }, () =>
        call(server.ports.http, "User/RefreshToken", { refresh_token: refreshToken }),
      ),
    );
    const given = replies.flatMap(({ json }) => {
      const body = json();
      const data = isRecord(body) && body["state"] === 0 ? body["data"] : undefined;
      return isRecord(data) ? [readTokens(data["tokenData"])] : [];
    });
    expect(given).toHaveLength(1);
    for (const tokens of given) {
      expect(await whoIs(server, tokens.token)).toBe(NEED_LOGIN);
      await using client = await RawClient.ready(server.mqttUrl);
      expect(await refresh(client, tokens.refreshToken)).toBeUndefined();
    }
  });
});

describe("a client id that is somebody's token", () => {
  test("is that user, and nobody else: no other user's, no password, no private topic", async () => {
    await using server = await startServer({ settings: { user: { singleLogin: "allow" } } });
    const anna = await register(server, "anna");
    await using annas = anna.client;
    const bert = await register(server, "bert");
    await using berts = bert.client;
    await annas.subscribe(["p", "i"]);
    await using thief = await RawClient.ready(server.mqttUrl, { clientId: anna.token, topics: ["p", "i"] });
    expect((await thief.user("GetSelfInfo")).result).toMatchObject({ userData: { UserName: "anna" } });
    const forged = { UserID: "bert", oldPassword: "guess", newPassword: "my password now" };
    expect((await thief.user("ChangePasswordByPassword", forged)).state).toBe(1);
    expect((await thief.user("GetSelfInfo", { UserID: "bert", UserName: "bert" })).result).toMatchObject({
      userData: { UserName: "anna" },
    });
    // What goes to Anna's own connection does not come here.
    const before = (await thief.settle()).length;
    expect((await annas.user("Login", { username: "bert", password: "wrong" })).state).toBe(1);
    expect(await thief.settle()).toHaveLength(before);
    expect((await berts.user("GetSelfInfo")).result).toMatchObject({ userData: { UserName: "bert" } });
  });

  test("is refused while a connection has it, so that nobody is thrown out by it", async () => {
    await using server = await startServer();
    const { client, token } = await register(server, "anna");
    await client.end();
    await using first = await RawClient.ready(server.mqttUrl, { clientId: token });
    const { client: second, code } = await RawClient.tryConnect(server.mqttUrl, { clientId: token });
    await using _ = second;
    expect(code).toBe(5);
    expect((await first.user("GetSelfInfo")).state).toBe(0);
  });

  test("is nobody when it is a refresh token, a hash of a token, an ended token, or anything near one", async () => {
    await using server = await startServer();
    const { client, token, refreshToken } = await register(server, "anna");
    await using _ = client;
    const hash = createHash("sha256").update(token).digest("base64url");
    const swapped = token.replaceAll(/[a-zA-Z]/g, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    );
    const near = [refreshToken, hash, swapped, `${token}0`, token.slice(1), ` ${token}`, randomClientId(43)];
    for (const clientId of near) expect(await whoIs(server, clientId)).toBe(NEED_LOGIN);
    for (const bearer of [refreshToken, hash, swapped, `${token}0`]) {
      const reply = await call(server.ports.http, "User/GetSelfInfo", undefined, bearer);
      expect(reply.status).toBe(401);
    }
    expect((await client.user("Logout")).state).toBe(0);
    expect(await whoIs(server, token)).toBe(NEED_LOGIN);
  });

  test("is not given out by any page, figure or health check of the server", async () => {
    await using server = await startServer();
    const { client, token } = await register(server, "anna");
    await client.end();
    await using resumed = await RawClient.ready(server.mqttUrl, { clientId: token, topics: ["p"] });
    for (const path of ["/metrics", "/healthz", "/readyz", "/"]) {
      expect((await request(server.ports.http, path)).body).not.toContain(token);
    }
    await using spy = await RawClient.connect(server.mqttUrl);
    await spy.subscribe(["#", "+/#", "$SYS/#"]);
    await resumed.user("GetSelfInfo");
    for (const packet of await spy.settle()) expect(JSON.stringify(packet)).not.toContain(token);
  });
});
