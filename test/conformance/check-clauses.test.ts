/**
 * scripts/check-clauses.mjs on small projects made for it.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../support/process.ts";
import { temporaryFolder } from "../support/server.ts";

const SCRIPT = join(import.meta.dirname, "../../scripts/check-clauses.mjs");

/** Files of a project in which all is well. The group `fruit` is no group of the real page. */
const GOOD: Readonly<Record<string, string>> = {
  "docs/protocol.md": "# Page\n- **[fruit-1]** Apples. See [fruit-2].\n\n### **[fruit-2]** Pears\n",
  "packages/a/src/apple.ts": "// Red. [fruit-1]\n// [other-1] is no clause, and no group of the page\n",
  "apps/b/src/pear.mjs": "/** [fruit-2] */\n",
  "test/fruit.test.ts":
    'test("[fruit-1] are red", () => {});\ndescribe.each([1])(`[fruit-2] are ${green}`, () => {});\n',
};

async function check(
  files: Readonly<Record<string, string>>,
): Promise<{ code: number | null; lines: readonly string[]; stdout: string }> {
  await using folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  const { code, stdout, stderr } = await run(process.execPath, [SCRIPT, folder.path]);
  return { code, stdout, lines: stderr.split("\n").filter((line) => /:\d+ /.test(line)) };
}

test("passes a project whose clauses are cited and tested", async () => {
  const { code, stdout } = await check(GOOD);
  expect([code, stdout]).toEqual([0, "2 clauses: each one cited in code and named by a test.\n"]);
});

test("names the line that cites a clause which does not exist", async () => {
  const { code, lines } = await check({ ...GOOD, "packages/a/src/plum.ts": "\n// [fruit-3]\n" });
  expect([code, lines]).toEqual([
    1,
    ["packages/a/src/plum.ts:2 cites [fruit-3], which docs/protocol.md does not have"],
  ]);
});

test("names a clause that no code cites: what tests cite does not count", async () => {
  const { code, lines } = await check({
    ...GOOD,
    "apps/b/src/pear.mjs": "",
    "packages/a/src/pear.test.ts": "// [fruit-2]",
  });
  expect([code, lines]).toEqual([
    1,
    ["docs/protocol.md:4 [fruit-2] is cited nowhere in the code of packages/ and apps/"],
  ]);
});

test("names a clause that no test has in its title: comments and bodies do not count", async () => {
  const { code, lines } = await check({
    ...GOOD,
    "test/fruit.test.ts": '// [fruit-2]\ntest("[fruit-1] are red", () => "[fruit-2]");\n',
  });
  expect([code, lines]).toEqual([1, ["docs/protocol.md:4 [fruit-2] has no test that names it in its title"]]);
});

for (const [how, title] of [
  ["test.skipIf", 'test.skipIf(f(x))("[fruit-2] x", run)'],
  ["it.each on lines of their own", 'it.each([\n  ["a", 1],\n])(\n  "[fruit-2] %s",\n  run)'],
  ["single quotes", "test('[fruit-2] it\\'s', run)"],
  ["a title with several ids", 'test("[fruit-1] [fruit-2] both", run)'],
] as const) {
  test(`finds a title written with ${how}`, async () => {
    const { code, lines } = await check({
      ...GOOD,
      "test/fruit.test.ts": `test("[fruit-1] x", run);\n${title};\n`,
    });
    expect([code, lines]).toEqual([0, []]);
  });
}

test("names ids of the page that are defined twice or lead nowhere", async () => {
  const page = `${GOOD["docs/protocol.md"]}- **[fruit-1]** Again. [fruit-9]\n`;
  const { code, lines } = await check({ ...GOOD, "docs/protocol.md": page });
  expect([code, lines]).toEqual([
    1,
    [
      "docs/protocol.md:5 [fruit-1] is defined a second time, first on line 2",
      "docs/protocol.md:5 names [fruit-9], which is no clause",
    ],
  ]);
});

test("fails without a page, and with one that has no clauses", async () => {
  expect((await check({ "packages/a/src/apple.ts": "" })).code).toBe(1);
  expect((await check({ ...GOOD, "docs/protocol.md": "# Page\n" })).code).toBe(1);
});
