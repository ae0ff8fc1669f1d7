/**
 * What the broker keeps for ordinary topics: retained messages, and queues of persistent sessions. In memory, and bounded
 * in every direction; the oldest goes first.
 */
import MemoryPersistence, { type ClientRef, type MessageRef } from "aedes-persistence/asyncPersistence.js";

/** The bounds; see {@link GateOptions}. */
export interface PersistenceOptions {
  readonly maxOfflineMessages: number;
  readonly maxOfflineBytes: number;
  readonly maxOfflineSessions: number;
  readonly maxRetained: number;
  readonly maxRetainedBytes: number;
  readonly maxRetainedPerClient: number;
}

/** The broker's memory, as the gate steers it. */
export interface BoundedPersistence {
  /** Tells whether a retained message may be kept, and notes whose it is. An empty payload deletes and is always welcome. */
  admitRetained(clientId: string | undefined, topic: string, payloadBytes: number): boolean;
  /** Notes that a persistent session's client went away. */
  sessionAway(clientId: string): void;
  /** Notes that it is back. */
  sessionBack(clientId: string): void;
}

const UNSENT: MessageRef = { messageId: undefined };
const EMPTY = Buffer.alloc(0);

/** How much of something there is. */
interface Amount {
  count: number;
  bytes: number;
}

class BoundedMemory extends MemoryPersistence implements BoundedPersistence {
  readonly #options: PersistenceOptions;
  /** What is queued per persistent session. */
  readonly #queued = new Map<string, Amount>();
  /** Messages at QoS 2 that a client has begun and not released. */
  readonly #incoming = new Map<string, Amount>();
  /** Persistent sessions whose client is away, the longest away first. */
  readonly #away = new Set<string>();
  /** Retained topics: who made each, and how large it is. */
  readonly #retained = new Map<string, { readonly owner: string; readonly bytes: number }>();
  readonly #retainedCount = new Map<string, number>();
  #retainedBytes = 0;

  constructor(options: PersistenceOptions) {
    super();
    this.#options = options;
  }

  admitRetained(clientId: string | undefined, topic: string, payloadBytes: number): boolean {
    const current = this.#retained.get(topic);
    if (payloadBytes === 0) {
      this.#disown(topic);
      return true;
    }
    const { maxRetained, maxRetainedBytes, maxRetainedPerClient } = this.#options;
    const owner = current?.owner ?? clientId ?? "";
    const count = this.#retainedCount.get(owner) ?? 0;
    const isFull =
      current === undefined && (this.#retained.size >= maxRetained || count >= maxRetainedPerClient);
    if (isFull || this.#retainedBytes - (current?.bytes ?? 0) + payloadBytes > maxRetainedBytes) {
      // What the topic had is no longer true.
      if (current !== undefined) void this.#dropRetained(topic);
      return false;
    }
    this.#disown(topic);
    this.#retained.set(topic, { owner, bytes: payloadBytes });
    this.#retainedCount.set(owner, (this.#retainedCount.get(owner) ?? 0) + 1);
    this.#retainedBytes += payloadBytes;
    return true;
  }

  async #dropRetained(topic: string): Promise<void> {
    this.#disown(topic);
    await this.storeRetained({ topic, payload: EMPTY });
  }

  #disown(topic: string): void {
    const retained = this.#retained.get(topic);
    if (retained === undefined) return;
    const { owner, bytes } = retained;
    this.#retained.delete(topic);
    this.#retainedBytes -= bytes;
    const left = (this.#retainedCount.get(owner) ?? 1) - 1;
    if (left > 0) this.#retainedCount.set(owner, left);
    else this.#retainedCount.delete(owner);
  }

  sessionAway(clientId: string): void {
    this.#away.delete(clientId);
    this.#away.add(clientId);
    if (this.#away.size <= this.#options.maxOfflineSessions) return;
    const [longest] = this.#away;
    if (longest === undefined) return;
    this.#away.delete(longest);
    void this.#forget({ id: longest });
  }

  async #forget(client: ClientRef): Promise<void> {
    await this.cleanSubscriptions(client);
    await this.cleanIncoming(client);
  }

  sessionBack(clientId: string): void {
    this.#away.delete(clientId);
  }

