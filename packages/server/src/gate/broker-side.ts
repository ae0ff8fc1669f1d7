/**
 * One client's way to the broker and back: packets that the gate passes on go in, the broker's packets come out.
 * The broker's SUBACKs are completed with the gate's own codes, and its packet identifiers are noted, on the way.
 */
import type { Broker, BrokerClient } from "./broker.ts";
import { BrokerStream, type BrokerStreamEvents } from "./broker-stream.ts";
import { PacketType, readExtent, readUint16 } from "./frame.ts";
import type { InFlight } from "./in-flight.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** What the broker's side works with; but for the broker, all of it belongs to its connection. */
export interface BrokerSideDeps {
  readonly broker: Pick<Broker, "attach">;
  readonly out: Pick<Outgoing, "gather" | "flush">;
  readonly inFlight: Pick<InFlight, "sendBroker" | "brokerCount">;
  readonly subscriptions: Subscriptions;
  /** Bytes that wait for the client's socket. */
  readonly unsentBytes: () => number;
  /** Makes the PUBLISH of a new server string. [handshake-1] */
  readonly handshake: () => Buffer;
  /** Told when the client has subscribed `p` or `q`, and its SUBACK is on its way. */
  readonly listens: () => void;
  /** Told when the broker wants no more for now, and when it does again. */
  readonly busy: (isBusy: boolean) => void;
  /** Told when the client does not acknowledge ordinary messages. */
  readonly overdue: () => void;
  /** Told when the broker has let the client in and sent what it had kept for it. */
  readonly ready: () => void;
  /** Told when the broker has ended the client: after DISCONNECT, or for a packet that it could not take. */
  readonly ended: () => void;
}

/** Unsent bytes from which the broker waits, while it sends what it kept for a persistent session. */
const SLOW_FROM_BYTES = 65_536;

/** How long the broker may take to take in what it was given before the client is ended all the same, in ms. */
const LAST_WORDS_MS = 5_000;

/**
 * Ordinary messages at QoS 1 that a client may leave unacknowledged, beyond those that were kept for it. The broker
 * sends without end, and their identifiers must leave room for the gate's own.
 */
const MAX_UNACKNOWLEDGED = 8_192;

/** What bounds one client's way to the broker. */
export interface BrokerSideOptions {
  readonly maxOfflineMessages: number;
}

/** One client's way to the broker. */
export class BrokerSide implements BrokerStreamEvents {
  readonly #deps: BrokerSideDeps;
  readonly #stream: BrokerStream;
  readonly #client: BrokerClient;
  readonly #maxUnacknowledged: number;
  #forwarded: Buffer[] = [];
  #waiting: (() => void) | undefined;
  #ready = false;
  #open = true;
  /** The broker wants no more bytes for now. */
  #isFull = false;
  /**
   * A SUBSCRIBE or UNSUBSCRIBE is with the broker. It works on packets side by side, so one that overtook another would
   * leave the client with the wrong filters: nothing more is read of the client until the broker has acknowledged it.
   */
  #isSettling = false;

  /** @param connect the client's CONNECT, the first packet that the broker gets. */
  constructor(deps: BrokerSideDeps, options: BrokerSideOptions, connect: Buffer) {
    this.#deps = deps;
    this.#maxUnacknowledged = options.maxOfflineMessages + MAX_UNACKNOWLEDGED;
    this.#stream = new BrokerStream(this);
    this.#client = deps.broker.attach(this.#stream);
    this.#stream.push(connect);
    void this.#client.ready.then((filters) => {
      this.#ready = true;
      deps.subscriptions.restore(filters);
      this.filtersChanged();
      this.drained();
      if (this.#open) deps.ready();
    });
  }

  /** Tells the broker whether a message may now match several of the client's filters. */
  filtersChanged(): void {
    this.#client.mayOverlap = this.#deps.subscriptions.mayOverlap;
  }

  /** Passes a packet on, with the others of its turn. */
  pass(frame: Buffer): void {
    this.#forwarded.push(frame);
    const type = (frame[0] ?? 0) >>> 4;
    if (type !== PacketType.subscribe && type !== PacketType.unsubscribe) return;
    this.#isSettling = true;
    this.#tellBusy();
  }

  #tellBusy(): void {
    this.#deps.busy(this.#isFull || this.#isSettling);
  }

  /** Hands over what was passed on in this turn. */
  flush(): void {
    const frames = this.#forwarded;
    const [first] = frames;
    if (first === undefined) return;
    this.#forwarded = [];
    this.#isFull = !this.#stream.push(frames.length === 1 ? first : Buffer.concat(frames));
    if (this.#isFull) this.#tellBusy();
  }

  wanted(): void {
    this.#isFull = false;
    this.#tellBusy();
  }

  packets(bytes: Buffer, written: () => void): void {
    if (this.#open) {
      this.#sendOn(bytes);
      this.#deps.out.flush();
      this.#tellBusy();
      if (this.#deps.inFlight.brokerCount > this.#maxUnacknowledged) this.#deps.overdue();
    }
    // Once the client is ready, the broker is never held up: a client that does not read is cut off instead.
    if (this.#open && !this.#ready && this.#deps.unsentBytes() > SLOW_FROM_BYTES) this.#waiting = written;
    else written();
  }

  #sendOn(bytes: Buffer): void {
    const { out, inFlight, subscriptions } = this.#deps;
    let passed = 0;
    let at = 0;
    while (at < bytes.length) {
      const extent = readExtent(bytes, at);
      if (extent === undefined) break;
      const first = bytes[at] ?? 0;
      const end = at + extent.totalBytes;
      if ((first & 0xf6) === 0x32) {
        const topicBytes = readUint16(bytes, at + extent.headerBytes);
        inFlight.sendBroker(readUint16(bytes, at + extent.headerBytes + 2 + topicBytes));
      } else if (first >>> 4 === PacketType.unsuback) {
        this.#isSettling = false;
      } else if (first >>> 4 === PacketType.suback) {
        this.#isSettling = false;
        const completed = subscriptions.completeSuback(bytes.subarray(at, end));
        if (completed !== undefined) {
          if (at > passed) out.gather(bytes.subarray(passed, at));
          out.gather(completed.suback);
          if (completed.handshake) out.gather(this.#deps.handshake());
          if (completed.listens) this.#deps.listens();
          passed = end;
        }
      }
      at = end;
    }
    if (passed < bytes.length) out.gather(passed === 0 ? bytes : bytes.subarray(passed));
  }

  /** The client's socket has sent everything: the broker may write on. */
  drained(): void {
    const written = this.#waiting;
    this.#waiting = undefined;
    written?.();
  }

  ended(): void {
    if (this.#open) this.#deps.ended();
  }

  /**
   * The connection has ended. The broker takes what was passed on, then the end. A client that it has not let in yet is
   * ended after that: ended earlier, it would stay in the broker's list for ever.
   */
  close(): void {
    this.#open = false;
    this.drained();
    const stream = this.#stream;
    if (stream.destroyed) return;
    void this.#client.ready.then(() => {
      if (!stream.destroyed) stream.push(null);
    });
    const timer = setTimeout(() => stream.destroy(), LAST_WORDS_MS);
    timer.unref();
    stream.once("close", () => clearTimeout(timer));
  }
}
