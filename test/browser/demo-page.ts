/**
 * The demo page as tests see it: built once, served by our server, its parts by the names that a person reads.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import type { ServerModule } from "@mqplay/server";
import { build } from "vite";
import type { TestBrowser, TestPage } from "../support/browser.ts";
import { repository, startServer, temporaryFolder, type TestServer } from "../support/server.ts";

const pictures = join(repository, "test/.artifacts/demo");

/** The server with the page at `/`. */
export interface DemoServer extends AsyncDisposable {
  readonly server: TestServer;
}

/** Builds the page into a folder of its own and starts a server on it, with the modules given. */
export async function serveDemo(modules: readonly ServerModule[] = []): Promise<DemoServer> {
  const folder = await temporaryFolder();
  try {
    await build({
      root: join(repository, "apps/demo-web"),
      logLevel: "warn",
      build: { outDir: folder.path, emptyOutDir: true },
    });
    const server = await startServer({ modules, settings: { http: { root: folder.path } } });
    return {
      server,
      async [Symbol.asyncDispose]() {
        await server.stop();
        await folder[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

/** The page, open in a browser. */
export interface DemoPage extends TestPage {
  readonly a: PlayerPanel;
  readonly b: PlayerPanel;
  /** Opens the second panel. */
  openSecond(): Promise<void>;
  /** Takes a picture of the whole page, for people to look at. */
  picture(name: string): Promise<void>;
}

/** How a test wants the page opened. */
export interface DemoOptions extends BrowserContextOptions {
  /** True puts the page's timers into the test's hands: `page.clock`. */
  readonly clock?: boolean;
}

/** Opens the page. */
export async function openDemo(
  browser: TestBrowser,
  { server }: DemoServer,
  { clock = false, ...options }: DemoOptions = {},
): Promise<DemoPage> {
  const tab = await browser.openPage(options);
  const { page } = tab;
  if (clock) await page.clock.install();
  await page.goto(`${server.httpUrl}/`);
  return {
    ...tab,
    a: new PlayerPanel(page, "A"),
    b: new PlayerPanel(page, "B"),
    openSecond: () => page.getByRole("button", { name: "Open a second login" }).click(),
    async picture(name) {
      await mkdir(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true, animations: "disabled" });
    },
  };
}

/** One player's panel. */
export class PlayerPanel {
  readonly region: Locator;
  /** The line that says where the player is. */
  readonly status: Locator;
  /** What came of the last step. */
  readonly outcome: Locator;
  /** What the server sent of its own accord. */
  readonly pushes: Locator;
  /** The code for the last step. */
  readonly code: Locator;

  constructor(page: Page, letter: "A" | "B") {
    this.region = page.getByRole("region", { name: `Player ${letter}`, exact: true });
    this.status = this.region.getByRole("status").first();
    this.outcome = this.region.getByRole("status", { name: `Last step of player ${letter}` });
    this.pushes = this.region.getByRole("log");
    this.code = this.region.getByRole("group", { name: `Code of player ${letter}'s last step` });
  }

  /** Presses the button with this name. */
  press(name: string): Promise<void> {
    return this.region.getByRole("button", { name, exact: true }).click();
  }

  /** Chooses the encoding of the calls to come. */
  async choose(encoding: "JSON" | "Protobuf"): Promise<void> {
    await this.region.getByRole("radio", { name: encoding }).check();
  }

  field(label: string): Locator {
    return this.region.getByLabel(label, { exact: true });
  }

  /** Waits until the status line says so. */
  async says(status: string | RegExp): Promise<void> {
    await this.status.filter({ hasText: status }).waitFor();
  }

  /** Waits until the last step's result says so. */
  async tells(outcome: string | RegExp): Promise<void> {
    await this.outcome.filter({ hasText: outcome }).waitFor();
  }

  /** Connects and registers with the names that the page has made up. Returns the user name. */
  async enter(): Promise<string> {
    await this.press("Connect");
    await this.says("Connected, nobody logged in");
    await this.press("Register");
    const username = await this.field("User name").inputValue();
    await this.says(`Logged in as ${username}`);
    return username;
  }
}
