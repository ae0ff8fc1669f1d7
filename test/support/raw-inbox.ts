/**
 * What has come for a raw client and was not taken yet, and who waits for what.
 */
import type { Packet } from "mqtt-packet";

/** How long to wait for a packet or for the end of a connection, in ms, unless a test says otherwise. */
const DEFAULT_WAIT_MS = 5_000;

interface Waiter {
  matches(packet: Packet): boolean;
  resolve(packet: Packet): void;
  /** The connection has ended. */
  end(): void;
}

/** Packets in the order in which they came. */
export class Inbox {
  readonly #packets: Packet[] = [];
  readonly #waiters = new Set<Waiter>();
  #ended = false;

  /** Gives a packet to whoever waits for it, else keeps it. */
  put(packet: Packet): void {
    for (const waiter of this.#waiters) {
      if (!waiter.matches(packet)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(packet);
      return;
    }
    this.#packets.push(packet);
  }

  /** The connection has ended: nothing will come that is not here. */
  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiters) waiter.end();
  }

  /** What is here. */
  packets(): Packet[] {
    return [...this.#packets];
  }

  /** Takes everything that is here. */
  takeAll(): Packet[] {
    return this.#packets.splice(0);
  }

  /** Takes the first packet that fits, here or to come. Rejects at the limit, or when the connection ends. */
  async take<P extends Packet>(
    isIt: (packet: Packet) => packet is P,
    what: string,
    timeoutMs?: number,
  ): Promise<P> {
    const index = this.#packets.findIndex((packet) => isIt(packet));
    const [found] = index < 0 ? [] : this.#packets.splice(index, 1);
    if (found !== undefined && isIt(found)) return found;
    const ended = (): Error => new Error(`the connection ended before ${what} came; ${this.describe()}`);
    if (this.#ended) throw ended();
    let waiter: Waiter | undefined;
    const arrival = new Promise<P>((resolve, reject) => {
      waiter = {
        matches: isIt,
        resolve: (packet) => void (isIt(packet) && resolve(packet)),
        end: () => reject(ended()),
      };
      this.#waiters.add(waiter);
    });
    try {
      return await limited(arrival, timeoutMs, () => `${what} did not come; ${this.describe()}`);
    } finally {
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  /** Says what is here, for messages of failed tests. */
  describe(): string {
    if (this.#packets.length === 0) return "the inbox is empty";
    const list = this.#packets
      .slice(0, 10)
      .map((packet) =>
        packet.cmd === "publish"
          ? JSON.stringify({ ...packet, payload: Buffer.from(packet.payload).toString("hex").slice(0, 80) })
          : JSON.stringify(packet),
      );
    return `the inbox has ${this.#packets.length} packet(s):\n  ${list.join("\n  ")}`;
  }
}

/** Waits for a promise, at most for a time; rejects with the message then. */
export async function limited<T>(
  promise: Promise<T>,
  timeoutMs = DEFAULT_WAIT_MS,
  message: () => string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`within ${timeoutMs} ms ${message()}`)), timeoutMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
