/**
 * docs/protocol.md, [call-5]: calls that run once. What can be seen from outside is RefreshToken, which works once.
 */
import { describe, expect } from "vitest";
import { protobufCall } from "../support/raw-answer.ts";
import { RawClient } from "../support/raw-client.ts";
import { randomName, registration, serverUnderTest, test, transports } from "./harness.ts";

const server = serverUnderTest();

const KEY = "a-key_of-this-test";
const BAD_REQUEST = 0xfa;
const PARSE_FAIL = 0xfe;
const TAG = [0xfa, 0xff, 0xff, 0xff, 0x0f];

describe.each(transports)("over %s", (transport) => {
  async function registered() {
    const client = await RawClient.ready(server.url(transport));
    const answer = await client.user("Register", registration(randomName()));
    const { tokenInfo } = answer.result as { tokenInfo: { token: string; refreshToken: string } };
    return { client, ...tokenInfo };
  }

  const refresh = (refresh_token: string, once: unknown = KEY) => ({
    module: "User",
    func: "RefreshToken",
    params: { refresh_token },
    once,
  });

  test("[call-5] answers a call with a key the same again, on the user's next connection, too", async () => {
    const { client, token, refreshToken } = await registered();
    const first = await client.callJson(refresh(refreshToken));
    expect(first.state).toBe(0);
    expect((await client.callJson(refresh(refreshToken))).result).toEqual(first.result);
    await client.end();
    await using next = await RawClient.ready(server.url(transport), { clientId: token });
    expect((await next.callJson(refresh(refreshToken))).result).toEqual(first.result);
    // Without the key it is what it is: a refresh token that was used.
    expect((await next.user("RefreshToken", { refresh_token: refreshToken })).state).toBe(1);
  });

  test("[call-5] refuses the same key with other parameters, and lets another user have it", async () => {
    const one = await registered();
    await using _ = one.client;
    expect((await one.client.callJson(refresh(one.refreshToken))).state).toBe(0);
    expect((await one.client.callJson(refresh("another"))).state).toBe(BAD_REQUEST);
    const other = await registered();
    await using __ = other.client;
    expect((await other.client.callJson(refresh(other.refreshToken))).state).toBe(0);
  });

  test("[call-5] does not give a stranger a user's answer", async () => {
    const { client, refreshToken } = await registered();
    await using _ = client;
    expect((await client.callJson(refresh(refreshToken))).state).toBe(0);
    await using stranger = await RawClient.ready(server.url(transport));
    expect((await stranger.callJson(refresh(refreshToken))).state).toBe(1);
  });

  test("[call-5] finds the key behind the parameters in protobuf", async () => {
    const { client, refreshToken } = await registered();
    await using _ = client;
    const call = (key: string) =>
      Uint8Array.from([...protobufCall(2, 6, refreshToken), ...TAG, key.length, ...Buffer.from(key)]);
    const first = await client.callProtobuf(call(KEY));
    expect(first.state).toBe(0);
    expect(await client.callProtobuf(call(KEY))).toMatchObject({ state: 0, result: first.result });
    expect((await client.callProtobuf(call("short"))).state).toBe(PARSE_FAIL);
  });

  test("[call-5] takes nothing for a key that is none", async () => {
    const { client, refreshToken } = await registered();
    await using _ = client;
    for (const once of ["short", "k".repeat(65), "with spaces in it, too", 7, {}, []]) {
      expect((await client.callJson(refresh(refreshToken, once))).state, JSON.stringify(once)).toBe(
        PARSE_FAIL,
      );
    }
    expect((await client.callJson(refresh(refreshToken, null))).state).toBe(0);
  });
});
