/**
 * The conversations with the Go server that are kept in test/vectors/classic.json.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface RecordedPacket {
  /** Which of the conversation's connections. */
  readonly conn: string;
  readonly dir: "C>S" | "S>C";
  readonly hex: string;
  /** What it is, in words. */
  readonly note: string;
  /** The payload deciphered, on `i` and `p`. */
  readonly plain?: string;
  /** The payload deciphered, on `f`. */
  readonly plainHex?: string;
}

export interface Recording {
  readonly name: string;
  readonly about: string;
  readonly connections: Readonly<
    Record<string, { readonly clientId: string; readonly serverStringHex: string; readonly keyHex: string }>
  >;
  readonly packets: readonly RecordedPacket[];
}

interface Vectors {
  readonly sessions: readonly Recording[];
}

const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, "../vectors/classic.json"), "utf8"),
) as Vectors;

export const recordings: readonly Recording[] = vectors.sessions;
