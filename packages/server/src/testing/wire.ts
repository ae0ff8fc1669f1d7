/**
 * A client's end of a connection, on a stream in the process: MQTT, the handshake, sealed payloads, packet identifiers.
 * It knows calls and pushes as bytes; test-client.ts knows what they mean.
 */
import {
  classicProfile,
  MqplayError,
  plainChannel,
  Topics,
  utf8Encode,
  type Encoding,
  type SealedChannel,
} from "@mqplay/shared";
import { generate, parser, type Packet } from "mqtt-packet";
import type { Gate } from "../gate/gate.ts";
import { memoryStream, type MemoryClient } from "../gate/listen/memory.ts";

/** How a connection is opened. */
export interface WireOptions {
  readonly gate: Pick<Gate, "accept">;
  readonly clientId: string;
  /** JSON: listens on `i` and `p`. Protobuf: on `f` and `q`. */
  readonly encoding: Encoding;
  readonly remoteAddress: string;
  /** Whether payloads are sealed, as the server's `gate.secret` says. [handshake-7] */
  readonly secret: boolean;
  /** Told of each push in the clear, in the encoding of the connection. */
  readonly onPush: (plain: Uint8Array) => void;
  /** Told once when the connection has ended, whoever ended it. */
  readonly onClosed: () => void;
}

/** Which packet a step of connecting waits for. */
interface Awaited {
  readonly matches: (packet: Packet) => boolean;
  readonly resolve: (packet: Packet) => void;
  readonly reject: (error: Error) => void;
}

const MAX_PACKET_ID = 0xff_ff;

/** One connection. */
export class Wire {
  readonly #options: WireOptions;
  readonly #stream: MemoryClient;
  readonly #parser = parser();
  readonly #callTopic: string;
  readonly #answers = new Map<number, (plain: Uint8Array) => void>();
  #channel: SealedChannel = plainChannel;
  #awaited: Awaited | undefined;
  #nextPacketId = 1;
  #isReadDue = false;
  #isClosed = false;

