/**
 * docs/guide/first-module.md, done by the letter in an empty folder: its files, its commands, its page in a browser, its
 * own test. Only one thing differs for who reads it: the packages come as tarballs of this build, not from the registry.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { run, startProcess, type RunningProcess } from "../support/process.ts";
import { repository, temporaryFolder, type TemporaryFolder } from "../support/server.ts";
import { codeBlocks, type CodeBlock } from "./code-blocks.ts";

const SERVER = "npx tsx src/server.ts\n";

/** Installing waits for a registry. */
const STEP_MS = 60_000;

describe("the guide to a first module", () => {
  let folder: TemporaryFolder;
  let app: string;
  let blocks: readonly CodeBlock[];
  let tarballs: Readonly<Record<string, string>>;
  const printed = new Map<string, string>();

  beforeAll(async () => {
    folder = await temporaryFolder();
    app = join(folder.path, "clicks");
    await mkdir(app);
    blocks = codeBlocks(await readFile(join(repository, "docs/guide/first-module.md"), "utf8"));
    tarballs = await pack(folder.path);
  }, STEP_MS);

  afterAll(async () => {
    await folder?.[Symbol.asyncDispose]();
  });

  it("gives files and commands that work in their order", { timeout: 2 * STEP_MS }, async () => {
    for (const { file, language, text } of blocks) {
      if (file !== undefined) {
        await mkdir(dirname(join(app, file)), { recursive: true });
        await writeFile(join(app, file), text);
      } else if (language === "sh" && text !== SERVER) {
        const command = fromTarballs(text, tarballs);
        const { code, stdout, stderr } = await run("sh", ["-e", "-c", command], {
          cwd: app,
          env: readersEnvironment(),
          timeoutMs: STEP_MS,
        });
        if (code !== 0) throw new Error(`${command}ended with ${code}:\n${stdout}${stderr}`);
        printed.set(text, stdout);
      }
    }
    // Every block was one or the other, and the server is there to be run.
    expect(blocks.filter(({ file, language }) => file === undefined && language !== "sh")).toEqual([]);
    expect(blocks.map(({ text }) => text)).toContain(SERVER);
  });

  it("has a test that passes", () => {
    expect(printed.get("npx vitest run\n")).toMatch(/Tests +2 passed/);
  });

  it(
    "ends with a page that calls the server, and two windows that count together",
    { timeout: STEP_MS },
    async () => {
      await using server = startInteractively(SERVER);
      const url = (await server.process.line(/^Open http/, { timeoutMs: 20_000 })).replace("Open ", "");
      await using browser = await launchBrowser();
      await using first = await browser.openPage();
      await using second = await browser.openPage();

      await first.page.goto(url);
      await first.page.click("#click");
      await first.page.locator("#total", { hasText: /^1$/ }).waitFor();
      await second.page.goto(url);
      await second.page.click("#click");
      await second.page.locator("#total", { hasText: /^2$/ }).waitFor();

      expect(await second.page.locator("p").textContent()).toBe("Clicks so far: 2");
    },
  );

  it("has a server that Ctrl+C stops", async () => {
    await using server = startInteractively(SERVER);
    await server.process.line(/^Open http/, { timeoutMs: 20_000 });
    server.signal("SIGINT");
    const { stdout, stderr } = await server.process.ended;
    expect(stdout + stderr).toContain("the server has stopped");
  });

  /** Runs a command as a terminal would: a group of processes of its own, which gets the signals. */
  function startInteractively(command: string): Interactive {
    const process = startProcess("setsid", ["sh", "-c", command], {
      cwd: app,
      env: { ...readersEnvironment(), MQPLAY_HTTP_PORT: "0", MQPLAY_MQTT_PORT: "0" },
    });
    return new Interactive(process);
  }
});

/** A command and the processes that it starts. Disposing kills them all. */
class Interactive implements AsyncDisposable {
  readonly process: RunningProcess;

  constructor(process: RunningProcess) {
    this.process = process;
  }

  /** Signals the whole group, as the keyboard of a terminal does. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.process;
    if (pid === undefined) throw new Error("the command was not started");
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // Nobody is left in the group.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.process[Symbol.asyncDispose]();
  }
}

/** Packs what was built. @returns the tarballs by the packages' names */
async function pack(destination: string): Promise<Record<string, string>> {
  const names = ["shared", "server", "client-sdk"];
  const entries = await Promise.all(
    names.map(async (name) => {
      const { code, stdout, stderr } = await run(
        "npm",
        ["pack", "--json", "--ignore-scripts", "--pack-destination", destination],
        { cwd: join(repository, "packages", name), env: readersEnvironment(), timeoutMs: STEP_MS },
      );
      expect(code, stderr).toBe(0);
      const tarball = /"filename": "(?<file>[^"]+\.tgz)"/.exec(stdout)?.groups?.["file"];
      if (tarball === undefined) throw new Error(`npm pack names no tarball: ${stdout}`);
      // Without the build there would be sources alone, and every later step would fail for a reason hard to see.
      expect(stdout, `packages/${name} is not built: npm run build`).toContain('"dist/index.js"');
      return [`@mqplay/${name}`, join(destination, tarball)];
    }),
  );
  return Object.fromEntries(entries);
}

/** The only thing that is not done by the letter. */
function fromTarballs(command: string, tarballs: Readonly<Record<string, string>>): string {
  return command.replaceAll(/^npm install .*$/gm, (line) =>
    line.replaceAll(/@mqplay\/[\w-]+/g, (name) => tarballs[name] ?? name),
  );
}

/** The environment of somebody who does not run a test of this repository, nor one of its scripts. */
function readersEnvironment(): Record<string, string | undefined> {
  const foreign =
    /^(MQPLAY_|VITEST|npm_(package|lifecycle|command|node_execpath|execpath|config_local_prefix))|^(NODE_ENV|NODE_OPTIONS|NODE_PATH|TEST|DEV|PROD|MODE|BASE_URL|SSR|INIT_CWD)$/;
  const cleared = Object.keys(process.env).filter((name) => foreign.test(name));
  const path = (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((entry) => !entry.startsWith(join(repository, "node_modules")))
    .join(delimiter);
  return {
    ...Object.fromEntries(cleared.map((name) => [name, undefined])),
    PATH: path,
    NO_COLOR: "1",
    FORCE_COLOR: undefined,
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_prefer_offline: "true",
  };
}
