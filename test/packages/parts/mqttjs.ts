// What a bundle has of a page that wants mqtt.js as its link.
export { connect, isMqplayError } from "@mqplay/client-sdk";
export { mqttJsLink } from "@mqplay/client-sdk/mqttjs";
