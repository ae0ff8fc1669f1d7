/**
 * docs/protocol.md, "Modules": as far as it is visible on the wire.
 */
import { describe, expect } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { protobufCall, textField } from "../support/raw-answer.ts";
import { randomName, registration, serverUnderTest, test, transports } from "./harness.ts";
import { runs } from "./probe.ts";

const server = serverUnderTest();

const NOT_FOUND = { msg: "Not Found", state: 0xfc };

describe.each(transports)("over %s", (transport) => {
  const ready = () => RawClient.ready(server.url(transport));

  test("[module-1] has User at 2 and nothing at the reserved numbers 4 to 10", async () => {
    await using client = await ready();
    expect((await client.callProtobuf(protobufCall(2, 4))).state).toBe(0xf9);
    for (let module = 4; module <= 10; module++) {
      expect((await client.callProtobuf(protobufCall(module, 1))).state).toBe(0xfc);
      expect((await client.callJson({ module, func: 1 })).state).toBe(0xfc);
    }
  });

  test.ours("[module-1] serves an application's module at 11, by number and by name", async () => {
    await using client = await ready();
    const echo = await client.callProtobuf(protobufCall(11, 1, "hello"));
    expect([echo.state, textField(echo.result, 1)]).toEqual([0, "hello"]);
    for (const module of [11, "Probe"]) {
      expect((await client.callJson({ module, func: "Echo", params: { text: "hi" } })).result).toEqual({
        text: "hi",
      });
    }
  });

  for (const [module, func] of [
    ["user", "GetSelfInfo"],
    ["USER", "GetSelfInfo"],
    ["User ", "GetSelfInfo"],
    ["User", "getSelfInfo"],
    ["User", "GETSELFINFO"],
    ["User", " GetSelfInfo"],
  ] as const) {
    test(`[module-2] does not take ${JSON.stringify(module)}.${JSON.stringify(func)} for User.GetSelfInfo`, async () => {
      await using client = await ready();
      expect((await client.callJson({ module, func })).body).toEqual(NOT_FOUND);
    });
  }

  test("[module-2] routes Name@instance to that instance alone, never to another", async () => {
    await using client = await ready();
    for (const module of ["User@nowhere", "Nope@nowhere"]) {
      const { state } = await client.callJson({ module, func: "GetSelfInfo" });
      expect(state).toBe(module.startsWith("User") ? 0xf1 : 0xfc);
    }
  });

  test("[module-3] goes by the session whatever UserID stands in the parameters", async () => {
    await using victim = await ready();
    const victimName = randomName();
    const { result } = await victim.user("Register", registration(victimName));
    const { result: userId } = result as { result: string };
    const forged = {
      UserID: userId,
      userId,
      UserId: userId,
      userID: userId,
      username: victimName,
      SessionId: userId,
      token: userId,
    };
    await using stranger = await ready();
    expect((await stranger.user("GetSelfInfo", forged)).body).toEqual({
      msg: "Need Login first",
      state: 0xf9,
    });
    expect(
      (await stranger.callJson({ module: "User", func: "GetSelfInfo", params: {}, ...forged })).state,
    ).toBe(0xf9);
    expect((await stranger.callProtobuf(protobufCall(2, 4, userId, userId))).state).toBe(0xf9);
    const ownName = randomName();
    expect((await stranger.user("Register", registration(ownName))).state).toBe(0);
    expect((await stranger.user("GetSelfInfo", forged)).result).toMatchObject({
      userData: { UserName: ownName },
    });
    expect((await stranger.user("Logout", forged)).state).toBe(0);
    expect((await victim.user("GetSelfInfo")).result).toMatchObject({ userData: { UserName: victimName } });
    await victim.quiet();
  });

  test("[module-4] lets clients call none of the gate's functions, by name or by number", async () => {
    await using client = await ready();
    for (const module of ["Gate", 1]) {
      for (const func of ["Bind", "UnBind", "Push", "Send", "SendBatch", "Set", "Close", "Update", "Kick"]) {
        expect((await client.callJson({ module, func, params: {} })).body).toEqual(NOT_FOUND);
      }
      expect((await client.callJson({ module, func: 1 })).body).toEqual(NOT_FOUND);
    }
    for (let func = 0; func < 20; func++) {
      expect((await client.callProtobuf(protobufCall(1, func))).state).toBe(0xfc);
    }
  });

  test.ours("[module-4] answers NotFound for a function that its contract keeps internal", async () => {
    await using client = await ready();
    expect((await client.callJson({ module: "Probe", func: "InternalOnly" })).body).toEqual(NOT_FOUND);
    expect((await client.callProtobuf(protobufCall(11, 8))).state).toBe(0xfc);
    expect((await client.user("Register", registration(randomName()))).state).toBe(0);
    expect((await client.callJson({ module: "Probe", func: "InternalOnly" })).body).toEqual(NOT_FOUND);
  });

  test.ours(
    "[module-5] tells a handler the user's id when somebody is logged in, else the session's",
    async () => {
      await using client = await ready();
      await using other = await ready();
      const who = async (caller: RawClient): Promise<string> => {
        const { result } = await caller.callJson({ module: "Probe", func: "WhoAmI" });
        return (result as { text: string }).text;
      };
      const sessionId = await who(client);
      expect(sessionId).not.toBe("");
      expect(await who(client)).toBe(sessionId);
      expect(await who(other)).not.toBe(sessionId);
      const { result } = await client.user("Register", registration(randomName()));
      const { result: userId } = result as { result: string };
      expect(await who(client)).toBe(userId);
      const frame = await client.callProtobuf(protobufCall(11, 6));
      expect(textField(frame.result, 1)).toBe(userId);
      expect((await client.user("Logout")).state).toBe(0);
      expect(await who(client)).toBe(sessionId);
    },
  );

  test.ours("[module-5] answers NeedLogin before the handler runs when nobody is logged in", async () => {
    await using client = await ready();
    const before = runs.userOnly;
    expect((await client.callJson({ module: "Probe", func: "UserOnly" })).body).toEqual({
      msg: "Need Login first",
      state: 0xf9,
    });
    expect((await client.callProtobuf(protobufCall(11, 7))).state).toBe(0xf9);
    expect(runs.userOnly).toBe(before);
    expect((await client.user("Register", registration(randomName()))).state).toBe(0);
    expect((await client.callJson({ module: "Probe", func: "UserOnly" })).state).toBe(0);
    expect(runs.userOnly).toBe(before + 1);
  });
});
