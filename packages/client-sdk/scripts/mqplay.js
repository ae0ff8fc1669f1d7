// What the one script of a page without a build sets as `mqplay`: the SDK with the light link, what generated contracts
// are made with, and the platform of mini-games.
export * from "../dist/index.js";
export { createMiniGamePlatform } from "../dist/minigame.js";
export { defineMessage } from "@mqplay/shared";
