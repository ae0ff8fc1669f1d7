/**
 * An application's own module from both ends: typed calls, errors, limits and pushes, by JSON and by protobuf.
 */
import { describe, expect, test } from "vitest";
import { connect, type ConnectOptions } from "@mqplay/client-sdk";
import { defineMessage, type ModuleContract } from "@mqplay/shared";
import { fail, implement, type Handlers } from "@mqplay/server";
import { slowModule } from "../support/slow-module.ts";
import { startServer } from "../support/server.ts";

interface JoinRequest {
  readonly room: string;
  readonly seat?: number | undefined;
}
const JoinRequest = defineMessage<JoinRequest>("JoinRequest", [
  { number: 1, name: "room", type: "string", maxLen: 8 },
  { number: 2, name: "seat", type: "int32", optional: true },
]);

interface JoinAnswer {
  readonly players: readonly string[];
}
const JoinAnswer = defineMessage<JoinAnswer>("JoinAnswer", [
  { number: 1, name: "players", type: "string", repeated: true },
]);

interface Moved {
  readonly x: number;
  readonly y: number;
}
const Moved = defineMessage<Moved>("Moved", [
  { number: 1, name: "x", type: "double" },
  { number: 2, name: "y", type: "double" },
]);

const roomFull = { state: 1, name: "roomFull", msg: "Room is full" } as const;
const usual = { access: "public", idempotent: false, sticky: null, errors: [] } as const;

const Arena = {
  name: "Arena",
  number: 11,
  funcs: {
    join: {
      ...usual,
      name: "Join",
      number: 1,
      request: JoinRequest,
      response: JoinAnswer,
      errors: [roomFull],
    },
    move: { ...usual, name: "Move", number: 2, request: Moved, response: null, access: "user" },
    crash: { ...usual, name: "Crash", number: 3, request: null, response: null },
  },
  pushes: { moved: { name: "Moved", number: 1, content: Moved } },
  errors: { roomFull },
} as const satisfies ModuleContract;

const arenaHandlers: Handlers<typeof Arena> = {
  join: ({ caller }, { room }) => {
    if (room === "full") throw fail(Arena.errors.roomFull);
    return { players: [caller, "ändere"] };
  },
  move: async (call, moved) => {
    for (const form of ["json", "protobuf", "auto"] as const) call.push(Arena.pushes.moved, moved, { form });
  },
  crash: () => {
    throw new Error("a secret of the server");
  },
};
const arenaModule = implement(Arena, arenaHandlers);

describe.each([{ encoding: "json" }, { encoding: "protobuf" }] satisfies ConnectOptions[])(
  "by $encoding",
  (options) => {
    test("answers, errors and pushes are those of the contract", async () => {
      await using server = await startServer({ modules: [arenaModule] });
      await using game = await connect(server.wsUrl, options);
      const arena = game.module(Arena);

      const { players } = await arena.join({ room: "lobby", seat: 3 });
      expect(players).toEqual([expect.any(String), "ändere"]);
      await expect(arena.join({ room: "full" })).rejects.toMatchObject({
        errorName: "roomFull",
        detail: "Room is full",
      });
      await expect(arena.move({ x: 1, y: 2 })).rejects.toMatchObject({ code: "needLogin" });
      await expect(arena.join({ room: "much too long" })).rejects.toMatchObject({
        code: "paramNotAllow",
        path: "room",
      });

      await game.user.register({ username: "arena-player", password: "correct horse" });
      const moves: Moved[] = [];
      const three = new Promise<void>((resolve) => {
        arena.on("moved", (moved) => {
          if (moves.push(moved) === 3) resolve();
        });
      });
      expect(await arena.move({ x: 1.5, y: -2 })).toBeUndefined();
      await three;
      expect(moves).toEqual([
        { x: 1.5, y: -2 },
        { x: 1.5, y: -2 },
        { x: 1.5, y: -2 },
      ]);
    });

    test("one instance of a module is called by its name [module-2]", async () => {
      const handlers: Handlers<typeof Arena> = { ...arenaHandlers, join: () => ({ players: ["of eu-1"] }) };
      await using server = await startServer({
        modules: [arenaModule, implement(Arena, handlers, { instance: "eu-1" })],
      });
      await using game = await connect(server.mqttUrl, options);
      expect(await game.module(Arena, { instance: "eu-1" }).join({ room: "a" })).toEqual({
        players: ["of eu-1"],
      });
      await expect(game.module(Arena, { instance: "nowhere" }).join({ room: "a" })).rejects.toMatchObject({
        fromPeer: true,
      });
      expect((await game.module(Arena).join({ room: "a" })).players).toHaveLength(2);
    });

    test("a handler that throws is Internal, and the client learns nothing of the reason", async () => {
      await using server = await startServer({ modules: [arenaModule] });
      await using game = await connect(server.mqttUrl, options);
      const error = await game
        .module(Arena)
        .crash()
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "internal", state: 0xff, detail: "Internal Server Error" });
      expect(JSON.stringify(error)).not.toContain("secret");
    });

    test("a module that the server lacks is not found", async () => {
      await using server = await startServer();
      await using game = await connect(server.mqttUrl, options);
      await expect(game.module(Arena).join({ room: "lobby" })).rejects.toMatchObject({
        code: "notFound",
        state: 0xfc,
      });
    });

    test("a call that never ends is given up after its time limit or by its signal, and the game goes on", async () => {
      const settings = { shutdown: { drainMs: 100 } };
      await using server = await startServer({ modules: [slowModule, arenaModule], settings });
      await using game = await connect(server.mqttUrl, options);
      const slow = game.module(slowModule.contract);
      const forever = slow["forever"];
      if (forever === undefined) throw new Error("the module has no such function");
      await expect(forever({ timeoutMs: 100 })).rejects.toMatchObject({
        code: "callTimeout",
        mayHaveRun: true,
        detail: "Slow.Forever got no answer within 100 ms; it was sent and the server acknowledged it",
      });
      const controller = new AbortController();
      const call = expect(forever({ signal: controller.signal })).rejects.toMatchObject({
        code: "callAborted",
      });
      controller.abort();
      await call;
      expect((await game.module(Arena).join({ room: "lobby" })).players).toHaveLength(2);
    });
  },
);
