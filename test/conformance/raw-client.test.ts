/**
 * The raw client itself, against a plain broker: what it would overlook, the suite would overlook.
 */
import { createServer, type AddressInfo } from "node:net";
import { Aedes } from "aedes";
import { afterAll, beforeAll, expect, test } from "vitest";
import { RawClient, textOf } from "../support/raw-client.ts";

let url = "";
let broker: Aedes;
const listener = createServer();

beforeAll(async () => {
  broker = await Aedes.createBroker();
  listener.on("connection", (socket) => void broker.handle(socket));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  url = `mqtt://127.0.0.1:${(listener.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise<void>((resolve) => broker.close(resolve));
  listener.close();
});

test("publishes and receives at every QoS", async () => {
  await using client = await RawClient.connect(url);
  expect(await client.subscribe("a", 2)).toEqual([2]);
  for (const qos of [0, 1, 2] as const) {
    await client.publish("a", `at ${qos}`, { qos });
    const message = await client.takePublish("a");
    expect([textOf(message), message.qos]).toEqual([`at ${qos}`, qos]);
  }
  await client.quiet();
});

test("is not quiet when a packet came that nobody took", async () => {
  await using client = await RawClient.connect(url);
  await client.subscribe("b");
  await client.publish("b", "surprise");
  await expect(client.quiet()).rejects.toThrow(/nothing more should have come.*\n.*"topic":"b"/);
});

test("says what came instead when what it waits for does not come", async () => {
  await using client = await RawClient.connect(url);
  await client.subscribe("c");
  await client.publish("c", "other");
  await client.settle();
  await expect(client.takePublish("d", { timeoutMs: 50 })).rejects.toThrow(
    /within 50 ms.*the inbox has 1 packet/,
  );
});

test("rejects at once when the connection ends instead", async () => {
  await using client = await RawClient.connect(url);
  const wait = client.takePublish("never", { timeoutMs: 20_000 });
  client.sendConnect();
  await expect(wait).rejects.toThrow(/the connection ended/);
  expect(client.closed).toBe(true);
});

test("leaves messages unacknowledged when told to", async () => {
  await using client = await RawClient.connect(url, { acknowledge: false, clean: false });
  await client.subscribe("e");
  await client.publish("e", "again");
  await client.takePublish("e");
  client.drop();
  await client.whenClosed();
  await using back = await RawClient.connect(url, { clientId: client.clientId, clean: false });
  expect(textOf(await back.takePublish("e"))).toBe("again");
});
