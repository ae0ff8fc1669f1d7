/**
 * The SDK for games that speak JSON only: everything but protobuf, a good 3 KB less. Same names, same types.
 *
 * A push whose content is protobuf still reaches `game.onPush` as bytes; a typed listener cannot be told of it. This
 * server's own modules push in JSON to such a game; its notice of a login elsewhere is the event `kicked`.
 */
import { connectWith, type Game } from "./client.ts";
import type { ConnectOptions } from "./options.ts";

export type * from "./index.ts";
export { MqplayError, isMqplayError } from "./errors.ts";
export { customTokens, memoryTokens } from "./session/token-store.ts";
export { localStorageTokens } from "./platform/local-storage.ts";
export { User } from "@mqplay/shared";

/** The options of this `connect()`: those of the other, in JSON. */
export interface JsonConnectOptions extends ConnectOptions {
  readonly encoding?: "json";
}

/** Connects to an mqplay server; see `connect()` of `@mqplay/client-sdk`. */
export async function connect(url: string, options: JsonConnectOptions = {}): Promise<Game> {
  return connectWith(undefined, url, options);
}
