/**
 * No secret in any log: a server at level debug, in both formats, sees every function of the user module succeed and
 * fail, clients that misbehave, and its stores go away; then every line is looked through for what it must not have.
 */
import { connect, type TraceEvent } from "@mqplay/client-sdk";
import { createLog, createServer, resolveConfig, type LogFormat, type Server } from "@mqplay/server";
import { expect, test } from "vitest";
import { call } from "../support/http.ts";
import { startMariadb } from "../support/mariadb.ts";
import { isRecord } from "../support/raw-answer.ts";
import { RawClient, randomClientId } from "../support/raw-client.ts";
import { startRedis } from "../support/redis.ts";
import { expectNoSecrets, findSecret, registerSecret } from "../support/secrets.ts";

const REDIS_PASSWORD = "redis-password-1";
const WEBHOOK_SECRET = "webhook-secret-1";
const PHONE = "13912345678";

/** Takes a text as a secret, and returns it. */
function secret(text: string): string {
  registerSecret(text);
  return text;
}

/** A server and what it has logged. */
interface Logged {
  readonly server: Server;
  readonly lines: string[];
  readonly url: string;
  /** The codes that its development sender has written, the latest last. */
  codes(): string[];
}

async function startLogged(format: LogFormat, store: object): Promise<Logged> {
  const lines: string[] = [];
  const config = resolveConfig({
    mqtt: { port: 0 },
    http: { port: 0 },
    store: { data: ":memory:", ...store },
    user: { verification: "code", codeSender: "console", codeSenderSecret: WEBHOOK_SECRET },
    codes: { intervalMs: 0 },
    log: { level: "debug", format },
  });
  const log = createLog({ level: "debug", format, write: (line) => void lines.push(line) });
  const server = await createServer({ config, log });
  await server.start();
  const codes = (): string[] =>
    lines.flatMap((line) => /Verification code for \d+: (\d{6})/.exec(line)?.[1] ?? []);
  return { server, lines, url: `mqtt://127.0.0.1:${server.ports.mqtt}`, codes };
}

/** Every token in an answer is a secret from now on. */
function tokensIn(result: unknown): { token: string; refreshToken: string } {
  const data = isRecord(result) ? (result["tokenInfo"] ?? result["tokenData"] ?? result) : {};
  const { token, refreshToken } = isRecord(data) ? data : {};
  return { token: secret(String(token)), refreshToken: secret(String(refreshToken)) };
}

/** Uses everything that there is, rightly and wrongly. Returns a token and a refresh token that are good. */
async function useEverything({ url, server, codes }: Logged, mark: string) {
  const password = secret(`first-password-${mark}`);
  const second = secret(`second-password-${mark}`);
  const third = secret(`third-password-${mark}`);
  const wrong = secret(`wrong-password-${mark}`);
  const mqttPassword = secret(`mqtt-password-${mark}`);
  await using client = await RawClient.ready(url, { username: mark, password: Buffer.from(mqttPassword) });
  const lastCode = (): string => codes().at(-1) ?? "";

  expect((await client.user("GetVerifyCode", { phoneNumber: PHONE })).state).toBe(0);
  const registration = { username: PHONE, password, verifyCode: lastCode() };
  expect((await client.user("Register", { ...registration, verifyCode: "000000" })).state).toBe(3);
  const registered = await client.user("Register", registration);
  expect(registered.state).toBe(0);
  const first = tokensIn(registered.result);
  expect((await client.user("Register", { ...registration, password: "short" })).state).not.toBe(0);
  // Somebody types the password where the name belongs.
  expect((await client.user("Login", { username: password, password: wrong })).state).toBe(1);
  expect((await client.user("Login", { username: PHONE, password: wrong })).state).toBe(1);
  const login = tokensIn((await client.user("Login", { username: PHONE, password })).result);
  expect((await client.user("GetSelfInfo")).state).toBe(0);

  const refreshed = tokensIn(
    (await client.user("RefreshToken", { refresh_token: login.refreshToken })).result,
  );
  expect((await client.user("RefreshToken", { refresh_token: login.refreshToken })).state).toBe(1);
  expect((await client.user("RefreshToken", { refresh_token: refreshed.refreshToken })).state).toBe(1);
  expect((await client.user("Login", { username: PHONE, password })).state).toBe(0);
  const change = { oldPassword: wrong, newPassword: second };
  expect((await client.user("ChangePasswordByPassword", change)).state).toBe(1);
  expect((await client.user("ChangePasswordByPassword", { ...change, oldPassword: password })).state).toBe(0);

  expect((await client.user("SendForgotPasswordVrifyCode", { phoneNumber: PHONE })).state).toBe(0);
  const byCode = { phoneNumber: PHONE, verifyCode: lastCode(), password: third };
  expect((await client.user("CheckVerifyCodeAvailable", byCode)).state).toBe(0);
  expect((await client.user("ChangePasswordByVerifyCode", { ...byCode, verifyCode: "000000" })).state).toBe(
    1,
  );
  expect((await client.user("ChangePasswordByVerifyCode", byCode)).state).toBe(0);
  expect((await client.user("Logout")).state).not.toBe(0xff);

  // What does not parse, on i, on f and by HTTP.
  await client.callJson(`{"module":"User","func":"Login","params":{"password":"${third}"`);
  await client.callJson({
    module: "User",
    func: "Login",
    params: { username: [third], password: { third } },
  });
  await client.callJson({ module: third, func: third });
  await client.callProtobuf(Uint8Array.from([2, 1, 255, ...Buffer.from(third)]));
  const { http } = server.ports;
  await call(http, "User/Login", `{"password":"${third}"`);
  await call(http, `User/${third}`, { password: third });
  await call(http, "User/GetSelfInfo", undefined, first.token);
  await call(http, "User/GetSelfInfo", undefined, secret(randomClientId(43)));
  client.sendPublish(`ordinary/${mark}`, third);
  client.sendPublish("secret/reserved", third);
  await client.settle();

  // Client ids that are tokens: good, ended, taken; and one that is refused for its will.
  const http2 = await call(http, "User/Login", { username: PHONE, password: third });
  const body = http2.json();
  const good = tokensIn(isRecord(body) ? body["data"] : undefined);
  await using resumed = await RawClient.ready(url, { clientId: good.token, topics: ["p", "q"] });
  expect((await resumed.user("GetSelfInfo")).state).toBe(0);
  const { client: taken, code } = await RawClient.tryConnect(url, { clientId: good.token });
  expect(code).toBe(5);
  await using ended = await RawClient.ready(url, { clientId: first.token });
  expect((await ended.user("GetSelfInfo")).state).toBe(0xf9);
  const will = { topic: "i", payload: Buffer.from(third), qos: 0 as const, retain: false };
  const refused = await RawClient.tryConnect(url, { clientId: secret(randomClientId(43)), will });
  expect(refused.code).toBe(5);
  // There is no packet of kind 0.
  resumed.write(Buffer.from(`\0\x05${third}`));
  await resumed.whenClosed();
  for (const other of [taken, refused.client]) await other[Symbol.asyncDispose]();

  // A key as it is made: the SDK's trace shows it.
  const trace: TraceEvent[] = [];
  await using game = await connect(url, { token: good.token, trace: (event) => trace.push(event) });
  await game.user.getSelfInfo();
  const handshakes = trace.flatMap((event) => (event.kind === "handshake" ? [event] : []));
  expect(handshakes).toHaveLength(1);
  for (const { key, serverString } of handshakes)
    for (const bytes of [key, serverString]) registerSecret(bytes);
  return { ...good, password: third };
}

