/**
 * Every bound that both ends share, with its unit, source and reason.
 */

/** Shortest client id in UTF-8 bytes. [connect-2] */
export const MIN_CLIENT_ID_BYTES = 32;

/** Longest client id in UTF-8 bytes. [connect-2] */
export const MAX_CLIENT_ID_BYTES = 64;

/** Length of the server string in bytes. [handshake-1] */
export const SERVER_STRING_BYTES = 32;

/** Longest `id` of a JSON call in UTF-8 bytes. [call-3] */
export const MAX_CALL_ID_BYTES = 64;

/** How long a call may take unless its caller says otherwise, in ms. Long enough for a slow radio link, short enough for a player. */
export const DEFAULT_CALL_TIMEOUT_MS = 10_000;

/**
 * How long a server remembers what a call with a key was answered, in ms, and how long a client goes on sending it
 * again. [call-5] Longer than a cut lasts that a player waits for, short enough to be held in memory.
 */
export const ONCE_LIFETIME_MS = 60_000;

/** Deepest nesting of arrays and objects in JSON from a socket; what games send stays far below. */
export const MAX_JSON_DEPTH = 32;
