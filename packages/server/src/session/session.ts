/**
 * One client's connection as the rest of the house sees it: who it is and how to reach it.
 * The gate makes one when a client is let in and ends it with the connection; it never outlives it.
 */
import type { Push, Encoding } from "@mqplay/shared";
import type { Identity } from "../runtime/caller.ts";

export type { Identity } from "../runtime/caller.ts";

/** Why the server ends a connection; the log and the metrics say it in these words. */
export type CloseReason =
  | "replaced"
  | "kicked"
  | "takeover"
  | "shutdown"
  | "limit"
  | "protocol"
  | "loggedOut"
  | "silent";

/** What a session can do to its connection. The gate implements it. */
export interface SessionLink {
  /** Sends a push on the topics that the client has subscribed. Returns false when it has subscribed none of them. */
  push(push: Push, encoding: Encoding): boolean;
  /** Ends the connection after what is already queued has been sent. */
  close(reason: CloseReason): void;
}

/** One client's connection. Its identity changes with logins; the rest is fixed. */
export class Session {
  /** Unique for ever: a random UUID. It is what a handler gets as its caller when nobody is logged in. [module-5] */
  readonly id: string;
  /** The client id of CONNECT. A secret when it is an access token: never logged whole. */
  readonly clientId: string;
  /** The peer's address without the port. */
  readonly remoteAddress: string;
  readonly link: SessionLink;
  /** Who is logged in, or undefined. Set through the session registry only. */
  identity: Identity | undefined = undefined;
  /** Aborted when the connection ends; handlers see it as `call.signal`. */
  readonly ended: AbortController = new AbortController();

  constructor(id: string, clientId: string, remoteAddress: string, link: SessionLink) {
    this.id = id;
    this.clientId = clientId;
    this.remoteAddress = remoteAddress;
    this.link = link;
  }
}
