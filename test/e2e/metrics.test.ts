/**
 * docs/metrics.md says what /metrics says.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { request } from "../support/http.ts";
import { repository, startServer } from "../support/server.ts";

const page = readFileSync(join(repository, "docs/metrics.md"), "utf8");

/** Name, kind and text of each figure, as both write them. */
const told = (text: string): string[] =>
  [...text.matchAll(/^# HELP (mqplay_\w+) (.*)\n# TYPE \w+ (\w+)$/gm)].map(
    ([, name = "", help = "", kind = ""]) => `${name} | ${kind} | ${help}`,
  );
const described = (text: string): string[] =>
  [...text.matchAll(/^\| `(mqplay_\w+)` \| (\w+) \| (.*?)(?: \(`reason`\))? \|$/gm)].map(
    ([, name = "", kind = "", help = ""]) => `${name} | ${kind} | ${help}`,
  );

test("every figure stands on the page with its kind and its words, and no other", async () => {
  await using server = await startServer();
  const { body } = await request(server.ports.http, "/metrics");
  expect(told(body).length).toBeGreaterThan(15);
  expect(described(page).toSorted()).toEqual(told(body).toSorted());
  for (const [name] of page.matchAll(/\b(?:nodejs|process)_\w+/g)) expect(body).toContain(`# HELP ${name} `);
});

test("the figures follow what clients do, and name none of them", async () => {
  await using server = await startServer();
  await using client = await RawClient.ready(server.mqttUrl);
  await client.user("GetSelfInfo");
  await client.publish("info", "nobody reads this");
  const { body } = await request(server.ports.http, "/metrics");
  for (const line of [
    "mqplay_sessions 1",
    "mqplay_handshakes_total 1",
    "mqplay_mqtt_calls_total 1",
    'mqplay_packets_dropped_total{reason="reservedTopic"} 1',
  ])
    expect(body.split("\n")).toContain(line);
  expect(body).not.toContain(client.clientId);
  expect(body).not.toContain("127.0.0.1");
});
