/**
 * The stream that the broker takes for a client's socket. What the gate passes on goes in; what the broker writes comes
 * out in whole packets, because no other packet may stand within one.
 */
import { Duplex } from "node:stream";

/** What the stream does to the connection that it belongs to. */
export interface BrokerStreamEvents {
  /** The broker wrote packets: whole ones, at least one. `written` is called when it may write on. */
  packets(bytes: Buffer, written: () => void): void;
  /** The broker has taken what was passed on and wants more. */
  wanted(): void;
  /** The broker has ended the client, or the stream was ended. */
  ended(): void;
}

/** One client's stream to the broker. */
export class BrokerStream extends Duplex {
  readonly #events: BrokerStreamEvents;

  constructor(events: BrokerStreamEvents) {
    super({ autoDestroy: true, emitClose: true, decodeStrings: true });
    this.#events = events;
  }

  override _read(): void {
    this.#events.wanted();
  }

  // The broker's codec corks around each packet, so a packet reaches one of these two whole.
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#events.packets(chunk, done);
  }

  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#events.packets(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#events.ended();
    done(error);
  }
}
