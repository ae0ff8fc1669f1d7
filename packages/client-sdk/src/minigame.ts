// For mini-games: connect(url, { platform: createMiniGamePlatform(wx) }).
export { createMiniGamePlatform, type MiniGameHost, type MiniGameSocket } from "./platform/minigame.ts";