  private constructor(options: WireOptions) {
    this.#options = options;
    this.#callTopic = options.encoding === "json" ? Topics.json : Topics.protobuf;
    const { transport, client } = memoryStream(options.remoteAddress);
    this.#stream = client;
    this.#parser.on("packet", (packet: Packet) => this.#take(packet));
    this.#parser.on("error", (error: Error) => this.#awaited?.reject(error));
    client.onData(() => this.#scheduleRead());
    options.gate.accept(transport);
  }

  /**
   * Connects, does the handshake and listens for answers and pushes.
   * @throws MqplayError `connectFailed` with CONNACK's code as `state`, or when the server ends the connection
   */
  static async open(options: WireOptions): Promise<Wire> {
    const wire = new Wire(options);
    await wire.#connect();
    return wire;
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /**
   * Publishes a call; `answered` gets its answer in the clear.
   * @throws MqplayError `notConnected` when the connection has ended, `callLimit` when 65535 calls wait for answers
   */
  call(plain: Uint8Array, answered: (plain: Uint8Array) => void): void {
    if (this.#isClosed)
      throw new MqplayError("notConnected", "the connection has ended", { mayHaveRun: false });
    const messageId = this.#takePacketId();
    this.#answers.set(messageId, answered);
    const payload = Buffer.from(this.#channel.seal(plain));
    this.#send({
      cmd: "publish",
      topic: this.#callTopic,
      qos: 1,
      dup: false,
      retain: false,
      messageId,
      payload,
    });
  }

  /** Ends the connection as a client does that leaves: by DISCONNECT. */
  disconnect(): void {
    if (!this.#isClosed) this.#send({ cmd: "disconnect" });
    this.drop();
  }

  /** Ends the connection as a lost network does: without a word. */
  drop(): void {
    this.#stream.close();
    this.#close();
  }

  async #connect(): Promise<void> {
    const { clientId, secret, encoding } = this.#options;
    const connack = this.#next((packet) => packet.cmd === "connack");
    // No keep-alive: the clock may be moved by days, and nobody pings.
    this.#send({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      clientId,
      keepalive: 0,
    });
    const { returnCode } = await asCmd(connack, "connack");
    if (returnCode !== 0) {
      this.drop();
      throw new MqplayError("connectFailed", `CONNECT was refused with code ${String(returnCode)}`, {
        fromPeer: true,
        ...(returnCode === undefined ? {} : { state: returnCode }),
      });
    }
    const pushTopic = encoding === "json" ? Topics.pushJson : Topics.pushProtobuf;
    const serverString = this.#next(
      (packet) => packet.cmd === "publish" && packet.topic === Topics.handshake,
    );
    // [handshake-4] `s` first: the others are granted because of it.
    const subscriptions = [Topics.handshake, this.#callTopic, pushTopic].map((topic) => ({
      topic,
      qos: 1 as const,
    }));
    this.#send({ cmd: "subscribe", messageId: this.#takePacketId(), subscriptions });
    const { payload } = await asCmd(serverString, "publish");
    if (secret) this.#channel = classicProfile.derive(utf8Encode(clientId), Buffer.from(payload));
  }

  #next(matches: (packet: Packet) => boolean): Promise<Packet> {
    return new Promise((resolve, reject) => (this.#awaited = { matches, resolve, reject }));
  }

  /** Never within the server's own write: a socket brings no bytes there either. */
  #scheduleRead(): void {
    if (this.#isReadDue) return;
    this.#isReadDue = true;
    queueMicrotask(() => {
      this.#isReadDue = false;
      if (this.#isClosed) return;
      this.#parser.parse(this.#stream.take());
      if (this.#stream.closed) this.#close();
    });
  }

  #take(packet: Packet): void {
    if (packet.cmd === "publish") {
      if (packet.qos === 1 && packet.messageId !== undefined)
        this.#send({ cmd: "puback", messageId: packet.messageId });
      if (packet.topic !== Topics.handshake) {
        this.#takeMessage(packet.topic, packet.messageId, Buffer.from(packet.payload));
        return;
      }
    }
    const awaited = this.#awaited;
    if (awaited?.matches(packet) !== true) return;
    this.#awaited = undefined;
    awaited.resolve(packet);
  }

  #takeMessage(topic: string, messageId: number | undefined, payload: Buffer): void {
    const plain = this.#channel.open(payload);
    if (topic !== this.#callTopic) {
      this.#options.onPush(plain);
      return;
    }
    // [answer-1]
    const answered = messageId === undefined ? undefined : this.#answers.get(messageId);
    if (messageId !== undefined) this.#answers.delete(messageId);
    answered?.(plain);
  }

  #takePacketId(): number {
    for (let tries = 0; tries < MAX_PACKET_ID; tries += 1) {
      const id = this.#nextPacketId;
      this.#nextPacketId = (id % MAX_PACKET_ID) + 1;
      if (!this.#answers.has(id)) return id;
    }
    throw new MqplayError("callLimit", "65535 calls wait for their answers", { mayHaveRun: false });
  }

  #send(packet: Packet): void {
    this.#stream.send(generate(packet));
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#awaited?.reject(
      new MqplayError("connectFailed", "the server ended the connection while it was opened"),
    );
    this.#options.onClosed();
  }
}

/** The packet that was waited for, as what it is. */
async function asCmd<C extends Packet["cmd"]>(
  awaited: Promise<Packet>,
  cmd: C,
): Promise<Extract<Packet, { cmd: C }>> {
  const packet = await awaited;
  if (!isCmd(packet, cmd)) throw new MqplayError("malformed", `expected ${cmd}, got ${packet.cmd}`);
  return packet;
}

function isCmd<C extends Packet["cmd"]>(packet: Packet, cmd: C): packet is Extract<Packet, { cmd: C }> {
  return packet.cmd === cmd;
}
