/**
 * The demo page for everyone: by keyboard alone, on a phone, in light and dark, with a screen reader, under a strict
 * content security policy.
 */
import type { Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser, type TestBrowser } from "../support/browser.ts";
import { longestMotionS, overflow, PHONE, tabTo, violations } from "./for-everyone.ts";
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

/** Two players, the second one just refused: everything that the page has is in view. */
async function fill(tab: DemoPage): Promise<void> {
  await tab.a.enter();
  await tab.a.press("Who am I?");
  await tab.a.tells(/UserName/);
  await tab.openSecond();
  await tab.b.press("Connect");
  await tab.b.says("Connected, nobody logged in");
  await tab.b.field("Password").fill("not the password");
  await tab.b.press("Log in");
  await tab.b.tells(/wrongCredentials/);
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const [size, options] of [
    ["desk", { viewport: { width: 1280, height: 900 } }],
    ["phone", PHONE],
  ] as const) {
    test(`has no accessibility violation and fits the screen: ${size}, ${colorScheme}`, async () => {
      await using tab = await openDemo(browser, demo, { ...options, colorScheme });
      expect(await violations(tab.page)).toEqual([]);
      expect(await overflow(tab.page)).toBe(0);
      await tab.picture(`${size}-${colorScheme}-1-start`);

      await fill(tab);
      expect(await violations(tab.page)).toEqual([]);
      expect(await overflow(tab.page)).toBe(0);
      await tab.picture(`${size}-${colorScheme}-2-refused`);

      await tab.b.field("Password").fill(await tab.a.field("Password").inputValue());
      await tab.b.press("Log in");
      await tab.a.pushes.getByText("Kicked").waitFor();
      expect(await violations(tab.page)).toEqual([]);
      expect(await overflow(tab.page)).toBe(0);
      await tab.picture(`${size}-${colorScheme}-3-kicked`);
    });
  }
}

test("can be walked by keyboard alone, with the focus always in sight", async () => {
  await using tab = await openDemo(browser, demo);
  const { page, a, b } = tab;
  const button = (panel: Locator, name: string): Locator => panel.getByRole("button", { name, exact: true });
  const press = async (target: Locator): Promise<void> => {
    await tabTo(page, target);
    const outline = await page.evaluate<string>("getComputedStyle(document.activeElement).outlineStyle");
    expect(outline, `the outline of ${String(target)}`).not.toBe("none");
    await page.keyboard.press("Enter");
  };

  await page.keyboard.press("Tab");
  await page.getByRole("link", { name: "Skip to the players" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Enter");
  await press(button(a.region, "Connect"));
  await a.says("Connected, nobody logged in");
  await press(button(a.region, "Register"));
  await a.says(/Logged in as/);
  await press(button(a.region, "Who am I?"));
  await a.tells(/UserName/);

  await press(page.getByRole("button", { name: "Open a second login" }));
  await b.region.getByRole("heading", { name: "Player B" }).and(page.locator(":focus")).waitFor();
  // The second panel has taken the focus: its first control is one Tab away.
  await page.keyboard.press("Tab");
  expect(await b.region.getByRole("radio", { name: "JSON" }).and(page.locator(":focus")).count()).toBe(1);
  await page.keyboard.press("ArrowRight");
  expect(await b.region.getByRole("radio", { name: "Protobuf" }).isChecked()).toBe(true);
  await press(button(b.region, "Connect"));
  await b.says("Connected, nobody logged in");
  // Enter in a field does what the highlighted button does: this account exists, so it logs in.
  await press(b.field("Password"));
  await b.says(/Logged in as/);
  await a.pushes.getByText("Kicked").waitFor();
  await press(button(b.region, "Log out"));
  await b.says("Connected, nobody logged in");
  expect(await button(b.region, "Log out").and(page.locator(":focus")).count(), "focus stays").toBe(1);

  // The log is one stop of the Tab key; arrow keys go from packet to packet.
  const rows = page.locator("#wire tbody tr");
  await tabTo(page, page.locator("#wire tbody button"));
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  const shown = rows.filter({ has: page.locator(":focus") });
  expect(await shown.getAttribute("data-shown")).toBe("true");
  expect(await page.locator("#packet-title").innerText()).toBe(await shown.locator("td").nth(3).innerText());
});

test("announces the status, the last step and pushes, and labels every field", async () => {
  await using tab = await openDemo(browser, demo);
  // Live regions are there before they have anything to say, or nobody hears the first thing.
  expect(await tab.a.region.getByRole("status").count()).toBe(2);
  expect(await tab.a.pushes.count()).toBe(1);
  await fill(tab);
  expect(await tab.b.pushes.count()).toBe(1);
  expect(await tab.page.locator("input:not([id]):not([type=radio])").count()).toBe(0);
});

test("moves nothing for people who asked for reduced motion", async () => {
  await using tab = await openDemo(browser, demo, { reducedMotion: "reduce" });
  await tab.a.enter();
  await tab.a.press("Who am I?");
  await tab.a.tells(/UserName/);
  expect(await longestMotionS(tab.page)).toBeLessThanOrEqual(0.001);
});

test("runs under a policy without inline scripts, inline styles or eval, and asks no other host for anything", async () => {
  await using tab = await openDemo(browser, demo);
  const response = await tab.page.reload();
  const policy = response?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain("unsafe");
  await fill(tab);
  tab.assertQuiet();
});
