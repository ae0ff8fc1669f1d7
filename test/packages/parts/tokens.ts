// What a bundle has of a game that keeps its login.
export { connect, isMqplayError, localStorageTokens } from "@mqplay/client-sdk";
