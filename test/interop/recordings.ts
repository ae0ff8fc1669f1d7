/**
 * The recorded conversations with the Go server (test/vectors/classic.json), packet by packet.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** One packet of a conversation. */
export interface RecordedPacket {
  /** Which connection of the conversation: "A", "B". */
  readonly conn: string;
  readonly dir: "C>S" | "S>C";
  /** The whole packet. */
  readonly hex: string;
  /** The payload in the clear, of JSON topics. */
  readonly plain?: string;
  /** The same, of protobuf topics. */
  readonly plainHex?: string;
  /** The result of a JSON answer. */
  readonly resultDecoded?: string;
}

/** One conversation. */
export interface Recording {
  readonly name: string;
  readonly connections: Readonly<
    Record<string, { readonly clientId: string; readonly serverStringHex: string; readonly keyHex: string }>
  >;
  readonly packets: readonly RecordedPacket[];
}

interface Vectors {
  readonly sessions: readonly Recording[];
}

function isVectors(value: unknown): value is Vectors {
  return typeof value === "object" && value !== null && "sessions" in value && Array.isArray(value.sessions);
}

/** Reads a conversation by its name. */
export async function readRecording(name: string): Promise<Recording> {
  const text = await readFile(join(import.meta.dirname, "../vectors/classic.json"), "utf8");
  const vectors: unknown = JSON.parse(text);
  const found = isVectors(vectors) ? vectors.sessions.find((session) => session.name === name) : undefined;
  if (found === undefined) throw new Error(`there is no recording "${name}"`);
  return found;
}

/** The client id of a recorded connection. */
export function clientIdOf(recording: Recording, conn: string): string {
  const connection = recording.connections[conn];
  if (connection === undefined) throw new Error(`${recording.name} has no connection ${conn}`);
  return connection.clientId;
}
