/**
 * The demo page in Chromium: the flows that it offers, with one player and with two.
 * Pictures of each state are left in test/.artifacts/demo for people to look at.
 */
import { createDecipheriv, createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, type TestBrowser } from "../support/browser.ts";
import { freePort } from "../support/ports.ts";
import { openCuttableLink } from "./cuttable-link.ts";
import { openDemo, serveDemo, type DemoPage, type DemoServer } from "./demo-page.ts";

let browser: TestBrowser;
let demo: DemoServer;

beforeAll(async () => {
  browser = await launchBrowser();
  demo = await serveDemo();
});

afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await demo[Symbol.asyncDispose]();
});

/** Waits until a packet with this meaning is in the log, and returns its row's cells. */
async function packet(tab: DemoPage, letter: "A" | "B", meaning: string): Promise<string[]> {
  const row = tab.page.locator(`#wire tr.hue-${letter}`, { hasText: meaning }).last();
  await row.waitFor();
  return row.locator("td").allInnerTexts();
}

for (const encoding of ["JSON", "Protobuf"] as const) {
  const topic = encoding === "JSON" ? "i" : "f";

  test(`walks from connecting to disconnecting, calls written in ${encoding}`, async () => {
    await using tab = await openDemo(browser, demo);
    const { a, b } = tab;
    const pictureName = (name: string): string => `${encoding.toLowerCase()}-${name}`;
    await tab.picture(pictureName("1-start"));

    await a.choose(encoding);
    await a.press("Connect");
    await a.says("Connected, nobody logged in");
    await tab.picture(pictureName("2-connected"));

    const username = await a.field("User name").inputValue();
    await a.press("Register");
    await a.says(`Logged in as ${username}`);
    await a.tells(/User\.Register answered in [\d.]+ ms\./);
    await tab.picture(pictureName("3-registered"));

    await a.press("Who am I?");
    await a.tells(new RegExp(`"UserName": "${username}"`));
    expect(await a.code.innerText()).toContain("await game.user.getSelfInfo()");
    const call = await packet(tab, "A", "Call User.GetSelfInfo");
    const answer = await packet(tab, "A", "Answer User.GetSelfInfo");
    // Time, way, meaning, packet, topic, QoS, identifier: the answer carries the call's. [answer-1]
    expect(call.slice(2, 6)).toEqual(["Call User.GetSelfInfo", "PUBLISH", topic, "1"]);
    expect(answer.slice(2, 7)).toEqual(["Answer User.GetSelfInfo", "PUBLISH", topic, "1", call[6]]);
    await tab.picture(pictureName("4-who-am-i"));

    await tab.openSecond();
    expect(await b.field("User name").inputValue()).toBe(username);
    await b.choose(encoding);
    await b.press("Connect");
    await b.says("Connected, nobody logged in");
    await b.press("Log in");
    await b.says(`Logged in as ${username}`);
    await a.pushes.getByText("Other client Login").waitFor();
    await a.pushes.getByText("User.onLoginSuccessNotify").waitFor();
    await a.pushes.getByText("Kicked").waitFor();
    await a.says("Not connected");
    expect(await a.code.innerText()).toContain('game.user.on("onLoginSuccessNotify"');
    await packet(tab, "A", "Push User.onLoginSuccessNotify");
    await tab.picture(pictureName("5-second-login"));

    await b.press("Log out");
    await b.says("Connected, nobody logged in");
    await b.press("Who am I?");
    await b.tells(/state 249/);
    await b.tells(/needLogin/);
    await packet(tab, "B", "Answer User.GetSelfInfo: state 249 needLogin");
    await tab.picture(pictureName("6-logged-out"));

    await b.press("Disconnect");
    await b.says("Not connected");
    await b.tells("Disconnected.");
    await packet(tab, "B", "Leaves");
    await tab.picture(pictureName("7-disconnected"));
  });
}

test("shows a key that opens the ciphertext it shows", async () => {
  await using tab = await openDemo(browser, demo);
  await tab.a.enter();
  await tab.a.press("Who am I?");
  await tab.a.tells(/UserName/);

  const picture = async (name: string): Promise<Buffer> => {
    const label = await tab.page.getByRole("img", { name }).getAttribute("aria-label");
    return Buffer.from((label ?? "").replace(/^.*: /, "").replaceAll(" ", ""), "hex");
  };
  const joined = await picture("Client id and server string, joined");
  const swapped = await picture("The same bytes after both swaps");
  const key = await picture("Key");
  // [handshake-2]: B[32] with B[6], then B[48] with B[31], then MD5.
  const byHand = Buffer.from(joined);
  for (const [from, to] of [
    [32, 6],
    [48, 31],
  ] as const) {
    const kept = byHand.readUInt8(from);
    byHand.writeUInt8(byHand.readUInt8(to), from);
    byHand.writeUInt8(kept, to);
  }
  expect(joined).toHaveLength(64);
  expect(swapped).toEqual(byHand);
  expect(key).toEqual(createHash("md5").update(byHand).digest());

  await tab.page.locator("#wire tr", { hasText: "Call User.GetSelfInfo" }).click();
  const dump = await tab.page.getByRole("group", { name: "Bytes on the wire" }).innerText();
  const hex = dump.split("\n").map((line) => line.slice(6, 6 + 23));
  const sealed = Buffer.from(hex.join("").replaceAll(" ", ""), "hex");
  const opened = createDecipheriv("aes-128-ctr", key, key).update(sealed).toString();
  expect(JSON.parse(opened)).toMatchObject({ module: "User", func: "GetSelfInfo" });
  const shown = await tab.page.getByRole("group", { name: "Plaintext" }).innerText();
  expect(JSON.parse(shown)).toEqual(JSON.parse(opened));
});