  // Called when a clean session begins, too: what an earlier session of the id had queued goes with its filters.
  override async cleanSubscriptions(client: ClientRef): Promise<void> {
    this.#away.delete(client.id);
    await super.cleanSubscriptions(client);
    if (!this.#queued.delete(client.id)) return;
    for await (const message of this.outgoingStream(client))
      await super.outgoingClearMessageId(client, message);
  }

  /**
   * One copy for each client, however many of its filters match: with two, the broker threw the client out. A queue that
   * is full of messages which were sent and not acknowledged takes no more; the broker then ends that client.
   */
  override async outgoingEnqueueCombi(
    subscribers: readonly { readonly clientId: string }[],
    packet: MessageRef,
  ): Promise<void> {
    const bytes = packet.payload?.length ?? 0;
    const once = new Map(subscribers.map((subscriber) => [subscriber.clientId, subscriber]));
    for (const id of once.keys()) {
      if (this.#hasRoom(id, bytes) || (await this.#makeRoom(id, bytes))) add(this.#queued, id, bytes);
      else once.delete(id);
    }
    await super.outgoingEnqueueCombi([...once.values()], packet);
  }

  #hasRoom(id: string, bytes: number): boolean {
    const { maxOfflineMessages, maxOfflineBytes } = this.#options;
    const queued = this.#queued.get(id);
    return (queued?.count ?? 0) < maxOfflineMessages && (queued?.bytes ?? 0) + bytes <= maxOfflineBytes;
  }

  /** Drops the oldest until one more fits. False when the client is there and all of its queue was sent to it. */
  async #makeRoom(id: string, bytes: number): Promise<boolean> {
    while (!this.#hasRoom(id, bytes)) {
      const dropped =
        (await this.outgoingClearMessageId({ id }, UNSENT, true)) ??
        (this.#away.has(id) ? await this.#dropOldest({ id }) : undefined);
      if (dropped === undefined) return false;
    }
    return true;
  }

  async #dropOldest(client: ClientRef): Promise<MessageRef | undefined> {
    const [oldest] = await this.outgoingStream(client).take(1).toArray();
    return oldest === undefined ? undefined : await this.outgoingClearMessageId(client, oldest);
  }

  /**
   * Takes a message off a queue. Clean sessions have none: asking would leave an entry for the id behind, for ever. And
   * without an identifier the broker means the copy that its duplicate filter held back: that one is not queued.
   */
  override async outgoingClearMessageId(
    client: ClientRef,
    packet: MessageRef,
    oldestUnsent = false,
  ): Promise<MessageRef | undefined> {
    if (client.clean === true || (packet.messageId === undefined && !oldestUnsent)) return undefined;
    const cleared = await super.outgoingClearMessageId(client, packet);
    if (cleared !== undefined) subtract(this.#queued, client.id, cleared.payload?.length ?? 0);
    return cleared;
  }

  /** Rejects beyond the limit of a client's bytes; the broker then ends it. */
  override async incomingStorePacket(client: ClientRef, packet: MessageRef): Promise<void> {
    const bytes = packet.payload?.length ?? 0;
    if ((this.#incoming.get(client.id)?.bytes ?? 0) + bytes > this.#options.maxOfflineBytes)
      throw new Error("too many bytes of messages at QoS 2 wait for PUBREL");
    add(this.#incoming, client.id, bytes);
    await super.incomingStorePacket(client, packet);
  }

  override async incomingDelPacket(client: ClientRef, packet: MessageRef): Promise<void> {
    const stored = await this.incomingGetPacket(client, packet);
    await super.incomingDelPacket(client, packet);
    subtract(this.#incoming, client.id, stored.payload?.length ?? 0);
  }

  override async cleanIncoming(client: ClientRef): Promise<void> {
    this.#incoming.delete(client.id);
    await super.cleanIncoming(client);
  }
}

function add(amounts: Map<string, Amount>, id: string, bytes: number): void {
  const amount = amounts.get(id) ?? { count: 0, bytes: 0 };
  amount.count++;
  amount.bytes += bytes;
  amounts.set(id, amount);
}

function subtract(amounts: Map<string, Amount>, id: string, bytes: number): void {
  const amount = amounts.get(id);
  if (amount === undefined) return;
  amount.count--;
  amount.bytes -= bytes;
  if (amount.count <= 0) amounts.delete(id);
}

/** Makes the broker's memory. */
export function boundedPersistence(options: PersistenceOptions): MemoryPersistence & BoundedPersistence {
  return new BoundedMemory(options);
}
