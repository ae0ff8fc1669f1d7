/**
 * docs/protocol.md, "Pushes": what a client sees of them through a second login.
 */
import { describe, expect } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { protobufCall, readProtobufAnswer, textField } from "../support/raw-answer.ts";
import { PASSWORD, randomName, registration, serverUnderTest, test, transports } from "./harness.ts";

const server = serverUnderTest();

interface PushJson {
  readonly Module: number;
  readonly PushType: number;
  readonly Content: string;
}

describe.each(transports)("over %s", (transport) => {
  const ready = (topics: readonly string[] = []) => RawClient.ready(server.url(transport), { topics });

  /** Logs in one account twice, on two connections. */
  async function loginTwice(
    topics: readonly string[],
  ): Promise<{ earlier: RawClient; later: RawClient; username: string }> {
    const username = randomName();
    const earlier = await ready(topics);
    expect((await earlier.user("Register", registration(username))).state).toBe(0);
    const later = await ready(topics);
    expect((await later.user("Login", { username, password: PASSWORD })).state).toBe(0);
    return { earlier, later, username };
  }

  async function takePushJson(client: RawClient): Promise<PushJson> {
    const packet = await client.takePublish("p");
    expect(packet).toMatchObject({ qos: 1, retain: false, dup: false });
    return JSON.parse(Buffer.from(client.open(packet)).toString("utf8")) as PushJson;
  }

  test("[push-1] pushes on p an object of Module, PushType and Content, which is base64", async () => {
    const { earlier, later } = await loginTwice(["p"]);
    await using _earlier = earlier;
    await using _later = later;
    const push = await takePushJson(earlier);
    expect(push).toEqual({ Module: 0, PushType: 0, Content: "T3RoZXIgY2xpZW50IExvZ2lu" });
    expect(Buffer.from(push.Content, "base64").toString("utf8")).toBe("Other client Login");
  });

  test("[push-2] pushes protobuf on q as module, type and AllResponse with msg push, and on p too", async () => {
    const { earlier, later } = await loginTwice(["p", "q"]);
    await using _earlier = earlier;
    await using _later = later;
    const packet = await earlier.takePublish("q");
    expect(packet).toMatchObject({ qos: 1, retain: false, dup: false });
    const frame = readProtobufAnswer(earlier.open(packet));
    expect(frame).toMatchObject({ module: 2, func: 11, msg: "push", state: 0 });
    expect(textField(frame.result, 1)).not.toBe("");
    const pushes = [await takePushJson(earlier), await takePushJson(earlier)];
    const notice = pushes.find(({ Module }) => Module === 2);
    expect(notice).toEqual({
      Module: 2,
      PushType: 11,
      Content: Buffer.from(frame.result ?? []).toString("base64"),
    });
  });

  test("[push-3] tells the earlier connection of a second login, ends its login and closes it", async () => {
    const { earlier, later, username } = await loginTwice(["i", "f", "p", "q"]);
    await using _earlier = earlier;
    await using _later = later;
    await earlier.whenClosed();
    const pushes = earlier.takeAll().map((packet) => {
      if (packet.cmd !== "publish") return packet.cmd;
      const plain = earlier.open(packet);
      if (packet.topic === "q") return `q ${plain[0]} ${plain[1]}`;
      const { Module, PushType } = JSON.parse(Buffer.from(plain).toString("utf8")) as PushJson;
      return `${packet.topic} ${Module} ${PushType}`;
    });
    expect(pushes.toSorted()).toEqual(["p 0 0", "p 2 11", "q 2 11"]);
    expect((await later.user("GetSelfInfo")).result).toMatchObject({ userData: { UserName: username } });
    await later.quiet();
  });

  test("[push-3] ends the earlier connection on a second login by protobuf too", async () => {
    const username = randomName();
    await using earlier = await ready(["p", "q"]);
    expect((await earlier.callProtobuf(protobufCall(2, 2, username, PASSWORD, "9966"))).state).toBe(0);
    await using later = await ready(["p", "q"]);
    expect((await later.callProtobuf(protobufCall(2, 1, username, PASSWORD))).state).toBe(0);
    await earlier.whenClosed();
    expect(earlier.takeAll()).toHaveLength(3);
    await later.quiet();
  });

  test("[push-3] leaves other users and the failed try of a second login alone", async () => {
    const username = randomName();
    await using first = await ready(["p", "q"]);
    expect((await first.user("Register", registration(username))).state).toBe(0);
    await using bystander = await ready(["p", "q"]);
    expect((await bystander.user("Register", registration(randomName()))).state).toBe(0);
    await using guesser = await ready(["p", "q"]);
    expect((await guesser.user("Login", { username, password: "wrong" })).state).toBe(1);
    await first.quiet();
    expect((await guesser.user("Login", { username, password: PASSWORD })).state).toBe(0);
    await first.whenClosed();
    await bystander.quiet();
    await guesser.quiet();
  });

  test("[push-3] says nothing to a connection that logs in again itself", async () => {
    const username = randomName();
    await using client = await ready(["p", "q"]);
    expect((await client.user("Register", registration(username))).state).toBe(0);
    expect((await client.user("Login", { username, password: PASSWORD })).state).toBe(0);
    await client.quiet();
    expect((await client.user("GetSelfInfo")).state).toBe(0);
  });
});
