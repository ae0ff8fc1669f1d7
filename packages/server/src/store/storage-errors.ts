/**
 * The one door through which a database's or Redis' own errors enter the house. What a store said goes into `cause`
 * and so into the log; the peer gets the general state's text alone.
 */
import { MqplayError, isMqplayError } from "@mqplay/shared";

/** The store is away, or did not answer in time. Whether a write happened is unknown. */
export function storeAway(store: string, cause?: unknown): MqplayError {
  return new MqplayError("serverIsDown", `${store} is away or does not answer in time`, { cause });
}

/** The store answered, with an error. */
export function storeFailed(store: string, cause: unknown): MqplayError {
  return new MqplayError("storageError", `${store} answered with an error`, { cause });
}

/** Reads an error's `code` ("ECONNREFUSED") where it has one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Names a store's error: ours as it is, away where `isAway` says so, failed otherwise. */
export function toStoreError(
  store: string,
  error: unknown,
  isAway: (error: unknown) => boolean,
): MqplayError {
  if (isMqplayError(error)) return error;
  return isAway(error) ? storeAway(store, error) : storeFailed(store, error);
}
