/**
 * Cuts a connection's byte stream into whole packets. Bounded before anything is kept: a packet that announces more
 * than the limit ends the connection at its header.
 */
import { ProtocolViolation, readExtent } from "./frame.ts";

const NOTHING = Buffer.alloc(0);

/** One connection's incoming bytes. */
export class PacketScanner {
  /** What came and was not taken: from #at to #end. Behind #end is room for the rest of a packet that comes in pieces. */
  #bytes: Buffer = NOTHING;
  #at = 0;
  #end = 0;
  /** Length of the packet at #at, once its header has come and as long as the rest has not. */
  #awaitedBytes = 0;
  /** Bytes of the fixed header of the packet that was returned last. */
  headerBytes = 0;

  /** Takes what the socket delivered. The buffer must not be written to afterwards. */
  feed(chunk: Buffer): void {
    if (this.#at === this.#end) {
      this.#bytes = chunk;
      this.#at = 0;
      this.#end = chunk.length;
      return;
    }
    if (this.#bytes.length - this.#end < chunk.length) this.#makeRoom(chunk.length);
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }

  /** A packet in a thousand pieces would be copied a thousand times if room were made for one piece only. */
  #makeRoom(forBytes: number): void {
    const pending = this.#bytes.subarray(this.#at, this.#end);
    const least = pending.length + forBytes;
    const room = Buffer.allocUnsafeSlow(Math.max(least, Math.min(2 * least, this.#awaitedBytes)));
    pending.copy(room);
    this.#bytes = room;
    this.#at = 0;
    this.#end = pending.length;
  }

  /** How many bytes wait for the rest of their packet, or to be taken. */
  get pendingBytes(): number {
    return this.#end - this.#at;
  }

  /**
   * Returns the next whole packet as a view, or undefined until more bytes come.
   * @throws ProtocolViolation when its header announces more than `maxBytes`, or is no header
   */
  next(maxBytes: number): Buffer | undefined {
    const extent = readExtent(this.#bytes, this.#at, this.#end);
    if (extent === undefined) return undefined;
    if (extent.totalBytes > maxBytes) {
      throw new ProtocolViolation(
        `a packet of ${extent.totalBytes} bytes is above the limit of ${maxBytes}`,
        true,
      );
    }
    const end = this.#at + extent.totalBytes;
    if (end > this.#end) {
      this.#awaitedBytes = extent.totalBytes;
      return undefined;
    }
    this.headerBytes = extent.headerBytes;
    const frame = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    this.#awaitedBytes = 0;
    if (end === this.#end) this.clear();
    return frame;
  }

  /** Forgets everything. */
  clear(): void {
    this.#bytes = NOTHING;
    this.#at = 0;
    this.#end = 0;
    this.#awaitedBytes = 0;
  }
}
