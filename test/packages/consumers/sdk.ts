// Compiled against the tarball of the SDK, as an ES module and as CommonJS.
import { connect, isMqplayError, User, type Game } from "@mqplay/client-sdk";
import { connect as connectByJson } from "@mqplay/client-sdk/json";
import { lightLink } from "@mqplay/client-sdk/light";
import { createMiniGamePlatform } from "@mqplay/client-sdk/minigame";
import { mqttJsLink } from "@mqplay/client-sdk/mqttjs";
import { connectInMemory } from "@mqplay/client-sdk/testing";

export async function play(url: string): Promise<string> {
  const game: Game = await connect(url, { link: lightLink });
  game.module(User).on("onLoginSuccessNotify", ({ msg }) => msg.trim());
  const { result } = await game.user.register({ username: "alice", password: "correct horse" });
  return result.trim();
}
export const others = [connectByJson, isMqplayError, createMiniGamePlatform, mqttJsLink, connectInMemory];
