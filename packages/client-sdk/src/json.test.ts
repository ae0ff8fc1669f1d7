/**
 * The SDK without protobuf: what it does all the same, and how it says what it cannot do.
 */
import { encodeMessage, User, utf8Encode } from "@mqplay/shared";
import { describe, expect, test } from "vitest";
import * as full from "./index.ts";
import * as json from "./json.ts";
import type { ReceivedPush } from "./pushes.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { MemoryServer } from "./testing/memory-server.ts";
import { createTestPlatform } from "./testing/test-platform.ts";

async function connect() {
  const server = new MemoryServer();
  const platform = createTestPlatform(new ManualClock(), server.openLink);
  const warnings: unknown[] = [];
  const logger = { warn: (_message: string, error: unknown) => void warnings.push(error) };
  const game = await json.connect("ws://in-memory/ws", { platform, logger });
  return { game, connection: server.latest, platform, warnings };
}

describe("the SDK without protobuf", () => {
  test("has the names of the SDK", () => {
    expect(Object.keys(json).toSorted()).toEqual(Object.keys(full).toSorted());
  });

  test("refuses calls in protobuf before anything is sent, and says where they are to be had", async () => {
    const { game, connection } = await connect();
    const refused = game.user.getSelfInfo({ encoding: "protobuf" });
    await expect(refused).rejects.toMatchObject({ code: "invalidArgument", path: "encoding" });
    await expect(refused).rejects.toThrow('"@mqplay/client-sdk"');
    expect(connection.calls).toEqual([]);
  });

  test("refuses to begin in protobuf", async () => {
    const options: full.ConnectOptions = { encoding: "protobuf" };
    const untyped: (url: string, options: object) => Promise<full.Game> = json.connect;
    await expect(untyped("ws://in-memory/ws", options)).rejects.toMatchObject({ code: "invalidArgument" });
  });

  test("gives pushes in JSON to typed listeners, those in protobuf as bytes, and reports what it cannot read", async () => {
    const { game, connection, warnings } = await connect();
    const typed: string[] = [];
    const all: ReceivedPush[] = [];
    game.user.on("onLoginSuccessNotify", ({ msg }) => typed.push(msg));
    game.onPush((push) => all.push(push));
    const { content } = User.pushes.onLoginSuccessNotify;
    connection.push({ module: 2, type: 11, content: utf8Encode('{"msg":"in JSON"}') }, "p");
    connection.push({ module: 2, type: 11, content: encodeMessage(content, { msg: "in protobuf" }) }, "p");
    expect(typed).toEqual(["in JSON"]);
    expect(all.map(({ encoding }) => encoding)).toEqual(["json", "protobuf"]);
    expect(warnings).toMatchObject([{ code: "invalidArgument", path: "encoding" }]);
    expect(game.stats.unreadablePushes).toBe(1);
  });

  test("hears of a login elsewhere [push-3]", async () => {
    const { game, connection } = await connect();
    const messages: string[] = [];
    game.on("kicked", ({ message }) => messages.push(message));
    connection.push({ module: 0, type: 0, content: utf8Encode("Other client Login") }, "p");
    expect(messages).toEqual(["Other client Login"]);
  });
});
