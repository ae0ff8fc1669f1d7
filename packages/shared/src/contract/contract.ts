/**
 * A module as a value and a type: what generated contracts are made of, and what both ends read.
 */

import type { Layout } from "./field.ts";

/** A JSON value. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * One message of a contract: JSON both ways, and its rules; bytes by `encodeMessage` and `decodeMessage`, which are
 * functions so that a game which speaks JSON does not carry them.
 *
 * Fields are required in `T` unless the .proto says `optional`; decoding fills scalars that are missing.
 */
export interface MessageType<T> {
  /** The message's name in the .proto. */
  readonly name: string;
  /** Its fields: what `encodeMessage` and `decodeMessage` go by, and tools that show or document a contract. */
  readonly layout: Layout;
  /** Maps to JSON: keys as the .proto writes them, zero values left out, bytes as base64, 64-bit integers as strings. */
  toJson(message: T): JsonValue;
  /**
   * Maps from JSON: keys match exactly first, then case-insensitively and in lowerCamelCase; null and missing are the
   * field's zero value; unknown keys are ignored. [call-2]
   * @throws MqplayError `malformed` with `path` when a value has the wrong type
   */
  fromJson(json: unknown): T;
  /**
   * Checks a value of the program's own, and every rule that the contract declares for fields (lengths, ranges).
   * @throws MqplayError `paramNotAllow` with `path` naming the field and `detail` saying what was expected
   */
  check(message: unknown): asserts message is T;
}

/** Who may call a function: anybody, a logged-in user, or only other modules. */
export type Access = "public" | "user" | "internal";

/** An error of a function's own: its state on the wire, its name in code, its text. */
export interface ErrorContract {
  /** 1, 2, 3 …, below the general states. */
  readonly state: number;
  readonly name: string;
  readonly msg: string;
}

/** One function. `null` as request or response is `google.protobuf.Empty`: no parameters, or nothing returned. */
export interface FuncContract<TRequest = unknown, TResponse = unknown> {
  /** The name on the wire, like `GetSelfInfo`. */
  readonly name: string;
  /** The number on the wire, 1 to 255. */
  readonly number: number;
  readonly request: MessageType<TRequest> | null;
  readonly response: MessageType<TResponse> | null;
  readonly access: Access;
  /** True when running it twice with the same key does no harm; the SDK may send it again after a cut. */
  readonly idempotent: boolean;
  /** The request field by which calls stick to one worker, or null. */
  readonly sticky: string | null;
  /** The errors that it may answer with, by state. */
  readonly errors: readonly ErrorContract[];
}

/** One push of a module. */
export interface PushContract<TContent = unknown> {
  /** Its message's name in the .proto. */
  readonly name: string;
  /** The number on the wire, 0 to 255. */
  readonly number: number;
  readonly content: MessageType<TContent>;
}

/** A module: its number and name on the wire, its functions, pushes and errors by their names in code (lowerCamelCase). */
export interface ModuleContract<
  TFuncs extends Readonly<Record<string, FuncContract>> = Readonly<Record<string, FuncContract>>,
  TPushes extends Readonly<Record<string, PushContract>> = Readonly<Record<string, PushContract>>,
  TErrors extends Readonly<Record<string, ErrorContract>> = Readonly<Record<string, ErrorContract>>,
> {
  readonly name: string;
  /** 1 to 255; an application's own start at 11. [module-1] */
  readonly number: number;
  readonly funcs: TFuncs;
  readonly pushes: TPushes;
  readonly errors: TErrors;
}

/** The request type of a function; `void` when it takes no parameters. */
export type RequestOf<F> = F extends { readonly request: MessageType<infer T> } ? T : void;

/** The response type of a function; `void` when it returns nothing. */
export type ResponseOf<F> = F extends { readonly response: MessageType<infer T> } ? T : void;

/** The content type of a push. */
export type ContentOf<P> = P extends { readonly content: MessageType<infer T> } ? T : never;
