// What a mini-game's bundle has of the SDK.
export { connect, isMqplayError } from "@mqplay/client-sdk";
export { createMiniGamePlatform } from "@mqplay/client-sdk/minigame";
