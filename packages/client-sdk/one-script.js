// What the one script of a page without a build sets as `mqplay`: the SDK with the light link, for mini-games, too.
export * from "./dist/index.js";
export { createMiniGamePlatform } from "./dist/minigame.js";
