// What a page has of the SDK: the light link by default, mqtt.js by option.
export { connect, isMqplayError, localStorageTokens } from "@mqplay/client-sdk";
export { mqttJsLink } from "@mqplay/client-sdk/mqttjs";
