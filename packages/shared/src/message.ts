/**
 * Call, Answer, Push: the only shapes that cross rooms. Types, no logic.
 */

/** How a call, its answer or a push is written: JSON on `i` and `p`, protobuf on `f` and `q`. */
export type Encoding = "json" | "protobuf";

/** A call as it came on `i` (or by HTTP). Names or numbers, as the caller wrote them. */
export interface JsonCall {
  readonly encoding: "json";
  readonly module: string | number;
  readonly func: string | number;
  /** The parsed `params`; undefined when missing. Not yet checked against the contract. */
  readonly params: unknown;
  /** Echoed in the answer when the caller gave one. */
  readonly id?: string | number | undefined;
  /** The key by which a call that is sent again is known. [call-5] */
  readonly once?: string | undefined;
}

/** A call as it came on `f`: two numbers and the parameters' protobuf. */
export interface ProtobufCall {
  readonly encoding: "protobuf";
  readonly module: number;
  readonly func: number;
  /** A decoded call's hold the key too, see `readOnceField`: only who needs it looks for it. */
  readonly params: Uint8Array;
  /** The key to write behind the parameters. [call-5] */
  readonly once?: string | undefined;
}

/** A call, decoded from its envelope but not yet against its contract. */
export type Call = JsonCall | ProtobufCall;

/**
 * What a call gets back, exactly once.
 *
 * `result` is the encoded result in the call's own encoding: JSON text for a JSON call (`"null"` for a function
 * that returned nothing), bytes for a protobuf call; undefined when the function did not run. [answer-3]
 */
export interface Answer {
  /** 0 is success; see state.ts. */
  readonly state: number;
  /** The text that belongs to the state; empty on success. */
  readonly msg: string;
  readonly result: string | Uint8Array | undefined;
  /** With TooManyRequests, where known: how long to wait before another try, in ms. It stands in `result` too. */
  readonly retryAfterMs?: number | undefined;
}

/** What the server sends of its own accord: the module's number, its push's number, the content's bytes. */
export interface Push {
  readonly module: number;
  readonly type: number;
  readonly content: Uint8Array;
}
