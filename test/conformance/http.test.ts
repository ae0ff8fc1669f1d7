/**
 * docs/protocol.md, "HTTP".
 */
import { expect } from "vitest";
import {
  PASSWORD,
  isExternal,
  randomName,
  registration,
  serverUnderTest,
  test as clauseTest,
} from "./harness.ts";

const server = serverUnderTest();

const reachable = !isExternal || process.env["MQPLAY_CONFORMANCE_HTTP"] !== undefined;
// An external server whose HTTP address nobody gave cannot be asked.
const test = reachable ? clauseTest : clauseTest.ours;

interface Answer {
  readonly status: number;
  readonly body: { readonly state: number; readonly msg: string; readonly data?: unknown };
}

async function call(path: string, body: string | undefined, token?: string): Promise<Answer> {
  const response = await fetch(`${server.http}/call/${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body }),
  });
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

test("[http-1] runs the same function as MQTT does, as the user of the bearer token", async () => {
  const username = randomName();
  const registered = await call("User/Register", JSON.stringify(registration(username)));
  expect(registered).toMatchObject({ status: 200, body: { state: 0 } });
  const { tokenInfo } = registered.body.data as { tokenInfo: { token: string } };
  const info = await call("User/GetSelfInfo", undefined, tokenInfo.token);
  expect(info).toMatchObject({ status: 200, body: { state: 0, data: { userData: { UserName: username } } } });
  const login = await call("User/Login", JSON.stringify({ username, password: PASSWORD }));
  expect(login).toMatchObject({ status: 200, body: { state: 0, data: { token: expect.any(String) } } });
});

test("[http-1] answers states with a fitting status", async () => {
  expect(await call("User/GetSelfInfo", "{}")).toMatchObject({
    status: 401,
    body: { state: 0xf9, msg: "Need Login first" },
  });
  expect(await call("User/GetSelfInfo", "{}", "bogus")).toMatchObject({ status: 401 });
  expect(await call("User/Nope", "{}")).toMatchObject({ status: 404, body: { state: 0xfc } });
  expect(await call("Nope/Nope", "{}")).toMatchObject({ status: 404, body: { state: 0xfc } });
  expect(await call("User/Login", "no JSON")).toMatchObject({ status: 400, body: { state: 0xfe } });
  expect(await call("User/Login", '{"username":1}')).toMatchObject({ status: 400, body: { state: 0xfe } });
  expect((await call("User/Login", '{"username":"nobody at all","password":"x"}')).body).toMatchObject({
    state: 1,
  });
});
