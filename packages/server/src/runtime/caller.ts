/**
 * Who calls: what the gate (or another module) tells the runtime beside the call itself.
 * It comes from the connection alone, never from the call's parameters. [module-3]
 */

/** A login, as it is known on a connection. */
export interface Identity {
  /** The user's id: a lower-case UUID. */
  readonly userId: string;
  /** The login that this is: one per Register, Login or imported token; its tokens share it. */
  readonly loginId: string;
  /** When this session must log in again, in ms since 1970. [user-3] */
  readonly expiresAtMs: number;
}

/** How a call came in. `internal` is one module calling another. */
export type CallOrigin = "mqtt" | "http" | "internal";

/** Who calls, and from where. The gate makes one per connection and keeps it as long as its identity stays the same. */
export interface Caller {
  /** The connection's session; for HTTP an id made for the one request. */
  readonly sessionId: string;
  /** Who is logged in on it, expired or not; undefined when nobody is. */
  readonly identity: Identity | undefined;
  /** The peer's address without the port; what limits per address count by. */
  readonly remoteAddress: string;
  readonly via: CallOrigin;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
}
