/**
 * What has travelled: the packets of both players in the order in which they went, a bounded number of them.
 */
import { signal } from "@preact/signals";
import type { TraceEvent } from "@mqplay/client-sdk";
import { Meanings, type Meaning } from "./meaning.ts";

/** Which of the two players. */
export type Letter = "A" | "B";

/** A packet as the SDK reports it. */
export type Packet = Extract<TraceEvent, { kind: "packet" }>;

/** How a key came to be, as the SDK reports it. */
export type Handshake = Extract<TraceEvent, { kind: "handshake" }>;

/** One packet in the log. */
export interface WireRow {
  /** Counts up from 1 and is never used twice. */
  readonly id: number;
  readonly letter: Letter;
  readonly packet: Packet;
  readonly meaning: Meaning;
}

/** Rows that are kept; older ones go. A table of this length still scrolls without a stutter on a phone. */
export const MAX_ROWS = 300;

/** The log. Its signals redraw what reads them. */
export class WireLog {
  /** Oldest first. */
  readonly rows = signal<readonly WireRow[]>([]);
  /** How many rows had to go. */
  readonly gone = signal(0);
  /** The newest handshake of each player. */
  readonly handshakes = signal<Readonly<Partial<Record<Letter, Handshake>>>>({});

  #lastId = 0;
  readonly #meanings: Record<Letter, Meanings> = { A: new Meanings(), B: new Meanings() };

  /** Takes what a player's SDK reports. */
  add(letter: Letter, event: TraceEvent): void {
    if (event.kind === "handshake") {
      this.handshakes.value = { ...this.handshakes.value, [letter]: event };
      return;
    }
    this.#lastId += 1;
    const row: WireRow = {
      id: this.#lastId,
      letter,
      packet: event,
      meaning: this.#meanings[letter].of(event),
    };
    // An idle page pings for ever: only each player's newest ones stay, or they would push out what was of interest.
    const before = isPing(event)
      ? this.rows.value.filter(({ letter: other, packet }) => other !== letter || packet.type !== event.type)
      : this.rows.value;
    const rows = [...before, row];
    if (rows.length > MAX_ROWS) this.gone.value += rows.length - MAX_ROWS;
    this.rows.value = rows.slice(-MAX_ROWS);
  }

  /** Forgets all rows; keys stay to be seen. */
  clear(): void {
    this.rows.value = [];
    this.gone.value = 0;
  }
}

function isPing({ type }: Packet): boolean {
  return type === "PINGREQ" || type === "PINGRESP";
}
