/**
 * Bundles the SDK as a game's own build does, for hosts other than Node.
 */
import { join } from "node:path";
import { build } from "vite";

/** Bundles an entry of this folder into one script that sets `mqplay`. */
export async function bundleForBrowsers(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { conditions: ["@mqplay/source", "browser", "import", "module", "default"] },
    build: {
      write: false,
      minify: true,
      lib: { entry: join(import.meta.dirname, entry), formats: ["iife"], name: "mqplay" },
    },
  });
  const [first] = Array.isArray(result) ? result : [result];
  if (first === undefined || !("output" in first)) throw new Error("the bundle was not built");
  return first.output[0].code;
}
