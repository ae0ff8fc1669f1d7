/**
 * The packet identifiers of one connection: 1 to 65535, in order, none given twice while it is in use.
 * In order, because an identifier that was just freed is the last one to come again: a late answer finds no new call.
 */

const HIGHEST = 65_535;

/** Gives out packet identifiers. */
export class PacketIds {
  readonly #used = new Set<number>();
  #next = 1;

  /** Takes the next free identifier, or returns undefined when all are in use. */
  take(): number | undefined {
    if (this.#used.size === HIGHEST) return undefined;
    while (this.#used.has(this.#next)) this.#next = this.#next === HIGHEST ? 1 : this.#next + 1;
    const id = this.#next;
    this.#used.add(id);
    this.#next = id === HIGHEST ? 1 : id + 1;
    return id;
  }

  /** Gives an identifier back. */
  free(id: number): void {
    this.#used.delete(id);
  }

  /** How many are in use. */
  get size(): number {
    return this.#used.size;
  }
}
