/**
 * What the SDK throws and rejects with: the one error class of both ends, re-exported.
 * Codes that only a client sees: `connectFailed`, `handshakeFailed`, `connectionLost`, `callTimeout`, `callAborted`,
 * `callLimit`, `notConnected`, `closed`, `invalidArgument`.
 */
export { MqplayError, isMqplayError, toMqplayError } from "@mqplay/shared";
