/**
 * A client's byte stream, whatever it came by. In go bytes, out come bytes; MQTT is not known here.
 */

/** What happens on a byte stream. */
export interface TransportEvents {
  /** Bytes came in. The buffer belongs to the receiver. */
  data(chunk: Buffer): void;
  /** Everything handed to `write` has left this process. */
  drain(): void;
  /** The stream has ended, in whatever way; nothing comes after. */
  transportClosed(): void;
}

/** A client's byte stream. */
export interface Transport {
  /** How it came in, for logs: `tcp`, `tls`, `ws`, `wss`. */
  readonly kind: string;
  /** The peer's address without the port. */
  readonly remoteAddress: string;
  /** Bytes that were written and have not left this process. */
  readonly unsentBytes: number;
  /** Starts delivering events. Called once. */
  start(events: TransportEvents): void;
  /** Sends bytes, in one write. The buffer must not be written to afterwards. */
  write(bytes: Buffer): void;
  /** Stops reading; the peer feels it. */
  pause(): void;
  /** Reads on. */
  resume(): void;
  /** Ends politely: what was written is sent first. */
  end(): void;
  /** Ends at once. */
  destroy(): void;
}
