/**
 * dist/host/portable.js, with as much of crypto-js in it as it uses.
 *
 * crypto-js is CommonJS, which browsers cannot import, and its AES brings modes, paddings, formats and a key derivation
 * for passwords along. The SDK needs the cipher of a block alone: a game's bundle is 2.5 KB smaller for it.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const license = readFileSync(new URL("LICENSE", import.meta.resolve("crypto-js/package.json")), "utf8");

/** What AES is made from in `cipher-core`, less everything that is not the cipher of a block. */
const BLOCK_CIPHER = `
  import library from "./core.js";
  library.lib.BlockCipher = library.lib.Base.extend({
    init(key) { this._key = key; this._doReset(); },
    createEncryptor(key) { return this.create(key); },
    _createHelper() {},
  });
`;

/** Before and after the function that is all of a module: it is given the library and adds to it. */
const BEFORE = /^;\(function \(root, factory(?:, undef)?\) \{[^]*?\}\(this, /;
const AFTER = /\)\);\s*$/;

/** Where the library looks for a source of random numbers; it is asked for none. */
const RANDOM = /var crypto;[^]*?(?=\/\*\s+\* Local polyfill of Object\.create)/;

const lessOfCryptoJs = {
  name: "less-of-crypto-js",
  load(id) {
    const [, name] = /\/crypto-js\/([a-z0-9-]+)\.js$/.exec(id) ?? [];
    if (name === undefined) return null;
    if (name === "cipher-core") return BLOCK_CIPHER;
    const code = readFileSync(id, "utf8");
    if (!BEFORE.test(code) || !AFTER.test(code))
      throw new Error(`${id} has another form than in crypto-js 4.2.0`);
    const made = code.replace(BEFORE, "export default (");
    if (name === "core") return made.replace(RANDOM, "").replace(AFTER, ")();");
    const needs = name === "aes" ? 'import "./cipher-core.js";' : "";
    return `import library from "./core.js";${needs}\n${made.replace(AFTER, ")(library);")}`;
  },
};

/** There is one class of errors for the whole package. */
const errorsBeside = {
  name: "errors-beside",
  resolveId: (id) => (id === "../errors.ts" ? { id: "../errors.js", external: "absolute" } : null),
};

export default {
  input: fileURLToPath(new URL("src/host/portable.ts", import.meta.url)),
  plugins: [lessOfCryptoJs, errorsBeside],
  output: {
    format: "esm",
    file: "dist/host/portable.js",
    sourcemap: true,
    banner: `/*\nContains crypto-js 4.2.0:\n\n${license}*/`,
  },
};
