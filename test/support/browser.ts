/**
 * A real browser for tests: Debian's Chromium, driven by playwright-core. Whatever goes wrong on a page (an uncaught
 * error, a console error, a request that fails or leaves the page's origin) fails the test that opened it.
 */
import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const DEFAULT_PATH = "/usr/bin/chromium";

/** Nothing that talks to the network on its own, and nothing that needs a display, a GPU or a user namespace. */
const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page of a browser, in a profile of its own. Disposing of it throws when something went wrong on it. */
export interface TestPage extends AsyncDisposable {
  readonly page: Page;
  /** Takes a problem as expected from now on: the words of a console error that a test causes on purpose. */
  expectProblem(pattern: RegExp): void;
  /** Throws when something went wrong so far that was not expected. */
  assertQuiet(): void;
}

/** A browser. Disposing of it ends its process. */
export interface TestBrowser extends AsyncDisposable {
  /** Opens an empty page. */
  openPage(options?: BrowserContextOptions): Promise<TestPage>;
}

/**
 * Starts Chromium: `MQPLAY_CHROMIUM`, else /usr/bin/chromium.
 * @throws Error that says how to install it when there is none
 */
export async function launchBrowser(): Promise<TestBrowser> {
  const executablePath = process.env["MQPLAY_CHROMIUM"] ?? DEFAULT_PATH;
  if (!existsSync(executablePath)) {
    throw new Error(
      `there is no browser at ${executablePath}; install Debian's (apt-get install chromium) or set MQPLAY_CHROMIUM to the path of a Chromium or Chrome`,
    );
  }
  const browser = await chromium.launch({ executablePath, args: ARGS });
  return {
    openPage: (options) => openPage(browser, options),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<TestPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems: string[] = [];
  const expected: RegExp[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.stack ?? error.message}`));
  page.on("requestfailed", (request) => {
    problems.push(`request failed: ${request.url()}: ${request.failure()?.errorText ?? "unknown"}`);
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    const home = page.mainFrame().url();
    if (
      home !== "about:blank" &&
      protocol !== "data:" &&
      protocol !== "blob:" &&
      origin !== new URL(home).origin
    ) {
      problems.push(`request to another origin: ${request.url()}`);
    }
  });
  const assertQuiet = (): void => {
    const unexpected = problems.filter((problem) => !expected.some((pattern) => pattern.test(problem)));
    if (unexpected.length > 0) throw new Error(`the page had problems:\n${unexpected.join("\n")}`);
  };
  return {
    page,
    expectProblem: (pattern) => void expected.push(pattern),
    assertQuiet,
    async [Symbol.asyncDispose]() {
      await context.close();
      assertQuiet();
    },
  };
}
