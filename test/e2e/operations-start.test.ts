/**
 * `npm start`: its script builds what is missing and runs the server with the demo page.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { request } from "../support/http.ts";
import { RawClient } from "../support/raw-client.ts";
import { startProcess } from "../support/process.ts";
import { repository } from "../support/server.ts";

/** Building everything from nothing, on a loaded machine. */
const BUILD_MS = 180_000;

test(
  "npm start's script serves the demo page and MQTT, and prints nothing that looks like a warning",
  { timeout: 200_000 },
  async () => {
    const cleared = Object.keys(process.env).filter(
      (name) => name.startsWith("MQPLAY_") || name === "FORCE_COLOR",
    );
    await using started = startProcess(process.execPath, [join(repository, "scripts/start.mjs")], {
      cwd: join(repository, "docs"),
      env: {
        ...Object.fromEntries(cleared.map((name) => [name, undefined])),
        MQPLAY_MQTT_PORT: "0",
        MQPLAY_HTTP_PORT: "0",
        MQPLAY_DATA: ":memory:",
      },
    });
    const line = await started.line(/Demo page/, { timeoutMs: BUILD_MS });
    const httpPort = Number(/http:\/\/localhost:(\d+)\//.exec(line)?.[1]);
    const mqttPort = Number(/mqtt:\/\/localhost:(\d+)/.exec(await started.line(/MQTT /))?.[1]);
    const page = await request(httpPort, "/");
    expect(page.status).toBe(200);
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    const script = /src="(\/?[^"]+\.js)"/.exec(page.body)?.[1] ?? "no script in the page";
    expect((await request(httpPort, new URL(script, "http://localhost/").pathname)).status).toBe(200);
    await using client = await RawClient.ready(`mqtt://127.0.0.1:${mqttPort}`);
    expect((await client.user("GetSelfInfo")).state).toBe(0xf9);
    started.kill("SIGTERM");
    const ended = await started.ended;
    expect(ended.code).toBe(0);
    expect(ended.stderr).toBe("");
    expect(ended.stdout).not.toMatch(/warn|deprecat|experimental|error/i);
  },
);
