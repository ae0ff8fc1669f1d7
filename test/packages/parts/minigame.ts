// What a mini-game has in its bundle.
export { connect, isMqplayError } from "@mqplay/client-sdk";
export { createMiniGamePlatform } from "@mqplay/client-sdk/minigame";
