/**
 * The SDK in Chromium, with the light link that it takes there and with mqtt.js by option.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, type TestBrowser } from "../support/browser.ts";
import { startServer } from "../support/server.ts";
import { bundleForBrowsers } from "./bundle.ts";

let bundle = "";
let browser: TestBrowser | undefined;

beforeAll(async () => {
  bundle = await bundleForBrowsers("browser-entry.ts");
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
});

const program = `(async ({ url, useMqttJs, encoding }) => {
  const options = { encoding, ...(useMqttJs ? { link: mqplay.mqttJsLink } : {}) };
  const account = { username: "browser-player", password: "correct horse" };
  const first = await mqplay.connect(url, options);
  const { result } = await first.user.register(account);
  const self = await first.user.getSelfInfo();
  const kicked = new Promise((resolve) => first.on("closed", resolve));
  const second = await mqplay.connect(url, options);
  await second.user.login(account);
  const many = await Promise.all(Array.from({ length: 100 }, () => second.user.getSelfInfo()));
  const refused = await mqplay.connect("ws://127.0.0.1:1/ws", options).catch((error) => error);
  const report = {
    sameUser: self.userData.UserID === result && many.every(({ userData }) => userData.UserID === result),
    closed: (await kicked).reason,
    refused: mqplay.isMqplayError(refused) && refused.code,
  };
  await second.close();
  return report;
})`;

test.each([
  ["the light link", "json", false],
  ["the light link", "protobuf", false],
  ["mqtt.js", "json", true],
])("a player registers, is kicked and goes on, with %s by %s", async (_name, encoding, useMqttJs) => {
  await using server = await startServer();
  if (browser === undefined) throw new Error("there is no browser");
  await using opened = await browser.openPage();
  // The page is no page: it has no icon.
  opened.expectProblem(/status of 404/);
  opened.expectProblem(/ERR_UNSAFE_PORT|ERR_CONNECTION_REFUSED|127\.0\.0\.1:1\b/);
  await opened.page.goto(`${server.httpUrl}/healthz`);
  await opened.page.addScriptTag({ content: bundle });
  const options = JSON.stringify({ url: server.wsUrl, useMqttJs, encoding });
  const report: unknown = await opened.page.evaluate(`${program}(${options})`);
  expect(report).toEqual({ sameUser: true, closed: "kicked", refused: "connectFailed" });
});

test("two tabs keep one login in localStorage, and a reload finds it there", async () => {
  const user = { accessTokenTtlMs: 1_000, sessionTtlMs: 1_000, singleLogin: "allow" };
  await using server = await startServer({ settings: { user } });
  if (browser === undefined) throw new Error("there is no browser");
  await using opened = await browser.openPage();
  opened.expectProblem(/status of 404/);
  const other = await opened.page.context().newPage();
  const start = async (page: typeof opened.page): Promise<void> => {
    await page.goto(`${server.httpUrl}/healthz`);
    await page.addScriptTag({ content: bundle });
    await page.evaluate(`(async () => {
      globalThis.over = 0;
      globalThis.game = await mqplay.connect("${server.wsUrl}", { tokens: mqplay.localStorageTokens("game") });
      game.on("login", ({ name }) => { if (name === "over") over++; });
    })()`);
  };
  /** Waits until the login was refreshed so often, and asks who is logged in and how often nobody was. */
  const refreshed = (times: number): string => `new Promise((resolve) => {
    let times = 0;
    let until = 0;
    const stop = game.on("login", (state) => {
      if (state.name !== "loggedIn" || state.untilMs <= until) return;
      until = state.untilMs;
      if (++times < ${times}) return;
      stop();
      game.user.getSelfInfo().then(({ userData }) => resolve(userData.UserID + " " + over));
    });
  })`;
  await start(opened.page);
  const userId = await opened.page.evaluate(
    `game.user.register({ username: "tab-player", password: "correct horse" }).then(({ result }) => result)`,
  );
  await start(other);
  expect(await other.evaluate("game.login.user.userId")).toBe(userId);
  const both = await Promise.all([opened.page.evaluate(refreshed(4)), other.evaluate(refreshed(4))]);
  expect(both).toEqual([`${String(userId)} 0`, `${String(userId)} 0`]);
  await start(opened.page);
  expect(await opened.page.evaluate("game.login.user.userId")).toBe(userId);
  await other.evaluate("game.user.logout()");
  expect(await other.evaluate(`localStorage.getItem("game")`)).toBeNull();
});
