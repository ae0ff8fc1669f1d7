/**
 * Load: N connections, each with one call in flight, for a while. Prints one line of JSON: calls, seconds, latencies.
 * The call of mqplay is an encrypted JSON GetSelfInfo of a logged-in user at QoS 1: PUBLISH, PUBACK, answer, PUBACK.
 * The call of the peer is a JSON message and a JSON message back.
 */
import { connect } from "node:net";
import { LatencyBook } from "./latency.ts";
import { RawMqttClient, upgrade, type Target } from "./raw-mqtt.ts";
import { clientFrame, ServerFrames } from "./websocket-frames.ts";

const [kind = "", portText = "", connectionsText = "", secondsText = ""] = process.argv.slice(2);
const target: Target = { host: "127.0.0.1", port: Number(portText), webSocket: kind !== "mqtt" };
const connections = Number(connectionsText);
const warmUpS = 1;

const book = new LatencyBook();
let counting = false;
const loops: (() => void)[] = [];
let next = 0;
// A few at a time: registering costs a password hash, and the server refuses to have too many of them wait.
await Promise.all(
  Array.from({ length: 4 }, async () => {
    while (next < connections) loops.push(await openLoop(next++));
  }),
);
for (const start of loops) start();
setTimeout(() => {
  counting = true;
  const started = performance.now();
  console.log("counting");
  setTimeout(
    () => {
      const seconds = (performance.now() - started) / 1_000;
      console.log(JSON.stringify({ ...book.summary(), seconds }));
      process.exit(0);
    },
    Number(secondsText) * 1_000,
  );
}, warmUpS * 1_000);

function openLoop(at: number): Promise<() => void> {
  return kind === "ws-echo" ? echoLoop() : callLoop(at);
}

function failed(): never {
  console.error("a connection ended during the run");
  process.exit(1);
}

/** One user: registers, then asks who it is, again and again. */
async function callLoop(at: number): Promise<() => void> {
  const client = await RawMqttClient.open(target);
  const username = `bench-${process.pid}-${String(at).padStart(4, "0")}`;
  const registered: { state?: number } = JSON.parse(
    await client.call(2, "Register", { username, password: "bench-password" }),
  );
  if (registered.state !== undefined) throw new Error(`Register was answered ${JSON.stringify(registered)}`);
  const call = client.callBytes(7, "GetSelfInfo");
  const ackAndCall = Buffer.concat([client.frame(Buffer.from([0x40, 2, 0, 7])), call]);
  // Every answer is the same bytes: same key, same text, same identifier. The first one is read, the rest compared.
  const text = await client.call(7, "GetSelfInfo");
  if (!text.includes("result") || text.includes("state")) throw new Error(`GetSelfInfo was answered ${text}`);
  let expected: Buffer | undefined;
  let got: Buffer = Buffer.alloc(0);
  let sentMs = 0;
  client.closed = failed;
  client.onBytes((bytes) => {
    got = got.length === 0 ? bytes : Buffer.concat([got, bytes]);
    if (expected === undefined) {
      // PUBACK (4 bytes), then PUBLISH with the length in two bytes.
      const whole = got.length > 7 && got.length === 4 + 3 + ((got[5] ?? 0) & 0x7f) + 128 * (got[6] ?? 0);
      if (!whole) return;
      expected = Buffer.from(got);
    }
    if (got.length < expected.length) return;
    if (!got.equals(expected)) throw new Error("an answer is not the expected one");
    got = Buffer.alloc(0);
    const nowMs = performance.now();
    if (counting) book.add(nowMs - sentMs);
    sentMs = nowMs;
    client.write(ackAndCall);
  });
  return () => {
    sentMs = performance.now();
    client.write(call);
  };
}

/** One WebSocket: a JSON message, and the next when the answer is there. */
async function echoLoop(): Promise<() => void> {
  const socket = connect({ host: target.host, port: target.port, noDelay: true });
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  await upgrade(socket);
  const call = clientFrame(Buffer.from(JSON.stringify({ id: 7, module: "User", func: "GetSelfInfo" })), 1);
  const frames = new ServerFrames();
  let sentMs = 0;
  socket.on("close", failed);
  socket.on("data", (chunk) => {
    for (const payload of frames.take(chunk)) {
      if (payload.length < 50) throw new Error("an answer is not the expected one");
      const nowMs = performance.now();
      if (counting) book.add(nowMs - sentMs);
      sentMs = nowMs;
      socket.write(call);
    }
  });
  return () => {
    sentMs = performance.now();
    socket.write(call);
  };
}
