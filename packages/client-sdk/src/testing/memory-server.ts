/**
 * A server without a network, for tests of games and of the SDK: links in memory, the real handshake, keys and codecs.
 * What it answers is up to the test.
 */
import {
  classicProfile,
  jsonCodec,
  plainChannel,
  protobufCodec,
  Topics,
  utf8Encode,
  type Answer,
  type Call,
  type Encoding,
  type Push,
  type SealedChannel,
} from "@mqplay/shared";
import { MqplayError } from "../errors.ts";
import type {
  Link,
  LinkListener,
  LinkRequest,
  OpenLink,
  OutgoingPublish,
  Subscription,
} from "../link/link.ts";
import { SUBSCRIPTION_REFUSED } from "../link/link.ts";

/** Answers a call, now or later; undefined never does. */
export type MemoryHandler = (
  call: Call,
  connection: MemoryConnection,
) => Answer | undefined | Promise<Answer | undefined>;

/** How the server behaves. */
export interface MemoryServerOptions {
  /** @default answers every call with success and no result */
  readonly handler?: MemoryHandler;
  /** CONNACK's code for the connection with this number (from 1); "silence" never answers. @default 0 */
  readonly connack?: (attempt: number, clientId: string) => number | "silence";
  /** Whether SUBSCRIBE `s` gets a server string. @default true */
  readonly sendsServerString?: boolean;
  /** Topics that get 0x80. @default none */
  readonly refusedTopics?: readonly string[];
  /** Whether calls are acknowledged: before the answer, after it, or never. @default "before" */
  readonly acknowledges?: "before" | "after" | "never";
  /** Whether payloads are sealed. @default true */
  readonly secret?: boolean;
}

/** The server. Give its `openLink` to `connect()` as `link`. */
export class MemoryServer {
  readonly options: MemoryServerOptions;
  /** Every connection that was tried, oldest first. */
  readonly connections: MemoryConnection[] = [];

  constructor(options: MemoryServerOptions = {}) {
    this.options = options;
  }

  readonly openLink: OpenLink = (request, listener) => {
    const connection = new MemoryConnection(this, request, listener, this.connections.length + 1);
    this.connections.push(connection);
    return connection;
  };

  /** The newest connection. @throws when there was none */
  get latest(): MemoryConnection {
    const latest = this.connections.at(-1);
    if (latest === undefined) throw new MqplayError("notConnected", "nobody has connected yet");
    return latest;
  }
}

/** One connection, seen from the server's side. */
export class MemoryConnection implements Link {
  readonly opened: Promise<void>;
  readonly clientId: string;
  /** Calls that came, in order. */
  readonly calls: Call[] = [];
  /** Packet identifiers of those calls. */
  readonly packetIds: number[] = [];
  /** SUBSCRIBE packets that came, as lists of topics. */
  readonly subscribed: string[][] = [];
  /** Messages on ordinary topics. */
  readonly published: OutgoingPublish[] = [];
  readonly #server: MemoryServer;
  readonly #listener: LinkListener;
  #channel: SealedChannel | undefined;
  #isOpen = false;
  #nextPushId = 1;
  #rejectOpened: (error: MqplayError) => void = () => {};

