/**
 * What the READMEs and the guide show, held to the packages as they are: every block of TypeScript compiles, and the
 * README's clients without the SDK talk to a server.
 */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { generateContracts, readFrom } from "@mqplay/shared/generate";
import { run, startProcess } from "../support/process.ts";
import { repository, startServer, temporaryFolder } from "../support/server.ts";
import { codeBlocks, type CodeBlock } from "./code-blocks.ts";

/** Debian's, which has Debian's packages; another Python may have none. */
const PYTHON = process.env["MQPLAY_PYTHON"] ?? "/usr/bin/python3";

/** What stands around a block that is a part of a program. */
interface Surroundings {
  /** Words that the block has, and no other of its page. */
  readonly block: string;
  /** Imports and declarations of what the text around the block takes as given. */
  readonly before: string;
}

/** A page, and what its blocks take as given. */
interface DocumentedPage {
  readonly path: string;
  /** The contracts that its blocks import, by the names of their .proto files. */
  readonly protos?: Readonly<Record<string, string | ((blocks: readonly CodeBlock[]) => Promise<string>)>>;
  readonly surroundings?: readonly Surroundings[];
}

const connected = `import { connect } from "@mqplay/client-sdk"; const game = await connect("ws://localhost/ws");\n`;
const tested = `
import { expect, it } from "vitest";
import type { ServerModule } from "@mqplay/server";
import { Counter } from "./contracts/counter.ts";
declare function createCounterModule(): ServerModule;\n`;

const PAGES: readonly DocumentedPage[] = [
  { path: "README.md", protos: { "arena.proto": protoOf("service Arena") } },
  {
    path: "packages/server/README.md",
    protos: {
      "counter.proto": () => counterProto(),
      "short/counter.proto": async () => (await counterProto()).replace(/ {2}\/\/ Waits.*?\n {2}\}\n/s, ""),
    },
    surroundings: [
      {
        block: "callbacks: {",
        before: `import { createServer, type ServerModule } from "@mqplay/server"; declare const counter: ServerModule;\n`,
      },
      { block: "createTestServer", before: tested },
    ],
  },
  {
    path: "packages/client-sdk/README.md",
    protos: {
      "arena.proto": `syntax = "proto3";
        import "mqplay/options.proto";
        service Arena {
          option (mqplay.module) = 11;
          rpc Join(JoinRequest) returns (JoinAnswer) { option (mqplay.func) = 1; }
        }
        message JoinRequest { string room = 1; }
        message JoinAnswer { int32 players = 1; }
        message Moved { option (mqplay.push) = 1; int32 player = 1; double x = 2; double y = 3; }`,
    },
    surroundings: [
      {
        block: "game.module(Arena)",
        before: `${connected}declare const signal: AbortSignal; declare function draw(player: number, x: number, y: number): void;\n`,
      },
      {
        block: "wrongCredentials",
        before: `${connected}import { isMqplayError, User } from "@mqplay/client-sdk";
          declare const username: string; declare const password: string;
          declare function showMessage(text: string): void; declare function offerRetry(): void;\n`,
      },
      {
        block: "localStorageTokens(",
        before: `import { connect, localStorageTokens } from "@mqplay/client-sdk"; declare const url: string;
          declare function showLogin(reason?: "loggedOut" | "expired" | "kicked"): void;
          declare function welcome(name: string | undefined): void;\n`,
      },
      {
        block: "game.mqtt.subscribe",
        before: `${connected}declare function show(topic: string, payload: Uint8Array): void;\n`,
      },
    ],
  },
  { path: "packages/shared/README.md" },
  { path: "docs/guide/first-module.md", protos: { "src/clicks.proto": protoOf("service Clicks") } },
];

describe("the TypeScript in", () => {
  it.each(PAGES)("$path compiles", { timeout: 60_000 }, async (page) => {
    await using folder = await temporaryFolder();
    const blocks = codeBlocks(await readFile(join(repository, page.path), "utf8"));
    const written = await writeBlocks(folder.path, page, blocks);
    expect(written).toBe(blocks.filter(({ language }) => language === "ts").length);
    if (written === 0) return; // a page without TypeScript: the line above has counted

    const tsc = join(repository, "node_modules/.bin/tsc");
    const { code, stdout } = await run(tsc, ["-p", folder.path], { timeoutMs: 50_000 });

    expect(code, `${page.path} does not compile; block-N.ts is the block on line N:\n${stdout}`).toBe(0);
  });

  it("every page that is shown to users is among those", async () => {
    const { stdout } = await run("git", ["ls-files", "README.md", "packages/*/README.md", "docs/guide"], {
      cwd: repository,
    });
    const pages = stdout.split("\n").filter((path) => path.endsWith(".md"));
    expect(PAGES.map(({ path }) => path).sort()).toEqual(pages.sort());
  });
});

