/**
 * What a connection needs of whoever keeps a login: types only. The keeper itself is in kept-login.ts, and in a game's
 * bundle only when the game asks for it.
 */
import type { DecodedAnswer } from "@mqplay/shared";
import type { CallSender } from "../calls/calls.ts";
import type { OutgoingCall } from "../calls/pending.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../options.ts";
import type { Login } from "./login.ts";
import type { IssuedTokens } from "./tokens.ts";

/** A connection that the game does not have yet. */
export interface NewConnection extends CallSender {
  readonly clientId: string;
}

/** Keeps a login from one connection to the next. */
export interface LoginKeeper {
  /** The token to connect with; undefined connects under a fresh id. */
  nextToken(): Promise<string | undefined>;
  /** The connection with that id could not be made. Returns true when another one can be made at once. */
  handleRefused(error: unknown, clientId: string): boolean;
  /**
   * Looks at a connection before the game gets it. False: another one has to be made.
   * @param limitMs how long the calls that it makes may take
   */
  admit(connection: NewConnection, limitMs: number): Promise<boolean>;
  /** Takes what comes on a connection that the game does not have yet. False: it is the game's all the same. */
  handleMessage(topic: string, packetId: number | undefined, plain: Uint8Array): boolean;
  handleAcknowledged(packetId: number): boolean;
  /** Makes a call of the game, again with a login made new when the server says that it has timed out. */
  call(call: OutgoingCall): Promise<DecodedAnswer>;
  /** The player has logged in, or out: then there are no tokens. */
  handleIssued(tokens: IssuedTokens | undefined): void;
  /** The game is closed. */
  stop(): void;
}

/** What a keeper needs of its game. */
export interface KeeperDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly login: Login;
  createKey(): string;
  /** Makes a call on the game's connection, now or when there is one. */
  call(call: OutgoingCall): Promise<DecodedAnswer>;
}

/** A way to keep tokens: `memoryTokens()`, `localStorageTokens(key)`, `customTokens(store)`. */
export interface Tokens {
  /** For the SDK: makes the keeper of one game. */
  createKeeper(deps: KeeperDeps): LoginKeeper;
}
