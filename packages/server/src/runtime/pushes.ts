/**
 * What modules may push, and to whom. Addressed by session, user or group, so that a module in another process can
 * say the same words to the gates.
 */
import type { PushContract } from "@mqplay/shared";

/** Who gets a push. */
export type PushTarget =
  | { readonly session: string }
  | { readonly sessions: readonly string[] }
  /** Every connection on which the user is logged in. */
  | { readonly user: string }
  | { readonly users: readonly string[] }
  /** Every session that has joined the group. */
  | { readonly group: string }
  /** Every session, logged in or not. */
  | { readonly everyone: true };

/**
 * How a push is written. `json` and `protobuf` are the wire's two forms [push-1], [push-2]; `auto` sends JSON to those
 * who listen on `p` and protobuf to those who listen on `q` alone, so that everybody gets it once.
 */
export type PushForm = "auto" | "json" | "protobuf";

/** How long a push is kept for a user who is away. How many are, is the store's to bound. */
export interface KeepPush {
  /** How long, in ms. */
  readonly ttlMs: number;
}

/** How a push is sent. */
export interface PushOptions {
  /** @default "auto" */
  readonly form?: PushForm;
  /** Keeps the push for users who are away and delivers it after their next login, in order. Only for users. @default not kept */
  readonly keep?: KeepPush | undefined;
  /** A session that gets nothing, like the one whose move this is. */
  readonly exceptSession?: string | undefined;
}

/** What became of a push. */
export interface PushOutcome {
  /** Sessions that it was sent to. */
  readonly sent: number;
  /** Users who were away and for whom it is kept. */
  readonly kept: number;
  /** Sessions that listen on neither topic, and users who were away and for whom it is not kept. */
  readonly dropped: number;
}

/** A push in the forms that it may be sent in; each is made once, when first asked for. */
export interface PushBody {
  readonly module: number;
  readonly type: number;
  /** Its JSON text as bytes. */
  json(): Uint8Array;
  /** Its protobuf. */
  protobuf(): Uint8Array;
}

/** Sends pushes. */
export interface PushService {
  /** Sends a push to whom it is addressed. Rejects only when a push to be kept could not be. */
  send(target: PushTarget, body: PushBody, options?: PushOptions): PushOutcome | Promise<PushOutcome>;
  /** Puts a session into a group until it leaves, loses its login or ends. Returns false when it is gone, or is in too many groups. */
  join(group: string, sessionId: string): boolean | Promise<boolean>;
  /** Takes a session out of a group. */
  leave(group: string, sessionId: string): void | Promise<void>;
  /** How many sessions are in a group. */
  sizeOf(group: string): number | Promise<number>;
}

/** The pushes of one module: typed by its contract. */
export interface ModulePushes {
  /**
   * Sends one of the module's pushes.
   * @throws MqplayError `paramNotAllow` when the content breaks the contract: a bug of the module, told at once
   */
  send<T>(target: PushTarget, push: PushContract<T>, content: T, options?: PushOptions): Promise<PushOutcome>;
  /** Puts a session into a group until it leaves, loses its login or ends. Returns false when it is gone, or is in too many groups. */
  join(group: string, sessionId: string): Promise<boolean>;
  /** Takes a session out of a group. */
  leave(group: string, sessionId: string): Promise<void>;
  /** How many sessions are in a group. */
  sizeOf(group: string): Promise<number>;
}
