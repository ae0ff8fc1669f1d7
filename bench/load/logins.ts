/**
 * Load: N connections with one GetSelfInfo in flight each, paced, while others log in at a steady rate. Prints one line of
 * JSON: the latencies of GetSelfInfo without and with the logins, and how many logins there were and how long they took.
 */
import { LatencyBook } from "./latency.ts";
import { RawMqttClient, type Target } from "./raw-mqtt.ts";

const [portText = "", connectionsText = "", loginsPerSText = "", secondsText = ""] = process.argv.slice(2);
const target: Target = { host: "127.0.0.1", port: Number(portText), webSocket: false };
const seconds = Number(secondsText);
const loginsPerS = Number(loginsPerSText);
/** Calls a second of each connection: a busy game, far from what the server can take. */
const CALLS_PER_S = 20;

const without = new LatencyBook();
const during = new LatencyBook();
const logins = new LatencyBook();
let book = without;
let failed = 0;

const users = await Promise.all(
  Array.from({ length: loginsPerS }, (_, at) => register(`login-${process.pid}-${at}`)),
);
const players = await Promise.all(
  Array.from({ length: Number(connectionsText) }, (_, at) => register(`player-${process.pid}-${at}`)),
);
for (const { client } of players) play(client);
await pause(seconds);
book = during;
const starting: NodeJS.Timeout[] = users.map((user, at) =>
  setTimeout(() => void logInAgainAndAgain(user), (at / loginsPerS) * 1_000),
);
await pause(seconds);
for (const timer of starting) clearTimeout(timer);
console.log(
  JSON.stringify({ without: without.summary(), during: during.summary(), logins: logins.summary(), failed }),
);
process.exit(0);

interface User {
  readonly client: RawMqttClient;
  readonly username: string;
}

async function register(username: string): Promise<User> {
  const client = await RawMqttClient.open(target);
  const answer: { state?: number } = JSON.parse(
    await client.call(2, "Register", { username, password: "bench-password" }),
  );
  if (answer.state !== undefined) throw new Error(`Register was answered ${JSON.stringify(answer)}`);
  return { client, username };
}

/** Calls at its own pace, one at a time. */
function play(client: RawMqttClient): void {
  const again = async (): Promise<void> => {
    const started = performance.now();
    const text = await client.call(7, "GetSelfInfo");
    if (text.includes("state")) failed++;
    book.add(performance.now() - started);
    setTimeout(() => void again(), 1_000 / CALLS_PER_S);
  };
  setTimeout(() => void again(), Math.random() * (1_000 / CALLS_PER_S));
}

async function logInAgainAndAgain({ client, username }: User): Promise<void> {
  for (;;) {
    const started = performance.now();
    const text = await client.call(9, "Login", { username, password: "bench-password" });
    if (text.includes("state")) failed++;
    logins.add(performance.now() - started);
    await pause(Math.max(0, 1 - (performance.now() - started) / 1_000));
  }
}

function pause(s: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, s * 1_000));
}
