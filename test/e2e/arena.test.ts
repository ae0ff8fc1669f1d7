/**
 * The arena's module in a whole server: what the test kit cannot show.
 */
import { connect } from "@mqplay/client-sdk";
import { expect, test } from "vitest";
import { Arena } from "../../apps/demo-web/arena/contracts/arena.ts";
import { createArena } from "../../apps/demo-web/arena/server/arena.ts";
import { call } from "../support/http.ts";
import { startServer } from "../support/server.ts";

test("gives no seat to who calls by HTTP: nobody could push to it", async () => {
  await using server = await startServer({ modules: [createArena()] });
  await using game = await connect(server.wsUrl);
  const { tokenInfo } = await game.user.register({ username: "walker", password: "correct horse" });
  const reply = await call(server.ports.http, "Arena/Join", { room: "lobby", name: "Ann" }, tokenInfo.token);
  expect(reply.json()).toMatchObject({ state: Arena.errors.notConnected.state });
  const { players } = await game.module(Arena).join({ room: "lobby", name: "Ann" });
  expect(players).toHaveLength(1);
});
