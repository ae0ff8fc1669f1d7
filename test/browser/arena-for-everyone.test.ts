/**
 * The arena for everyone: by keyboard alone, by touch, on a phone, in light and dark, with a screen reader, under a
 * strict content security policy.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createArena } from "../../apps/demo-web/arena/server/arena.ts";
import { launchBrowser, type TestBrowser } from "../support/browser.ts";
import { openArena } from "./arena-page.ts";
import { serveDemo, type DemoServer } from "./demo-page.ts";
import { longestMotionS, overflow, PHONE, tabTo, violations } from "./for-everyone.ts";

let browser: TestBrowser;
let demo: DemoServer;
let rooms = 0;

beforeAll(async () => {
  browser = await launchBrowser();
  demo = await serveDemo([createArena()]);
});

afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await demo[Symbol.asyncDispose]();
});

function newRoom(): string {
  rooms += 1;
  return `${demo.server.httpUrl}/arena/?room=open-${rooms}`;
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const [size, options] of [
    ["desk", { viewport: { width: 1280, height: 800 } }],
    ["phone", PHONE],
  ] as const) {
    test(`has no accessibility violation and fits the screen: ${size}, ${colorScheme}`, async () => {
      const url = newRoom();
      await using tab = await openArena(browser, url, { ...options, colorScheme });
      expect(await violations(tab.page)).toEqual([]);
      expect(await overflow(tab.page)).toBe(0);
      await tab.picture(`${size}-${colorScheme}-1-outside`);

      await using other = await openArena(browser, url);
      await other.enter("Mwmwmwmwmwmwmwmwmwmw"); // as wide as names get
      await other.page.keyboard.down("ArrowRight");
      await tab.enter("Ann");
      await tab.stands("Mw", { at: "right" });
      expect(await violations(tab.page)).toEqual([]);
      expect(await overflow(tab.page)).toBe(0);
      await tab.picture(`${size}-${colorScheme}-2-inside`);
      const name = await tab.page.getByText("Mwmw").first().boundingBox();
      const field = await tab.field.boundingBox();
      expect((name?.x ?? NaN) + (name?.width ?? NaN), "the name stays on the field").toBeLessThanOrEqual(
        (field?.x ?? NaN) + (field?.width ?? NaN) + 1,
      );
    });
  }
}

test("can be played by keyboard alone, with the focus always in sight", async () => {
  await using tab = await openArena(browser, newRoom());
  const { page, field } = tab;
  await page.keyboard.press("Tab");
  await page.getByRole("link", { name: "Skip to the field" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByLabel("Your name"));
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("Ann");
  await page.keyboard.press("Enter");
  await tab.says("In the room");

  await field.and(page.locator(":focus")).waitFor();
  const ring = `getComputedStyle(document.querySelector(".stage"), "::after").borderStyle`;
  expect(await page.evaluate(ring), "the field shows that it has the focus").toBe("solid");
  await tab.picture("desk-light-7-keyboard");
  const scrolled = await page.evaluate("scrollX + scrollY");
  for (const [key, wall] of [
    ["ArrowRight", "right"],
    ["s", "bottom"],
    ["a", "left"],
  ] as const) {
    await page.keyboard.down(key);
    await tab.stands("Ann", { at: wall });
    await page.keyboard.up(key);
  }
  expect(await page.evaluate("scrollX + scrollY"), "arrow keys scroll nothing while they steer").toBe(
    scrolled,
  );

  // Two keys are one direction, and a key that is still down when the focus goes steers no more.
  const before = await tab.placeOf("Ann");
  await page.keyboard.down("ArrowUp");
  await page.keyboard.down("ArrowRight");
  await tab.until(`placeOf("Ann") !== lastPlace`);
  await page.keyboard.press("Tab");
  expect(await field.and(page.locator(":focus")).count(), "the field is no trap").toBe(0);
  expect(await page.evaluate(ring)).toBe("none");
  await tab.stands("Ann");
  const after = await tab.placeOf("Ann");
  expect(after.x).toBeGreaterThan(before.x);
  expect(after.y).toBeLessThan(before.y);
  await page.keyboard.up("ArrowUp");
  await page.keyboard.up("ArrowRight");

  await tabTo(page, page.getByRole("button", { name: "Leave" }));
  await page.keyboard.press("Enter");
  await tab.says("Not in the room");
  await page.getByLabel("Your name").and(page.locator(":focus")).waitFor();
});

test("is played by touch: a player walks to where the finger was, and stops there", async () => {
  await using tab = await openArena(browser, newRoom(), PHONE);
  await tab.enter("Ann");
  await tab.stands("Ann");
  const box = await tab.field.boundingBox();
  if (box === null) throw new Error("the field is not drawn");
  const scale = box.width / 540;
  for (const [x, y] of [
    [400, 100],
    [100, 250],
    [530, 350],
  ] as const) {
    await tab.page.touchscreen.tap(box.x + x * scale, box.y + y * scale);
    await tab.until(`placeOf("Ann") !== lastPlace`);
    await tab.stands("Ann");
    const place = await tab.placeOf("Ann");
    expect(Math.hypot(place.x - Math.min(x, 526), place.y - Math.min(y, 346))).toBeLessThan(8);
  }
});

test("lists the players as text and tells what happens, and describes the field", async () => {
  const url = newRoom();
  await using tab = await openArena(browser, url);
  const news = tab.page.getByRole("log", { name: "What happens in the room" });
  expect(await news.count(), "there before it has anything to say").toBe(1);
  await tab.enter("Ann");
  await using other = await openArena(browser, url);
  await other.enter("Bob");
  await news.filter({ hasText: "Bob: is here" }).waitFor();
  await other.page.getByRole("button", { name: "Leave" }).click();
  await news.filter({ hasText: "Bob: has left" }).waitFor();
  const described = await tab.field.getAttribute("aria-describedby");
  expect(await tab.page.locator(`#${described ?? ""}`).innerText()).toContain("arrow keys");
});

test("moves nothing but players for people who asked for reduced motion", async () => {
  await using tab = await openArena(browser, newRoom(), { reducedMotion: "reduce" });
  await tab.enter("Ann");
  expect(await longestMotionS(tab.page)).toBeLessThanOrEqual(0.001);
});

test("runs under a policy without inline scripts, inline styles or eval, and asks no other host for anything", async () => {
  await using tab = await openArena(browser, newRoom());
  const response = await tab.page.reload();
  const policy = response?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'self'");
  expect(policy).not.toContain("unsafe");
  await tab.enter("Ann");
  tab.assertQuiet();
});

test("is one click from the first page, and back", async () => {
  await using tab = await openArena(browser, `${demo.server.httpUrl}/`);
  await tab.page.getByRole("link", { name: "Arena" }).click();
  await tab.page.getByRole("heading", { name: "mqplay arena" }).waitFor();
  await tab.page.getByRole("link", { name: "Demo and wire" }).click();
  await tab.page.getByRole("heading", { name: "mqplay", exact: true }).waitFor();
  expect(new URL(tab.page.url()).pathname).toBe("/");
});
