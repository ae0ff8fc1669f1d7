/**
 * Where tokens are kept between connections, and between two runs of a game.
 */
import type { KeeperDeps, Tokens } from "./keeper.ts";
import { KeptLogin } from "./kept-login.ts";

/** The tokens of one login. Secrets: who has them is the user. */
export interface StoredTokens {
  readonly token: string;
  readonly refreshToken: string;
  /** When the access token was given and when it ends, in ms since 1970 by this machine's clock. */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Keeps the tokens of one login. All may answer later; what they throw is reported to the logger, and the game goes on. */
export interface TokenStore {
  /** The tokens that are kept, or undefined. Asked before each connection and before each refresh. */
  load(): StoredTokens | undefined | Promise<StoredTokens | undefined>;
  save(tokens: StoredTokens): void | Promise<void>;
  /** Forgets them: the login is over. */
  clear(): void | Promise<void>;
  /**
   * Runs a task while nobody else who shares these tokens runs one. A refresh token works once, and using it twice ends
   * the login: two games that share a store must not refresh at the same time. @default runs it at once
   */
  lock?<T>(task: () => Promise<T>): Promise<T>;
}

/** Keeps a login in a store of one's own: `connect(url, { tokens: customTokens(store) })`. */
export function customTokens(store: TokenStore): Tokens {
  return { createKeeper: (deps: KeeperDeps) => new KeptLogin(store, deps) };
}

/** Keeps a login as long as the program runs. Games that are given the same one share it. */
export function memoryTokens(): Tokens {
  let kept: StoredTokens | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return customTokens({
    load: () => kept,
    save: (tokens) => void (kept = tokens),
    clear: () => void (kept = undefined),
    lock(task) {
      const run = last.then(task);
      last = run.catch(() => {});
      return run;
    },
  });
}
