/**
 * Tokens in the browser's localStorage: a player who comes back tomorrow, or opens another tab, is logged in.
 */
import type { Tokens } from "../session/keeper.ts";
import { customTokens, type StoredTokens } from "../session/token-store.ts";

/** The browser's store, as much as is used of it. */
interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

declare const localStorage: WebStorage | undefined;
declare const navigator:
  | { readonly locks?: { request<T>(name: string, task: () => Promise<T>): Promise<T> } }
  | undefined;

/**
 * Keeps a login in localStorage. Tabs that use the same key share it: they take turns by the browser's locks where it
 * has them (on https pages); elsewhere a server that knows the keys of calls answers both the same. [call-5]
 *
 * A page that runs foreign scripts gives them the tokens. Where there is no storage, nothing is kept and nobody fails.
 * @param key the key in localStorage
 */
export function localStorageTokens(key: string): Tokens {
  return customTokens({
    load: () => parse(storage()?.getItem(key)),
    save: (tokens) => storage()?.setItem(key, JSON.stringify(tokens)),
    clear: () => storage()?.removeItem(key),
    lock: (task) => {
      const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
      return locks === undefined ? task() : locks.request(`mqplay ${key}`, task);
    },
  });
}

/** Pages that may not store anything throw as soon as it is named. */
function storage(): WebStorage | undefined {
  try {
    return typeof localStorage === "undefined" ? undefined : localStorage;
  } catch {
    return undefined;
  }
}

/** What is no JSON was written by somebody else; what is no tokens is found out by who reads them. */
function parse(text: string | null | undefined): StoredTokens | undefined {
  if (text === null || text === undefined) return undefined;
  try {
    const value: StoredTokens | null = JSON.parse(text);
    return value ?? undefined;
  } catch {
    return undefined;
  }
}
