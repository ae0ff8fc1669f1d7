// `npm start`: builds what is not built yet, then runs the server with the demo page at /.
// Arguments and environment are the server's own: `npm start -- --help`, `MQPLAY_HTTP_PORT=9000 npm start`.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);

await build();
process.chdir(root); // relative paths of the configuration, the data folder too, start here
process.env["MQPLAY_HTTP_ROOT"] ??= "apps/demo-web/dist";
process.env["MQPLAY_MODULES"] ??= "apps/demo-web/dist-server/server/arena.js";
// In this process, so that a signal is the server's own and not one to be passed on, on Windows too.
await import("../packages/server/dist/cli.js");

/** Runs turbo, which knows what is built already. Says something only when it takes a while or fails. */
async function build() {
  const packages = ["@mqplay/server", "@mqplay/demo-web"].map((name) => `--filter=${name}`);
  const child = spawn(process.execPath, [require.resolve("turbo/bin/turbo"), "run", "build", ...packages], {
    cwd: root,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1", DO_NOT_TRACK: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  const hint = setTimeout(
    () => console.log("Building the packages and the demo page; the next start is quicker …"),
    1_000,
  );
  const [code] = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (...ended) => resolve(ended));
  });
  clearTimeout(hint);
  if (code === 0) return;
  console.error(output);
  console.error("The build failed, see above. `npm ci` installs what it needs.");
  process.exit(1);
}
