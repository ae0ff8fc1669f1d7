/**
 * What the broker keeps for ordinary topics: retained messages, and queues of persistent sessions. In memory, and bounded
 * in every direction; the oldest goes first.
 */
import MemoryPersistence, { type ClientRef, type MessageRef } from "aedes-persistence/asyncPersistence.js";

/** The bounds; see {@link GateOptions}. */
export interface PersistenceOptions {
  readonly maxOfflineMessages: number;
  readonly maxOfflineSessions: number;
  readonly maxRetained: number;
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

class BoundedMemory extends MemoryPersistence implements BoundedPersistence {
  readonly #options: PersistenceOptions;
  /** Messages queued per persistent session. */
  readonly #queued = new Map<string, number>();
  /** Persistent sessions whose client is away, the longest away first. */
  readonly #away = new Set<string>();
  /** Who made a retained topic. */
  readonly #retainedBy = new Map<string, string>();
  readonly #retainedCount = new Map<string, number>();

  constructor(options: PersistenceOptions) {
    super();
    this.#options = options;
  }

  admitRetained(clientId: string | undefined, topic: string, payloadBytes: number): boolean {
    const owner = this.#retainedBy.get(topic);
    if (payloadBytes === 0) {
      if (owner !== undefined) this.#disown(topic, owner);
      return true;
    }
    if (owner !== undefined) return true;
    const id = clientId ?? "";
    const count = this.#retainedCount.get(id) ?? 0;
    if (this.#retainedBy.size >= this.#options.maxRetained || count >= this.#options.maxRetainedPerClient)
      return false;
    this.#retainedBy.set(topic, id);
    this.#retainedCount.set(id, count + 1);
    return true;
  }

  #disown(topic: string, owner: string): void {
    this.#retainedBy.delete(topic);
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

  /** One copy for each client, however many of its filters match: with two, the broker threw the client out. */
  override async outgoingEnqueueCombi(
    subscribers: readonly { readonly clientId: string }[],
    packet: MessageRef,
  ): Promise<void> {
    const once = new Map(subscribers.map((subscriber) => [subscriber.clientId, subscriber]));
    for (const id of once.keys()) {
      const queued = this.#queued.get(id) ?? 0;
      if (queued >= this.#options.maxOfflineMessages) await this.outgoingClearMessageId({ id }, UNSENT, true);
      this.#queued.set(id, (this.#queued.get(id) ?? 0) + 1);
    }
    await super.outgoingEnqueueCombi([...once.values()], packet);
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
    if (cleared !== undefined) {
      const left = (this.#queued.get(client.id) ?? 1) - 1;
      if (left > 0) this.#queued.set(client.id, left);
      else this.#queued.delete(client.id);
    }
    return cleared;
  }
}

/** Makes the broker's memory. */
export function boundedPersistence(options: PersistenceOptions): MemoryPersistence & BoundedPersistence {
  return new BoundedMemory(options);
}
