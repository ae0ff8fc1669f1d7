/**
 * Calls with a key: sent again after a cut, byte for byte, within their own time limit. [call-5]
 */
import { encodeMessage, readOnceField, User, type Answer, type Call } from "@mqplay/shared";
import { describe, expect, test } from "vitest";
import { settle } from "../testing/manual-clock.ts";
import { connectInMemory } from "../testing/memory-game.ts";
import { createKeys } from "./call-key.ts";

const account = { username: "someone", password: "secret" };

function keyOf(call: Call | undefined): string | undefined {
  if (call === undefined) return undefined;
  return call.encoding === "json" ? call.once : readOnceField(call.params);
}

function selfInfo({ encoding }: Call): Answer {
  const response = { userData: { UserName: "me", UserID: "id" } };
  const { response: type } = User.funcs.getSelfInfo;
  return {
    state: 0,
    msg: "",
    result: encoding === "json" ? JSON.stringify(type.toJson(response)) : encodeMessage(type, response),
  };
}

describe.each(["json", "protobuf"] as const)("an idempotent call in %s [call-5]", (encoding) => {
  /** A server that answers only what comes on its second connection. */
  const slow = (onSecond = 2) => {
    let connections = 0;
    return {
      handler: (call: Call) => (connections >= onSecond ? selfInfo(call) : undefined),
      connack: () => (connections++, 0),
    };
  };

  test("is sent again after a cut, the same to the byte, and answered as if nothing had been", async () => {
    const { game, server, clock } = await connectInMemory(slow(), { encoding });
    const call = game.user.getSelfInfo();
    await settle();
    server.latest.drop();
    await clock.advance(250);
    expect((await call).userData.UserName).toBe("me");
    const [first, second] = server.connections.map(({ calls }) => calls);
    expect(first).toHaveLength(1);
    expect(second).toEqual(first);
    expect(keyOf(first?.[0])).toMatch(/^[0-9a-z]{24}-0$/);
    expect(game.stats).toMatchObject({ pending: 0, lateAnswers: 0, strayAnswers: 0 });
  });

  test("goes out before what was called later, and one that is not idempotent is lost", async () => {
    const { game, server, clock } = await connectInMemory(slow(), { encoding });
    const first = game.user.getSelfInfo();
    const lost = expect(game.user.login(account)).rejects.toMatchObject({
      code: "connectionLost",
      mayHaveRun: true,
    });
    await settle();
    server.latest.drop();
    await lost;
    const later = game.user.getSelfInfo();
    await clock.advance(250);
    await Promise.all([first, later]);
    expect(server.latest.calls.map(keyOf).map((key) => key?.slice(-2))).toEqual(["-0", "-1"]);
  });

  test("ends within its own time limit, and says that it may have run", async () => {
    const { game, server, clock } = await connectInMemory(slow(9), { encoding });
    const call = expect(game.user.getSelfInfo({ timeoutMs: 300 })).rejects.toMatchObject({
      code: "callTimeout",
      mayHaveRun: true,
    });
    await settle();
    server.latest.drop();
    await clock.advance(250);
    server.latest.drop();
    await clock.advance(50);
    await call;
    expect(game.stats.pending).toBe(0);
  });

  test("is not sent again when the server may have forgotten it", async () => {
    const { game, server, clock } = await connectInMemory(
      { ...slow(), connack: (attempt) => (attempt === 1 || attempt > 40 ? 0 : 3) },
      { encoding, timeoutMs: 200_000 },
    );
    const call = expect(game.user.getSelfInfo()).rejects.toMatchObject({
      code: "connectionLost",
      mayHaveRun: true,
    });
    await settle();
    server.latest.drop();
    await clock.advance(120_000);
    await call;
    expect(game.state.name).toBe("ready");
    expect(server.latest.calls).toEqual([]);
  });

  test("ends with the game that is closed while it waits", async () => {
    const { game, server } = await connectInMemory(slow(), { encoding });
    const call = expect(game.user.getSelfInfo()).rejects.toMatchObject({
      code: "connectionLost",
      mayHaveRun: true,
    });
    await settle();
    server.latest.drop();
    await game.close();
    await call;
  });
});

test("keys are new for each call and each game [call-5]", () => {
  const keys = new Set<string>();
  for (let games = 0; games < 20; games++) {
    const createKey = createKeys(Math.random);
    for (let calls = 0; calls < 50; calls++) keys.add(createKey());
  }
  expect(keys.size).toBe(1_000);
  expect([...keys].filter((key) => !/^[0-9A-Za-z_-]{16,64}$/.test(key))).toEqual([]);
});
