/**
 * What leaves for one client: answers and pushes are gathered and leave in one write, at the end of the turn at the latest.
 * A client that does not read is cut off by its own unsent bytes.
 */
import type { Transport } from "./listen/transport.ts";
import type { GateMetrics } from "./metrics.ts";

/** What bounds a client's outgoing bytes, and what happens beyond. */
export interface OutgoingOptions {
  readonly maxUnsentBytes: number;
}

/** One client's way out. */
export class Outgoing {
  readonly #transport: Transport;
  readonly #metrics: GateMetrics;
  readonly #maxUnsentBytes: number;
  readonly #overflow: () => void;
  #gathered: Buffer[] = [];
  #scheduled = false;
  readonly #flush = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** @param overflow is told once when too many bytes are unsent */
  constructor(transport: Transport, metrics: GateMetrics, options: OutgoingOptions, overflow: () => void) {
    this.#transport = transport;
    this.#metrics = metrics;
    this.#maxUnsentBytes = options.maxUnsentBytes;
    this.#overflow = overflow;
  }

  /** Sends bytes with whatever else is sent in this turn. */
  gather(frame: Buffer): void {
    this.#gathered.push(frame);
  }

  /** Makes sure that what is gathered leaves in this turn. */
  scheduleFlush(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  /** Sends what is gathered, in one write. */
  flush(): void {
    const frames = this.#gathered;
    const [first] = frames;
    if (first === undefined) return;
    this.#gathered = [];
    const bytes = frames.length === 1 ? first : Buffer.concat(frames);
    this.#metrics.bytesOut += bytes.length;
    this.#transport.write(bytes);
    if (this.#transport.unsentBytes > this.#maxUnsentBytes) this.#overflow();
  }
}
