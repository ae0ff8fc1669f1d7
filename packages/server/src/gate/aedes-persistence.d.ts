/**
 * aedes' persistence in memory, as the gate uses it: the package has its types under a path that its own file does not
 * lead to, and asks for whole clients where it reads ids.
 */
declare module "aedes-persistence/asyncPersistence.js" {
  /** What the persistence reads of a client. */
  export interface ClientRef {
    readonly id: string;
    readonly clean?: boolean;
  }

  /** What it reads of a message. */
  export interface MessageRef {
    readonly topic?: string;
    readonly payload?: string | Buffer;
    readonly brokerId?: string | null;
    readonly brokerCounter?: number;
    readonly messageId?: number | undefined;
  }

  /** Messages, read one by one. */
  interface MessageStream extends AsyncIterable<MessageRef> {
    take(count: number): MessageStream;
    toArray(): Promise<MessageRef[]>;
  }

  /** Everything in memory. */
  class MemoryPersistence {
    setup(broker: object): Promise<void>;
    storeRetained(packet: MessageRef): Promise<void>;
    addSubscriptions(client: ClientRef, subscriptions: readonly object[]): Promise<void>;
    subscriptionsByTopic(topic: string): Promise<object[]>;
    cleanSubscriptions(client: ClientRef): Promise<void>;
    cleanIncoming(client: ClientRef): Promise<void>;
    incomingStorePacket(client: ClientRef, packet: MessageRef): Promise<void>;
    incomingGetPacket(client: ClientRef, packet: MessageRef): Promise<MessageRef>;
    incomingDelPacket(client: ClientRef, packet: MessageRef): Promise<void>;
    outgoingEnqueueCombi(
      subscribers: readonly { readonly clientId: string }[],
      packet: MessageRef,
    ): Promise<void>;
    outgoingClearMessageId(client: ClientRef, packet: MessageRef): Promise<MessageRef | undefined>;
    outgoingUpdate(client: ClientRef, packet: MessageRef): Promise<void>;
    outgoingStream(client: ClientRef): MessageStream;
    createRetainedStream(pattern: string): MessageStream;
  }
  export default MemoryPersistence;
}