/** Asks for everything again while a store is away, or all are. */
async function useInVain(
  { url, server }: Logged,
  known: { token: string; refreshToken: string; password: string },
) {
  await using client = await RawClient.ready(url);
  const calls: readonly (readonly [string, object])[] = [
    ["Login", { username: PHONE, password: known.password }],
    ["Register", { username: "13900000000", password: known.password, verifyCode: "123456" }],
    ["RefreshToken", { refresh_token: known.refreshToken }],
    ["CheckVerifyCodeAvailable", { phoneNumber: PHONE, verifyCode: "123456" }],
    ["ChangePasswordByVerifyCode", { phoneNumber: PHONE, verifyCode: "123456", password: known.password }],
    ["GetSelfInfo", {}],
  ];
  for (const [func, params] of calls) {
    const { state, result } = await client.user(func, params);
    expect(state, func).not.toBe(0xff);
    if (state === 0) tokensIn(result);
  }
  await call(server.ports.http, "User/GetSelfInfo", undefined, known.token);
  await call(server.ports.http, "User/Login", { username: PHONE, password: known.password });
  const { client: resuming } = await RawClient.tryConnect(url, { clientId: known.token });
  await resuming[Symbol.asyncDispose]();
}

test("a secret is found as it is, in hexadecimal, in base64, and by its looks", () => {
  const password = secret("needle in a haystack");
  const bytes = Buffer.from(password);
  for (const text of [
    password,
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    bytes.toString("base64"),
  ]) {
    expect(findSecret(`{"message":"x ${text} y"}`), text).toBeDefined();
  }
  expect(findSecret(`token=${randomClientId(43)}`)).toBeDefined();
  expect(findSecret("$argon2id$v=19$m=19456")).toBeDefined();
  expect(findSecret("key d41d8cd98f00b204e9800998ecf8427e")).toBeDefined();
  expect(findSecret('{"login":"1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b","clientId":"abcdef…"}')).toBeUndefined();
});

test("no line of the log has a password, token, code or key in it, whatever happens, at any level", async () => {
  await using redis = await startRedis({ own: true, password: secret(REDIS_PASSWORD) });
  await using mariadb = await startMariadb({ own: true });
  registerSecret(decodeURIComponent(new URL(mariadb.root).password));
  registerSecret(WEBHOOK_SECRET);
  const logged: Logged[] = [];
  try {
    for (const format of ["text", "json"] as const) {
      const store = { accounts: await mariadb.createDatabase(), sessions: `${redis.url}${format}:` };
      logged.push(await startLogged(format, store));
    }
    const known = await Promise.all(logged.map((one, n) => useEverything(one, `mark${n}`)));
    for (const store of [mariadb, redis]) {
      await store.stop();
      for (const [n, one] of logged.entries()) {
        const { token = "", refreshToken = "", password = "" } = known[n] ?? {};
        await useInVain(one, { token, refreshToken, password });
      }
    }
  } finally {
    for (const { server } of logged) await server.stop();
  }
  for (const { lines, codes } of logged) {
    const others = lines.filter((line) => !line.includes("Verification code for"));
    expect(others.length).toBeGreaterThan(10);
    expectNoSecrets(others);
    for (const store of ["MySQL", "Redis"])
      expect(others.join("")).toMatch(new RegExp(`${store} [\\d.:]+ is away`));
    const sent = codes();
    expect(sent).toHaveLength(2);
    for (const code of sent) {
      const alone = new RegExp(`(?<!\\d)${code}(?!\\d)`);
      expect(others.filter((line) => alone.test(line))).toEqual([]);
    }
  }
});
