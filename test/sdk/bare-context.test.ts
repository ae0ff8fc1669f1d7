/**
 * The SDK, bundled as a mini-game bundles it, in a JavaScript context that has timers, a `wx`-shaped host and nothing
 * else: no WebSocket, crypto, fetch, URL, TextDecoder, process or Buffer.
 */
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { createContext, runInContext } from "node:vm";
import { beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { MiniGameHost } from "@mqplay/client-sdk/minigame";
import { startServer } from "../support/server.ts";
import { bundleForBrowsers } from "./bundle.ts";

let bundle = "";

beforeAll(async () => {
  bundle = await bundleForBrowsers("bare-context-entry.ts");
});

/** The host, on real WebSockets. */
function createHost(): MiniGameHost {
  return {
    connectSocket({ url, protocols }) {
      const socket = new WebSocket(url, protocols);
      socket.binaryType = "arraybuffer";
      return {
        onOpen: (listener) => void socket.on("open", listener),
        onMessage: (listener) => void socket.on("message", (data: unknown) => listener({ data })),
        onClose: (listener) =>
          void socket.on("close", (code, reason) => listener({ code, reason: reason.toString() })),
        onError: (listener) => void socket.on("error", ({ message }) => listener({ errMsg: message })),
        send: ({ data }) => socket.send(new Uint8Array(data)),
        close: ({ code }) => socket.close(code),
      };
    },
    getRandomValues({ length, success }) {
      const bytes = randomBytes(length);
      setTimeout(() => success({ randomValues: new Uint8Array(bytes).buffer }), 1);
    },
  };
}

/** Runs a program in a bare context. It sets `done` to what it came to. */
async function runBare(program: string, globals: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const context = createContext({
      ...globals,
      setTimeout: (task: () => void, delayMs: number) => setTimeout(task, delayMs),
      clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
      done: resolve,
      failed: (message: string) => reject(new Error(message)),
    });
    const wrapped = `(async () => { ${program} })().then(done, (error) => failed(String(error && error.stack)))`;
    runInContext(`${bundle};\n${wrapped}`, context);
  });
}

test("everything of the SDK is at most 30 KB gzipped", () => {
  expect(gzipSync(bundle, { level: 9 }).length).toBeLessThanOrEqual(30_000);
});

test("the context is bare", async () => {
  const names = [
    "WebSocket",
    "crypto",
    "fetch",
    "URL",
    "Headers",
    "TextDecoder",
    "process",
    "Buffer",
    "atob",
  ];
  const found = await runBare(
    `return ${JSON.stringify(names)}.filter((name) => name in globalThis).join()`,
    {},
  );
  expect(found).toBe("");
});

test.each(["json", "protobuf"])("a player registers, is pushed to and kicked, by %s", async (encoding) => {
  await using server = await startServer();
  const program = `
    const options = { platform: mqplay.createMiniGamePlatform(wx), encoding: ${JSON.stringify(encoding)} };
    const account = { username: "mini-gamer", password: "correct horse" };
    const first = await mqplay.connect(url, options);
    const { result } = await first.user.register(account);
    const self = await first.user.getSelfInfo();
    const notice = new Promise((resolve) => first.user.on("onLoginSuccessNotify", resolve));
    const closed = new Promise((resolve) => first.on("closed", resolve));
    const second = await mqplay.connect(url, options);
    await second.user.login(account);
    const refused = await second.user.login({ ...account, password: "wrong" }).catch((error) => error);
    const report = {
      sameUser: self.userData.UserID === result,
      notice: typeof (await notice).msg,
      closed: (await closed).reason,
      refused: mqplay.isMqplayError(refused) && refused.errorName,
    };
    await second.close();
    return JSON.stringify(report);
  `;
  const report = await runBare(program, { wx: createHost(), url: server.wsUrl });
  expect(report).toBe(
    JSON.stringify({ sameUser: true, notice: "string", closed: "kicked", refused: "wrongCredentials" }),
  );
});

test("a server that is not there is told in words", async () => {
  const program = `
    const platform = mqplay.createMiniGamePlatform(wx);
    const error = await mqplay.connect("ws://127.0.0.1:1/ws", { platform }).catch((reason) => reason);
    return error.message;
  `;
  expect(await runBare(program, { wx: createHost() })).toContain("[connectFailed] ");
});
