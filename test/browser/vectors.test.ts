/**
 * The crypto-js path in a real browser: the bytes of classic there are the bytes of classic everywhere. [handshake-3]
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "vite";
import { expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { repository } from "../support/server.ts";
import { checkClassicVectors, type ClassicVectors, type VectorReport } from "../vectors/check-classic.ts";

const vectorsFile = join(repository, "test/vectors/classic.json");

/** Bundles the check for browsers: #host is the portable one there. Returns a script that makes `mqplayVectors`. */
async function bundleCheck(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "warn",
    resolve: { conditions: ["@mqplay/source", "module", "browser"] },
    build: {
      write: false,
      minify: false,
      lib: {
        entry: join(repository, "test/vectors/check-classic.ts"),
        formats: ["iife"],
        name: "mqplayVectors",
      },
    },
  });
  const output = Array.isArray(result) ? result[0] : result;
  if (output === undefined || !("output" in output)) throw new Error("vite built nothing");
  return output.output[0].code;
}

test("opens and seals every vector of classic in Chromium with crypto-js", async () => {
  const script = await bundleCheck();
  // crypto-js' block mode is what only the portable host uses; Node's primitives are not in there.
  expect(script).toContain("mode.ECB = ");
  expect(script).not.toContain("createCipheriv");

  await using browser = await launchBrowser();
  await using tab = await browser.openPage();
  await tab.page.goto("about:blank");
  await tab.page.addScriptTag({ content: script });
  const json = await readFile(vectorsFile, "utf8");
  const report = await tab.page.evaluate<VectorReport>(`mqplayVectors.checkClassicVectors(${json})`);

  expect(report.failures).toEqual([]);
  // As many as node:crypto is held to, and more than the recorded keys, ciphers and payloads alone.
  const vectors: ClassicVectors = JSON.parse(json);
  expect(report.checked).toBe(checkClassicVectors(vectors).checked);
  expect(report.checked).toBeGreaterThan(6 + 23 * 3 + 2 * 102);
});

test("says which vector fails when the bytes are wrong", async () => {
  const script = await bundleCheck();
  await using browser = await launchBrowser();
  await using tab = await browser.openPage();
  await tab.page.addScriptTag({ content: script });
  const vectors: ClassicVectors = JSON.parse(await readFile(vectorsFile, "utf8"));
  const [first] = vectors.keyDerivation;
  expect(first).toBeDefined();
  const wrong = { ...vectors, keyDerivation: [{ ...first, keyHex: "00".repeat(16) }] };
  const report = await tab.page.evaluate<VectorReport>(
    `mqplayVectors.checkClassicVectors(${JSON.stringify(wrong)})`,
  );

  expect(report.failures).toHaveLength(1);
  expect(report.failures[0]).toMatch(/^keyDerivation\[0\]: key: got /);
});