describe("without the SDK, as the README shows it,", () => {
  it("Python calls and reads the answer", async () => {
    await using server = await startServer();
    const [program = ""] = await shown("python");

    const { code, stdout, stderr } = await run(
      PYTHON,
      ["-c", replaceOnce(program, `"localhost", 1883`, `"127.0.0.1", ${server.ports.mqtt}`)],
      { timeoutMs: 20_000 },
    );

    const hint = "it needs Debian's packages python3-paho-mqtt and python3-cryptography";
    expect(code, `${hint}\n${stderr}`).toBe(0);
    expect(stdout.trim()).toBe(/print\(.*# (?<answer>\{.*\})/.exec(program)?.groups?.["answer"]);
  });

  it("mosquitto's programs tell each other what they publish", async () => {
    await using server = await startServer();
    const commands = (await shown("sh")).find((text) => text.includes("mosquitto_sub")) ?? "";
    const [subscribe = "", publish = ""] = commands
      .trim()
      .replaceAll("-h localhost", `-h 127.0.0.1 -p ${server.ports.mqtt}`)
      .split("\n");

    // What the ampersand does, as a process that ends with the test; -C 1 ends it after a message.
    const listen = replaceOnce(subscribe, / &$/, " -C 1 -d");
    await using listener = startProcess("sh", ["-c", `exec stdbuf -oL ${listen}`]);
    await listener.line(/^Subscribed \(mid/);
    const spoken = await run("sh", ["-c", publish]);
    const heard = await listener.ended;

    expect(spoken).toMatchObject({ code: 0, stderr: "" });
    expect(heard.stdout.split("\n")).toContain("hello");
  });
});

/** Writes a page's blocks, its contracts and a project for them. @returns how many blocks of TypeScript */
async function writeBlocks(
  folder: string,
  { protos = {}, surroundings = [] }: DocumentedPage,
  blocks: readonly CodeBlock[],
): Promise<number> {
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  await write(folder, "package.json", JSON.stringify({ type: "module" }));
  for (const [name, proto] of Object.entries(protos)) {
    await write(folder, name, typeof proto === "string" ? proto : await proto(blocks));
    const read = readFrom([folder, join(repository, "packages/shared/proto")]);
    for (const { name: path, text } of generateContracts([join(folder, name)], read))
      await write(folder, join(dirname(name), "contracts", path), text);
  }
  const code = blocks.filter(({ language }) => language === "ts");
  const used = new Set<Surroundings>();
  for (const { file, line, text } of code) {
    const around = surroundings.filter(({ block }) => text.includes(block));
    for (const one of around) used.add(one);
    // The short contract is the first block's, as the server's page says.
    const home = text.includes("implement(Counter") ? "short/" : "";
    const before = around.map((one) => one.before).join("");
    await write(folder, file ?? `${home}block-${line}.ts`, `${before}${text}\nexport {};\n`);
  }
  expect(used.size, "surroundings of no block").toBe(surroundings.length);
  await write(
    folder,
    "tsconfig.json",
    JSON.stringify({
      extends: join(repository, "tsconfig.base.json"),
      compilerOptions: {
        noEmit: true,
        types: ["node"],
        typeRoots: [join(repository, "node_modules/@types")],
        lib: ["es2023", "esnext.disposable", "dom"],
      },
      // The packages are taken from their sources, with what these declare for libraries without types.
      include: ["**/*.ts", join(repository, "packages/*/src/**/*.d.ts")],
      exclude: ["node_modules"],
    }),
  );
  return code.length;
}

async function write(folder: string, name: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}

/** Finds the contract that a page shows itself. */
function protoOf(words: string): (blocks: readonly CodeBlock[]) => Promise<string> {
  return async (blocks) => {
    const proto = blocks.find(({ language, text }) => language === "proto" && text.includes(words));
    if (proto === undefined) throw new Error(`the page shows no .proto with "${words}"`);
    return proto.text;
  };
}

/** The contract that the server's page links to. */
function counterProto(): Promise<string> {
  return readFile(join(repository, "packages/server/src/testing/example/counter.proto"), "utf8");
}

/** The README's blocks of a language. */
async function shown(wanted: string): Promise<string[]> {
  const blocks = codeBlocks(await readFile(join(repository, "README.md"), "utf8"));
  return blocks.filter(({ language }) => language === wanted).map(({ text }) => text);
}

/** Replaces what must be there. */
function replaceOnce(text: string, from: string | RegExp, to: string): string {
  const replaced = text.replace(from, to);
  if (replaced === text) throw new Error(`there is no ${from} in: ${text}`);
  return replaced;
}
