/**
 * aedes' persistence in memory, as the gate uses it: the package has its types under a path that its own file does not
 * lead to, and asks for whole clients where it reads ids.
 */
declare module "aedes-persistence/asyncPersistence.js" {
  import type { Readable } from "node:stream";

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

  /** Everything in memory. */
  class MemoryPersistence {
    setup(broker: object): Promise<void>;
    storeRetained(packet: MessageRef): Promise<void>;
    addSubscriptions(client: ClientRef, subscriptions: readonly object[]): Promise<void>;
    cleanSubscriptions(client: ClientRef): Promise<void>;
    cleanIncoming(client: ClientRef): Promise<void>;
    outgoingEnqueueCombi(
      subscribers: readonly { readonly clientId: string }[],
      packet: MessageRef,
    ): Promise<void>;
    outgoingClearMessageId(client: ClientRef, packet: MessageRef): Promise<MessageRef | undefined>;
    outgoingStream(client: ClientRef): Readable;
  }
  export default MemoryPersistence;
}
