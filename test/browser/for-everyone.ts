/**
 * What holds for every page: no accessibility violation, no overflow, a keyboard is enough, motion only for who wants it.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";

/** A small phone. */
export const PHONE: BrowserContextOptions = {
  viewport: { width: 375, height: 812 },
  deviceScaleFactor: 2,
  hasTouch: true,
};

let axeSource: Promise<string> | undefined;

/** What axe-core finds wrong, as `rule: element`. */
export async function violations(page: Page): Promise<string[]> {
  axeSource ??= readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  // What still fades in has no colour of its own yet.
  await page.evaluate(
    `Promise.all(document.getAnimations().filter(({ effect }) => effect.getTiming().iterations !== Infinity)
       .map(({ finished }) => finished))`,
  );
  await page.evaluate(await axeSource);
  return page.evaluate<string[]>(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
       violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.target.join(" ") + " " + node.failureSummary)))`,
  );
}

/** By how much the page is wider than the screen, in px. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}

/** Presses Tab until the target has the focus. @throws Error when it never gets it */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  const focused = target.and(page.locator(":focus"));
  for (let presses = 0; presses < 60; presses++) {
    if ((await focused.count()) === 1) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`the Tab key never reaches ${String(target)}`);
}

/** The longest animation or transition that an element of the page may run, in s. */
export async function longestMotionS(page: Page): Promise<number> {
  const durations = await page.evaluate<string[]>(
    `[...document.querySelectorAll("*")].flatMap((element) => {
       const { animationName, animationDuration, transitionDuration } = getComputedStyle(element);
       return [animationName === "none" ? "0s" : animationDuration, transitionDuration];
     })`,
  );
  return Math.max(...durations.flatMap((list) => list.split(", ").map((time) => Number.parseFloat(time))));
}
