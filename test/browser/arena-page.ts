/**
 * The arena's page as tests see it: one window, its parts by the names that a person reads.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContextOptions, Locator } from "playwright-core";
import { FIELD, RADIUS } from "../../apps/demo-web/arena/rules.ts";
import type { TestBrowser, TestPage } from "../support/browser.ts";
import { repository } from "../support/server.ts";

/** Who is drawn at the same place for so long stands still, in ms. */
const STANDING_MS = 60;

/** What is true of a place at a wall. */
const WALLS = {
  left: `x === ${String(RADIUS)}`,
  right: `x === ${String(FIELD.width - RADIUS)}`,
  bottom: `y === ${String(FIELD.height - RADIUS)}`,
} as const;

type Wall = keyof typeof WALLS;

const pictures = join(repository, "test/.artifacts/arena");

/** A window with the arena. */
export interface ArenaWindow extends TestPage {
  readonly field: Locator;
  readonly status: Locator;
  /** Waits until the status line says so. */
  says(status: string | RegExp): Promise<void>;
  /** Comes into the room under a name. */
  enter(name: string): Promise<void>;
  /** The list of players, one line each: `Ann you 3 points`. */
  players(): Promise<string[]>;
  /** Waits until the list of players is this. */
  lists(...players: readonly RegExp[]): Promise<void>;
  /** Where a player is drawn. */
  placeOf(name: string): Promise<{ x: number; y: number }>;
  /** Waits until an expression is true in the page, looking at every frame. */
  until(condition: string): Promise<void>;
  /** Waits until a player stands still here, at a wall where one is named. */
  stands(name: string, where?: { at?: Wall }): Promise<void>;
  /** Takes a picture of the whole page, for people to look at. */
  picture(name: string): Promise<void>;
}

/** Opens the arena at an address. */
export async function openArena(
  browser: TestBrowser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<ArenaWindow> {
  const tab = await browser.openPage(options);
  const { page } = tab;
  await page.goto(url);
  const status = page.getByRole("status");
  const items = page.getByRole("region", { name: "Players" }).getByRole("listitem");
  // By evaluate(), which the page's content security policy does not concern.
  const until = (condition: string): Promise<void> =>
    page.evaluate<void>(
      `new Promise((done) => { const look = () => (${condition} ? done() : requestAnimationFrame(look)); look(); })`,
    );
  const says = (text: string | RegExp): Promise<void> => status.filter({ hasText: text }).waitFor();
  return {
    ...tab,
    field: page.getByRole("application", { name: "The field" }),
    status,
    says,
    async enter(name) {
      await page.getByLabel("Your name").fill(name);
      await page.getByRole("button", { name: "Play", exact: true }).click();
      await says("In the room");
    },
    players: () =>
      items.allInnerTexts().then((texts) => texts.map((text) => text.replaceAll(/\s+/g, " ").trim())),
    async lists(...players) {
      for (const [index, player] of players.entries())
        await items.nth(index).filter({ hasText: player }).waitFor();
      await items.nth(players.length).waitFor({ state: "detached" });
    },
    async placeOf(name) {
      const figure = page.locator(".figure", { has: page.getByText(name, { exact: true }) });
      const [x = NaN, y = NaN] =
        ((await figure.getAttribute("transform")) ?? "").match(/[\d.]+/g)?.map(Number) ?? [];
      return { x, y };
    },
    until,
    async stands(name, { at } = {}) {
      await page.evaluate(`{
        globalThis.placeOf = (name) =>
          [...document.querySelectorAll(".figure")].find((each) => each.textContent.includes(name))?.getAttribute("transform");
        globalThis.standsSinceMs = undefined;
      }`);
      await until(`(() => {
        const before = globalThis.lastPlace;
        globalThis.lastPlace = placeOf(${JSON.stringify(name)});
        if (lastPlace === undefined || before !== lastPlace) globalThis.standsSinceMs = performance.now();
        const [x, y] = (lastPlace?.match(/[\\d.]+/g) ?? []).map(Number);
        return performance.now() - standsSinceMs > ${String(STANDING_MS)} && ${at === undefined ? "true" : WALLS[at]};
      })()`);
    },
    async picture(name) {
      await mkdir(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true, animations: "disabled" });
    },
  };
}
