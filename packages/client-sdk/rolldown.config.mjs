/**
 * What the package ships beside the ES modules of tsc: CommonJS for Node and for bundlers, and one script for pages
 * without a build, which sets `mqplay`. @mqplay/shared is ES modules only, so all of them carry it, types included.
 */
import { dts } from "rolldown-plugin-dts";

const PARTS = {
  index: "dist/index",
  json: "dist/json",
  light: "dist/light",
  mqttjs: "dist/mqttjs",
  minigame: "dist/minigame",
  testing: "dist/testing/testing",
};

/** The parts, as files of tsc's output. */
const parts = (extension) =>
  Object.fromEntries(Object.entries(PARTS).map(([name, path]) => [name, path + extension]));

/** crypto-js looks for Node's crypto, which none of its functions that are used here needs. */
const withoutNodeCrypto = {
  name: "without-node-crypto",
  resolveId: (id) => (id === "crypto" ? "\0no-crypto" : null),
  load: (id) => (id === "\0no-crypto" ? "export default {};" : null),
};

const browser = {
  platform: "browser",
  resolve: { conditionNames: ["browser", "import", "module", "default"] },
  transform: { target: "es2022" },
  plugins: [withoutNodeCrypto],
};
const cjs = { format: "cjs", entryFileNames: "[name].cjs", chunkFileNames: "[name]-[hash].cjs" };

export default [
  {
    input: parts(".js"),
    platform: "node",
    resolve: { conditionNames: ["node", "import", "module", "default"] },
    external: ["mqtt", "ws"],
    plugins: [],
    output: { ...cjs, dir: "dist/cjs/node", cleanDir: true },
  },
  {
    ...browser,
    input: parts(".js"),
    external: ["mqtt"],
    output: { ...cjs, dir: "dist/cjs/browser", cleanDir: true },
  },
  {
    input: parts(".d.ts"),
    plugins: [dts({ dtsInput: true, tsconfig: false, resolver: "oxc", sourcemap: false })],
    output: {
      format: "esm",
      dir: "dist/cjs/types",
      cleanDir: true,
      entryFileNames: "[name].cts",
      chunkFileNames: "[name]-[hash].d.cts",
    },
  },
  {
    ...browser,
    input: "one-script.js",
    output: { format: "iife", name: "mqplay", file: "dist/mqplay.min.js", minify: true },
  },
];
