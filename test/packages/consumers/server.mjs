import * as sdk from "@mqplay/client-sdk";
import { createServer } from "@mqplay/server";
import playing from "./play.cjs";

const server = await createServer({
  config: {
    host: "127.0.0.1",
    mqtt: { port: 0 },
    http: { port: 0 },
    store: { data: ":memory:" },
    log: { level: "error" },
  },
});
await server.start();
const report = await playing.play(sdk, `mqtt://127.0.0.1:${server.ports.mqtt}`);
await server.stop();
process.stdout.write(report);
