/**
 * Answers and pushes as docs/protocol.md writes them, read and written by hand: the tests' own reading of the wire,
 * independent of the codecs under test. [answer-3] [answer-4] [push-1] [push-2]
 */

/** An answer on `i`. */
export interface JsonAnswer {
  /** The text as it came. */
  readonly text: string;
  /** The parsed object as it came. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The state; 0 where the field is missing. */
  readonly state: number;
  /** The text of the state; empty where the field is missing. */
  readonly msg: string;
  /** The parsed JSON of `result`; undefined where there is none. */
  readonly result: unknown;
  readonly id: unknown;
}

/** An answer on `f`, or a push on `q`. */
export interface ProtobufAnswer {
  /** The bytes as they came, deciphered. */
  readonly plain: Uint8Array;
  readonly module: number;
  readonly func: number;
  readonly state: number;
  readonly msg: string;
  /** The bytes of `result`; undefined where there is none. */
  readonly result: Uint8Array | undefined;
}

export function readJsonAnswer(plain: Uint8Array): JsonAnswer {
  const text = Buffer.from(plain).toString("utf8");
  const body: unknown = parseJson(text);
  if (!isRecord(body)) throw new Error(`an answer is a JSON object, not ${text}`);
  const { state = 0, msg = "", result, id } = body;
  if (typeof state !== "number" || typeof msg !== "string")
    throw new Error(`state or msg have the wrong type: ${text}`);
  if (result !== undefined && typeof result !== "string")
    throw new Error(`result is no base64 text: ${text}`);
  const decoded =
    result === undefined ? undefined : parseJson(Buffer.from(result, "base64").toString("utf8"));
  return { text, body, state, msg, result: decoded, id };
}

export function readProtobufAnswer(plain: Uint8Array): ProtobufAnswer {
  const [module, func] = plain;
  if (module === undefined || func === undefined)
    throw new Error(`an answer begins with two bytes: ${hex(plain)}`);
  const fields = readFields(plain.subarray(2));
  const msg = fields.get(2) ?? "";
  const result = fields.get(1);
  const state = fields.get(3) ?? 0;
  if (typeof state !== "number" || typeof result === "number" || typeof msg === "number") {
    throw new Error(`no AllResponse: ${hex(plain)}`);
  }
  const text = typeof msg === "string" ? msg : Buffer.from(msg).toString("utf8");
  return { plain, module, func, state, msg: text, result: typeof result === "string" ? undefined : result };
}

/** Reads the fields of a protobuf message that has only varints and bytes. */
export function readFields(bytes: Uint8Array): Map<number, number | Uint8Array> {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error(`a varint is cut off: ${hex(bytes)}`);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if ((tag & 7) === 0) {
      fields.set(tag >> 3, varint());
    } else if ((tag & 7) === 2) {
      const length = varint();
      if (at + length > bytes.length) throw new Error(`a field is cut off: ${hex(bytes)}`);
      fields.set(tag >> 3, bytes.slice(at, (at += length)));
    } else {
      throw new Error(`wire type ${tag & 7} is not used here: ${hex(bytes)}`);
    }
  }
  return fields;
}

/** Reads a field of text. */
export function textField(bytes: Uint8Array | undefined, field: number): string {
  const value = bytes === undefined ? undefined : readFields(bytes).get(field);
  return value instanceof Uint8Array ? Buffer.from(value).toString("utf8") : "";
}

/** Writes a call on `f` whose parameters are text fields 1, 2, 3 …; each at most 127 bytes. */
export function protobufCall(module: number, func: number, ...texts: readonly string[]): Uint8Array {
  const fields = texts.flatMap((text, index) => {
    const bytes = Buffer.from(text, "utf8");
    return [((index + 1) << 3) | 2, bytes.length, ...bytes];
  });
  return Uint8Array.from([module, func, ...fields]);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`no JSON: ${text}`, { cause });
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
