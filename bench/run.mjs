/**
 * `npm run bench [calls|logins]`: measures on this machine and prints tables. The server has one core, the load the other;
 * the parts of a comparison take turns, so that a machine whose speed drifts harms them alike.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const TYPESCRIPT = ["--conditions=@mqplay/source", "--import", "tsx"];
const ROUNDS = Number(process.env.MQPLAY_BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.MQPLAY_BENCH_SECONDS ?? 4);
const pinned = process.platform === "linux" && cpus().length > 1 && spawnSync("taskset", ["-V"]).status === 0;
/** Clock ticks of /proc a second; the same on every Linux that Node runs on. */
const TICKS_PER_S = 100;

const suites = { calls, logins };
const asked = process.argv.slice(2);
for (const name of asked) {
  if (!(name in suites)) {
    console.error(`There is no benchmark "${name}"; there are ${Object.keys(suites).join(", ")}.`);
    process.exit(1);
  }
}
if (
  spawnSync("npx", ["turbo", "run", "build", "--filter=@mqplay/server", "--output-logs=errors-only"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" },
  }).status !== 0
)
  process.exit(1);
console.log(
  `${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores, Node ${process.version}, ${process.platform}; server ${pinned ? "and load on a core each" : "not pinned"}`,
);
for (const name of asked.length > 0 ? asked : Object.keys(suites)) await suites[name]();

/** Encrypted JSON calls against a bare ws echo. */
async function calls() {
  const peers = [
    { name: "mqplay, TCP", kind: "mqtt", start: startServer, port: (ports) => ports.mqtt },
    { name: "mqplay, WebSocket", kind: "mqtt-ws", start: startServer, port: (ports) => ports.http },
    { name: "bare ws JSON echo", kind: "ws-echo", start: startEcho, port: (ports) => ports.http },
  ];
  for (const connections of [100, 1000]) {
    const rows = peers.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [at, peer] of peers.entries()) rows[at].push(await measure(peer, connections));
    }
    console.log(
      `\nCalls, ${connections} connections, one in flight each, median of ${ROUNDS} × ${SECONDS} s (lowest – highest)`,
    );
    const echo = median(rows[2].map(({ perS }) => perS));
    console.table(
      peers.map(({ name }, at) => ({
        server: name,
        "calls/s": spread(rows[at].map(({ perS }) => perS)),
        "calls/CPU s": Math.round(median(rows[at].map(({ perCpuS }) => perCpuS))),
        "p50 ms": median(rows[at].map(({ p50 }) => p50)),
        "p99 ms": median(rows[at].map(({ p99 }) => p99)),
        "× echo": (median(rows[at].map(({ perS }) => perS)) / echo).toFixed(2),
      })),
    );
  }
}

/** What 20 logins a second do to the calls of others. */
async function logins() {
  const server = await startServer();
  const [line] = await load("logins.ts", [server.ports.mqtt, 100, 20, 10]);
  await server.stop();
  const { without, during, logins: done, failed } = JSON.parse(line);
  console.log(
    "\nGetSelfInfo of 100 connections, 20 a second each, without and with 20 logins a second (10 s each)",
  );
  console.table({ "GetSelfInfo, no logins": without, "GetSelfInfo, with logins": during, Login: done });
  console.log(`failed calls: ${failed}`);
}

async function measure(peer, connections) {
  const server = await peer.start();
  let before = 0;
  const lines = await load("calls.ts", [peer.kind, peer.port(server.ports), connections, SECONDS], (line) => {
    if (line === "counting") before = cpuSeconds(server.pid);
  });
  const cpuS = cpuSeconds(server.pid) - before;
  await server.stop();
  const { count, seconds, p50, p99 } = JSON.parse(lines.at(-1));
  return { perS: count / seconds, perCpuS: cpuS > 0 ? count / cpuS : Number.NaN, p50, p99 };
}

/** Runs a load generator to its end and returns its lines. */
async function load(file, args, onLine = () => {}) {
  const child = start([...TYPESCRIPT, `bench/load/${file}`, ...args.map(String)], 1, {});
  const lines = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => {
    lines.push(line);
    onLine(line);
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the load generator ${file} ended with ${code}`);
  return lines;
}

async function startServer() {
  const child = start(["packages/server/dist/cli.js", "--config", "bench/server.json"], 0, {
    MQPLAY_MQTT_PORT: "0",
    MQPLAY_HTTP_PORT: "0",
    MQPLAY_DATA: ":memory:",
  });
  const ports = await portsOf(child, { mqtt: /mqtt:\/\/[^:\s]+:(\d+)/, http: /ws:\/\/[^:\s]+:(\d+)/ });
  return running(child, ports);
}

async function startEcho() {
  const child = start([...TYPESCRIPT, "bench/peers/ws-echo.ts"], 0, {});
  return running(child, await portsOf(child, { http: /listening (\d+)/ }));
}

function start(args, core, env) {
  const command = pinned
    ? ["taskset", "-c", String(core), process.execPath, ...args]
    : [process.execPath, ...args];
  return spawn(command[0], command.slice(1), {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function portsOf(child, patterns) {
  let text = "";
  const ports = {};
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    for (const [name, pattern] of Object.entries(patterns)) {
      const found = pattern.exec(text);
      if (found) ports[name] = Number(found[1]);
    }
    if (Object.keys(ports).length === Object.keys(patterns).length) {
      child.stdout.resume();
      return ports;
    }
  }
  throw new Error(`the server ended before it said its ports:\n${text}`);
}

function running(child, ports) {
  return {
    ports,
    pid: child.pid,
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Processor seconds that a process has used: taskset becomes the process, so the pid is its own. */
function cpuSeconds(pid) {
  if (process.platform !== "linux") return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function spread(values) {
  return `${Math.round(median(values))} (${Math.round(Math.min(...values))} – ${Math.round(Math.max(...values))})`;
}
