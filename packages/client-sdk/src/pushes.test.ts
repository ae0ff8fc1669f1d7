import { encodeMessage, User, utf8Encode, type Push } from "@mqplay/shared";
import { describe, expect, test } from "vitest";
import { connectInMemory } from "./testing/memory-game.ts";
import type { ReceivedPush } from "./pushes.ts";

const { content } = User.pushes.onLoginSuccessNotify;
const notice: Push = { module: 2, type: 11, content: encodeMessage(content, { msg: "hello" }) };
const jsonNotice: Push = { module: 2, type: 11, content: utf8Encode('{"msg":"hello"}') };

async function listening() {
  const connected = await connectInMemory({ handler: () => undefined }, { encoding: "protobuf" });
  const typed: string[] = [];
  const all: ReceivedPush[] = [];
  connected.game.user.on("onLoginSuccessNotify", ({ msg }) => typed.push(msg));
  connected.game.onPush((push) => all.push(push));
  return { ...connected, typed, all, connection: connected.server.latest };
}

describe("a push", () => {
  test("is subscribed on p alone, where all of them come once", async () => {
    const { connection } = await listening();
    expect(connection.subscribed).toEqual([["s"], ["i", "f", "p"]]);
  });

  test.each([
    ["JSON content on p", jsonNotice, "p"],
    ["protobuf content on p", notice, "p"],
    ["its protobuf form on q", notice, "q"],
    ["the Go server's form on f", notice, "f"],
  ] as const)("reaches its typed listener from %s [push-1] [push-2]", async (_name, push, topic) => {
    const { connection, typed, all } = await listening();
    connection.push(push, topic);
    expect(typed).toEqual(["hello"]);
    expect(all).toHaveLength(1);
  });

  test.each([
    ["p", "q"],
    ["q", "p"],
    ["f", "p"],
  ] as const)("that comes on %s and on %s is delivered once", async (first, second) => {
    const { connection, typed } = await listening();
    connection.push(notice, first);
    connection.push(notice, second);
    expect(typed).toEqual(["hello"]);
  });

  test("that is sent twice is delivered twice, on one topic or on two", async () => {
    const { connection, typed } = await listening();
    connection.push(notice, "p");
    connection.push(notice, "p");
    expect(typed).toHaveLength(2);
    for (const topic of ["q", "q", "p", "p"] as const) connection.push({ ...notice, type: 11 }, topic);
    // Two of these four are the copies of the first two.
    expect(typed).toHaveLength(4);
  });

  test("with the packet identifier of a call that waits on f is no answer to it", async () => {
    const { connection, game, typed } = await listening();
    const call = game.user.getSelfInfo();
    const packetId = connection.packetIds[0] ?? 0;
    connection.push(notice, "f", packetId);
    expect(typed).toEqual(["hello"]);
    const [sent] = connection.calls;
    const result = encodeMessage(User.funcs.getSelfInfo.response, {
      userData: { UserName: "me", UserID: "1" },
    });
    if (sent !== undefined) connection.answer(packetId, sent, { state: 0, msg: "", result });
    expect((await call).userData.UserName).toBe("me");
  });

  test("that cannot be read is counted and reported, and harms nothing", async () => {
    const warnings: string[] = [];
    const { game, server } = await connectInMemory(
      {},
      { logger: { warn: (message) => warnings.push(message) } },
    );
    const typed: string[] = [];
    game.user.on("onLoginSuccessNotify", ({ msg }) => typed.push(msg));
    server.latest.sendPlain("p", utf8Encode("garbage"), 1);
    server.latest.push({ module: 2, type: 11, content: Uint8Array.of(0xff) });
    server.latest.push(notice);
    expect(typed).toEqual(["hello"]);
    expect(game.stats.unreadablePushes).toBe(2);
    expect(warnings).toHaveLength(2);
  });

  test("reaches the other listeners when one throws, and the error surfaces in the host", async () => {
    const { game, server, platform } = await connectInMemory();
    const heard: string[] = [];
    const stop = game.user.on("onLoginSuccessNotify", () => {
      throw new Error("a listener's fault");
    });
    game.user.on("onLoginSuccessNotify", ({ msg }) => heard.push(msg));
    server.latest.push(notice);
    expect(heard).toEqual(["hello"]);
    expect(platform.thrown).toEqual([new Error("a listener's fault")]);
    stop();
    server.latest.push(notice);
    expect(platform.thrown).toHaveLength(1);
  });

  test("of a name that the contract lacks says which there are", async () => {
    const { game } = await connectInMemory();
    // @ts-expect-error there is no such push
    expect(() => game.user.on("onLoginSuccesNotify", () => {})).toThrow(
      /did you mean "onLoginSuccessNotify"/,
    );
  });
});