  constructor(server: MemoryServer, request: LinkRequest, listener: LinkListener, attempt: number) {
    this.#server = server;
    this.#listener = listener;
    this.clientId = request.clientId;
    const code = server.options.connack?.(attempt, request.clientId) ?? 0;
    this.opened = new Promise((resolve, reject) => {
      this.#rejectOpened = reject;
      if (code === 0) {
        this.#isOpen = true;
        resolve();
      } else if (code !== "silence") {
        reject(
          new MqplayError("connectFailed", `refused with CONNACK code ${code}`, {
            state: code,
            fromPeer: true,
          }),
        );
      }
    });
    const { clock, connectTimeoutMs } = request;
    if (code === "silence") {
      clock.after(connectTimeoutMs, () => this.#rejectOpened(new MqplayError("connectFailed", "no CONNACK")));
    }
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async subscribe(_packetId: number, topics: readonly Subscription[]): Promise<readonly number[]> {
    const { refusedTopics = [], sendsServerString = true, secret = true } = this.#server.options;
    this.subscribed.push(topics.map(({ topic }) => topic));
    if (topics.some(({ topic }) => topic === Topics.handshake) && sendsServerString) {
      const serverString = utf8Encode("0123456789abcdefghijABCDEFGHIJ-_");
      this.#channel = secret ? classicProfile.derive(utf8Encode(this.clientId), serverString) : plainChannel;
      await Promise.resolve();
      this.#emit(Topics.handshake, serverString, undefined);
    }
    return topics.map(({ topic, qos }) => (refusedTopics.includes(topic) ? SUBSCRIPTION_REFUSED : qos));
  }

  async unsubscribe(): Promise<void> {}

  publish(packet: OutgoingPublish): void {
    if (!this.#isOpen) throw new MqplayError("connectionLost", "the connection has ended");
    const { topic, payload, packetId } = packet;
    if (topic !== Topics.json && topic !== Topics.protobuf) {
      this.published.push(packet);
      if (packetId !== undefined) this.acknowledge(packetId);
      return;
    }
    const plain = this.channel.open(payload);
    const call: Call = topic === Topics.json ? jsonCodec.decodeCall(plain) : protobufCodec.decodeCall(plain);
    this.calls.push(call);
    this.packetIds.push(packetId ?? 0);
    void this.#answer(call, packetId ?? 0);
  }

  close(): void {
    if (!this.#isOpen) this.#rejectOpened(new MqplayError("closed", "given up"));
    this.#isOpen = false;
  }

  /** Ends the connection from the server's side. */
  drop(reason = "the server closed the connection"): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#listener.onClosed(reason);
  }

  /** Sends an answer under a packet identifier, whatever was called. */
  answer(packetId: number, call: Call, answer: Answer): void {
    const isJson = call.encoding === "json";
    const plain = isJson ? jsonCodec.encodeAnswer(answer, call) : protobufCodec.encodeAnswer(answer, call);
    this.sendPlain(isJson ? Topics.json : Topics.protobuf, plain, packetId);
  }

  /** Sends a push on a topic, in that topic's form. */
  push(push: Push, topic: "p" | "q" | "f" = "p", packetId: number = this.#nextPushId++): void {
    this.sendPlain(
      topic,
      topic === Topics.pushJson ? jsonCodec.encodePush(push) : protobufCodec.encodePush(push),
      packetId,
    );
  }

  /** Seals and sends anything on a private topic. */
  sendPlain(topic: string, plain: Uint8Array, packetId: number | undefined): void {
    this.#emit(topic, this.channel.seal(plain), packetId);
  }

  /** Sends a message on an ordinary topic. */
  sendOrdinary(topic: string, payload: Uint8Array): void {
    this.#emit(topic, payload, undefined);
  }

  /** The key of the connection. @throws before the handshake */
  get channel(): SealedChannel {
    if (this.#channel === undefined) throw new MqplayError("notConnected", "there was no handshake yet");
    return this.#channel;
  }

  async #answer(call: Call, packetId: number): Promise<void> {
    const { acknowledges = "before", handler = succeed } = this.#server.options;
    if (acknowledges === "before") this.acknowledge(packetId);
    const answer = await handler(call, this);
    if (answer !== undefined) this.answer(packetId, call, answer);
    if (acknowledges === "after") this.acknowledge(packetId);
  }

  /** Sends PUBACK. */
  acknowledge(packetId: number): void {
    // An acknowledgement never comes within the call that sends.
    void Promise.resolve().then(() => {
      if (this.#isOpen) this.#listener.onAcknowledged(packetId);
    });
  }

  #emit(topic: string, payload: Uint8Array, packetId: number | undefined): void {
    if (!this.#isOpen) return;
    this.#listener.onPublish({
      topic,
      payload,
      qos: packetId === undefined ? 0 : 1,
      packetId,
      retain: false,
    });
  }
}

function succeed({ encoding }: { readonly encoding: Encoding }): Answer {
  return { state: 0, msg: "", result: encoding === "json" ? "{}" : new Uint8Array(0) };
}
