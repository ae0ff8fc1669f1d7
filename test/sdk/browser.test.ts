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
