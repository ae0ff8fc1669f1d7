/**
 * Cuts a connection's byte stream into whole packets. Bounded before anything is kept: a packet that announces more
 * than the limit ends the connection at its header.
 */
import { ProtocolViolation, readExtent } from "./frame.ts";

const NOTHING = Buffer.alloc(0);

/** One connection's incoming bytes. */
export class PacketScanner {
  #bytes: Buffer = NOTHING;
  #at = 0;
  /** Bytes of the fixed header of the packet that was returned last. */
  headerBytes = 0;

  /** Takes what the socket delivered. The buffer must not be written to afterwards. */
  feed(chunk: Buffer): void {
    this.#bytes =
      this.#at === this.#bytes.length ? chunk : Buffer.concat([this.#bytes.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** How many bytes wait for the rest of their packet, or to be taken. */
  get pendingBytes(): number {
    return this.#bytes.length - this.#at;
  }

  /**
   * Returns the next whole packet as a view, or undefined until more bytes come.
   * @throws ProtocolViolation when its header announces more than `maxBytes`, or is no header
   */
  next(maxBytes: number): Buffer | undefined {
    const extent = readExtent(this.#bytes, this.#at);
    if (extent === undefined) return undefined;
    if (extent.totalBytes > maxBytes) {
      throw new ProtocolViolation(
        `a packet of ${extent.totalBytes} bytes is above the limit of ${maxBytes}`,
        true,
      );
    }
    const end = this.#at + extent.totalBytes;
    if (end > this.#bytes.length) return undefined;
    this.headerBytes = extent.headerBytes;
    const frame = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    if (end === this.#bytes.length) {
      this.#bytes = NOTHING;
      this.#at = 0;
    }
    return frame;
  }

  /** Forgets everything. */
  clear(): void {
    this.#bytes = NOTHING;
    this.#at = 0;
  }
}
