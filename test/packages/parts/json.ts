// What a bundle has of a game that speaks JSON only.
export { connect, isMqplayError } from "@mqplay/client-sdk/json";