test("says errors as sentences, with the state and its name", async () => {
  await using tab = await openDemo(browser, demo);
  const { a, b } = tab;
  // A step that has to wait says why: its button can be reached and pressed all the same.
  await a.region.getByRole("button", { name: "Register" }).click({ force: true });
  await a.tells("Connect first: there is no connection to call through.");

  const username = await a.enter();
  await a.press("Register");
  await a.tells(/Could not register: .+/);
  await a.tells(/state 2\s*accountTaken/);

  await tab.openSecond();
  await b.press("Connect");
  await b.says("Connected, nobody logged in");
  await b.field("Password").fill("not the password");
  await b.press("Log in");
  await b.tells(/state 1\s*wrongCredentials/);
  expect(await b.outcome.innerText()).toMatch(/^Could not log in: \S.+\.\n/);
  await packet(tab, "B", "Answer User.Login: state 1 wrongCredentials");
  await a.says(`Logged in as ${username}`);
  await tab.picture("8-wrong-password");
});

test("says what was tried when no server is there, and when the server goes away", async () => {
  await using second = await serveDemo();
  await using tab = await openDemo(browser, second);
  // Chromium itself reports each WebSocket that cannot be opened.
  tab.expectProblem(/WebSocket connection to 'ws:\/\/127\.0\.0\.1:\d+\/ws' failed/);
  const { a } = tab;
  const url = await a.field("Server").inputValue();
  const elsewhere = `ws://127.0.0.1:${await freePort()}/ws`;
  await a.field("Server").fill(elsewhere);
  await a.press("Connect");
  await a.tells(/Could not connect: /);
  await a.tells("connectFailed");
  expect(await a.outcome.innerText()).toContain(elsewhere);
  await tab.picture("9-no-server");

  await a.field("Server").fill(url);
  await a.enter();
  await second.server.stop();
  await a.says("Connection lost, reconnecting…");
  await tab.picture("10-reconnecting");
  await a.press("Disconnect");
  await a.says("Not connected");
});

test("comes back by itself after a cut, and the player is still logged in [connect-5]", async () => {
  await using link = await openCuttableLink(demo.server.ports.http);
  await using tab = await openDemo(browser, demo);
  const { a, page } = tab;
  await a.field("Server").fill(`ws://127.0.0.1:${link.port}/ws`);
  const username = await a.enter();

  link.cut();
  // The token is the client id of the new connection: 43 bytes of it, and another key.
  await page.getByText("43 bytes from CONNECT").waitFor();
  await a.says(`Logged in as ${username}`);
  await a.press("Who am I?");
  await a.tells(new RegExp(`"UserName": "${username}"`));
  expect(await a.pushes.innerText(), "nobody was kicked").toBe("");
});

test("keeps a bounded number of packets, shows one player's on demand, and forgets them on demand", async () => {
  await using tab = await openDemo(browser, demo);
  const { a, b, page } = tab;
  const username = await a.enter();
  await tab.openSecond();
  await b.field("User name").fill(`${username}-b`);
  await b.press("Connect");
  await b.says("Connected, nobody logged in");
  await page.locator("#wire").getByRole("radio", { name: "B", exact: true }).check();
  expect(await page.locator("#wire tbody tr.hue-A").count()).toBe(0);
  expect(await page.locator("#wire tbody tr.hue-B").count()).toBeGreaterThan(5);
  await page.locator("#wire").getByRole("radio", { name: "Both" }).check();

  const gone = page.getByText(/\d+ older packets are no longer kept\./);
  for (let call = 0; call < 110 && !(await gone.isVisible()); call++) {
    await a.press("Who am I?");
    await a.outcome.filter({ hasText: "UserName" }).waitFor();
  }
  await gone.waitFor();
  expect(await page.locator("#wire tbody tr:not(.wire-gone)").count()).toBe(300);

  await page.getByRole("button", { name: "Clear" }).click();
  expect(await page.locator("#wire tbody tr").count()).toBe(0);
});

test("keeps only the newest ping of each player, so that an idle page loses nothing", async () => {
  await using tab = await openDemo(browser, demo, { clock: true });
  const { a, page } = tab;
  await a.enter();
  const pings = page.locator("#wire tr", { hasText: "PINGREQ" });
  const times: string[] = [];
  for (let round = 0; round < 3; round++) {
    await page.clock.runFor("00:07");
    // The answer to this ping, not the one before: time runs on only then, or the link would count as dead.
    await pings.locator('xpath=following-sibling::tr[contains(., "PINGRESP")]').first().waitFor();
    expect(await pings.count()).toBe(1);
    times.push(await pings.locator("td").first().innerText());
  }
  expect(new Set(times).size).toBe(3);
  expect(await page.locator("#wire tr", { hasText: "CONNACK" }).count()).toBe(1);
});
