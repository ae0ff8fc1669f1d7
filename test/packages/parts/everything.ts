// What a bundle has of a game that speaks both.
export { connect, isMqplayError } from "@mqplay/client-sdk";
