/**
 * A raw MQTT client for tests: it sends what it is told, right or wrong, and gives an account of every packet.
 *
 * What comes in is acknowledged (unless `acknowledge: false`) and waits in the inbox until a test takes it.
 * `quiet()` proves that nothing is there that the test has not asked for.
 */
import { classicProfile, type SealedChannel } from "@mqplay/shared";
import { generate, parser as createParser, type IConnectPacket, type Packet, type QoS } from "mqtt-packet";
import { readJsonAnswer, readProtobufAnswer, type JsonAnswer, type ProtobufAnswer } from "./raw-answer.ts";
import { Inbox, limited } from "./raw-inbox.ts";
import { bytesOf, randomClientId, type PacketOf } from "./raw-packet.ts";
import { openTransport, type RawTransport, type Subprotocols } from "./raw-transport.ts";

export { bytesOf, randomClientId, textOf, type PacketOf } from "./raw-packet.ts";
export type { Packet, QoS } from "mqtt-packet";
export type { JsonAnswer, ProtobufAnswer } from "./raw-answer.ts";

export interface OpenOptions {
  readonly subprotocols?: Subprotocols;
  /** False leaves QoS 1 and 2 messages unacknowledged. @default true */
  readonly acknowledge?: boolean;
}

export type ConnectOptions = OpenOptions & Partial<Omit<IConnectPacket, "cmd">>;

export interface PublishOptions {
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly messageId?: number;
}

export class RawClient implements AsyncDisposable {
  /** The client id of the last CONNECT. */
  clientId = "";
  /** The key of the last handshake; undefined before it. */
  channel: SealedChannel | undefined;
  /** True when the connection is over. */
  closed = false;
  /** How many chunks the transport has delivered: TCP reads, or whole WebSocket messages. */
  chunks = 0;
  readonly #whenClosed: Promise<void>;
  readonly #transport: RawTransport;
  readonly #acknowledge: boolean;
  readonly #inbox = new Inbox();
  #nextId = 0;

  private constructor(transport: RawTransport, acknowledge: boolean, whenClosed: Promise<void>) {
    this.#transport = transport;
    this.#acknowledge = acknowledge;
    this.#whenClosed = whenClosed;
    void whenClosed.then(() => {
      this.closed = true;
      this.#inbox.end();
    });
  }

  /** Opens the transport and sends nothing. */
  static async open(url: string, options: OpenOptions = {}): Promise<RawClient> {
    const parser = createParser({ protocolVersion: 4 });
    let markClosed = (): void => undefined;
    const whenClosed = new Promise<void>((resolve) => (markClosed = resolve));
    const early: Packet[] = [];
    // Until the client exists, what comes waits.
    const sink = { packet: (packet: Packet): void => void early.push(packet), chunk: (): void => undefined };
    parser.on("packet", (packet) => sink.packet(packet));
    parser.on("error", (cause: unknown) => {
      throw new Error("the server sent bytes that are no MQTT", { cause });
    });
    const events = {
      onBytes: (bytes: Uint8Array) => {
        sink.chunk();
        parser.parse(Buffer.from(bytes));
      },
      onClose: () => markClosed(),
    };
    const transport = await openTransport(url, events, options.subprotocols);
    const client = new RawClient(transport, options.acknowledge ?? true, whenClosed);
    sink.packet = (packet) => client.#receive(packet);
    sink.chunk = () => void (client.chunks += 1);
    for (const packet of early) client.#receive(packet);
    return client;
  }

  /** Opens the transport, sends CONNECT and returns the code of CONNACK. */
  static async tryConnect(
    url: string,
    options: ConnectOptions = {},
  ): Promise<{ client: RawClient; code: number }> {
    const client = await RawClient.open(url, options);
    try {
      client.sendConnect(options);
      return { client, code: (await client.take("connack")).returnCode ?? -1 };
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Opens the transport and connects; rejects unless CONNACK says 0. */
  static async connect(url: string, options: ConnectOptions = {}): Promise<RawClient> {
    const { client, code } = await RawClient.tryConnect(url, options);
    if (code === 0) return client;
    await client[Symbol.asyncDispose]();
    throw new Error(`CONNACK says ${code}, not 0`);
  }

  /** Connects, does the handshake and subscribes these of the private topics. */
  static async ready(
    url: string,
    options: ConnectOptions & { readonly topics?: readonly string[] } = {},
  ): Promise<RawClient> {
    const client = await RawClient.connect(url, options);
    await client.handshake();
    const topics = options.topics ?? [];
    if (topics.length > 0) {
      const granted = await client.subscribe(topics);
      if (granted.some((code) => code !== 1))
        throw new Error(`${topics.join(" ")} were granted ${granted.join(" ")}`);
    }
    return client;
  }

  get unsentBytes(): number {
    return this.#transport.unsentBytes;
  }

  get subprotocol(): string | undefined {
    return this.#transport.subprotocol;
  }

  /** A packet identifier that this client has not used lately. */
  nextId(): number {
    this.#nextId = (this.#nextId % 65_535) + 1;
    return this.#nextId;
  }

  // ——— sending ———

  /** Writes bytes as they are. */
  write(bytes: Uint8Array): void {
    this.#transport.write(bytes);
  }

  send(packet: Packet): void {
    this.write(generate(packet));
  }

  /** The CONNECT that {@link connect} sends: MQTT 3.1.1, a random client id, clean session, keep-alive 60 s. */
  connectPacket(options: ConnectOptions = {}): IConnectPacket {
    const { subprotocols: _s, acknowledge: _a, ...fields } = options;
    this.clientId = fields.clientId ?? randomClientId();
    return {
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      keepalive: 60,
      ...fields,
      cmd: "connect",
      clientId: this.clientId,
    };
  }

  sendConnect(options: ConnectOptions = {}): void {
    this.send(this.connectPacket(options));
  }

  pauseReading(): void {
    this.#transport.pause();
  }

  resumeReading(): void {
    this.#transport.resume();
  }

  /** Drops the connection without DISCONNECT. */
  drop(): void {
    this.#transport.destroy();
  }

  // ——— receiving ———

  /** Takes the first packet of this kind for which `matches` holds, in the inbox or to come. */
  take<C extends Packet["cmd"]>(
    cmd: C,
    matches: (packet: PacketOf<C>) => boolean = () => true,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<PacketOf<C>> {
    const isIt = (packet: Packet): packet is PacketOf<C> =>
      packet.cmd === cmd && matches(packet as PacketOf<C>);
    return this.#inbox.take(isIt, `a ${cmd} that fits`, options.timeoutMs);
  }

  /** Takes the packet that is next in line, whatever it is. */
  next(options: { readonly timeoutMs?: number } = {}): Promise<Packet> {
    return this.#inbox.take(
      (packet): packet is Packet => packet !== undefined,
      "a packet",
      options.timeoutMs,
    );
  }

  /** Takes the PUBLISH that comes next on a topic. */
  takePublish(topic: string, options?: { readonly timeoutMs?: number }): Promise<PacketOf<"publish">> {
    return this.take("publish", (packet) => packet.topic === topic, options);
  }

  /** Takes everything that is in the inbox now. */
  takeAll(): Packet[] {
    return this.#inbox.takeAll();
  }

  /** Waits until the server has closed the connection. */
  async whenClosed(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    await limited(
      this.#whenClosed,
      options.timeoutMs,
      () => `the server did not close the connection; ${this.#inbox.describe()}`,
    );
  }

  /**
   * Waits for everything that the server had to say about what was sent so far (PINGREQ, PINGRESP), then returns what
   * is in the inbox. Answers of functions that take their time are not waited for.
   */
  async settle(): Promise<Packet[]> {
    this.send({ cmd: "pingreq" });
    await this.take("pingresp");
    return this.#inbox.packets();
  }

  /** Like {@link settle}, and rejects when anything is in the inbox. Proves too that the connection lives. */
  async quiet(): Promise<void> {
    const packets = await this.settle();
    if (packets.length > 0) throw new Error(`nothing more should have come; ${this.#inbox.describe()}`);
  }

  // ——— conversations ———

  /** Subscribes filters at one QoS and returns the codes of SUBACK. */
  async subscribe(filters: string | readonly string[], qos: QoS = 1): Promise<readonly number[]> {
    const messageId = this.nextId();
    const topics = typeof filters === "string" ? [filters] : filters;
    this.send({ cmd: "subscribe", messageId, subscriptions: topics.map((topic) => ({ topic, qos })) });
    const { granted } = await this.take("suback", (packet) => packet.messageId === messageId);
    return granted.map(Number);
  }

  async unsubscribe(filter: string): Promise<void> {
    const messageId = this.nextId();
    this.send({ cmd: "unsubscribe", messageId, unsubscriptions: [filter] });
    await this.take("unsuback", (packet) => packet.messageId === messageId);
  }

  /** Sends a PUBLISH and returns its packet identifier (undefined at QoS 0), waiting for nothing. */
  sendPublish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): number | undefined {
    const { qos = 1, retain = false, dup = false } = options;
    const messageId = qos === 0 ? undefined : (options.messageId ?? this.nextId());
    const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
    const identifier = messageId === undefined ? {} : { messageId };
    this.send({ cmd: "publish", topic, payload: bytes, qos, retain, dup, ...identifier });
    return messageId;
  }

  /** Publishes, and resolves when the message is acknowledged as its QoS demands. */
  async publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Promise<void> {
    const messageId = this.sendPublish(topic, payload, options);
    if (messageId === undefined) return;
    if (options.qos !== 2) {
      await this.take("puback", (packet) => packet.messageId === messageId);
      return;
    }
    await this.take("pubrec", (packet) => packet.messageId === messageId);
    this.send({ cmd: "pubrel", messageId });
    await this.take("pubcomp", (packet) => packet.messageId === messageId);
  }

  /** Subscribes `s`, takes the server string and derives the key. Returns the server string. */
  async handshake(): Promise<Uint8Array> {
    const granted = await this.subscribe("s");
    if (granted[0] !== 1) throw new Error(`SUBSCRIBE s was answered ${granted.join(" ")}, not 1`);
    return this.takeServerString();
  }

  /** Takes the server string that comes next and derives the key. */
  async takeServerString(): Promise<Uint8Array> {
    const serverString = bytesOf(await this.takePublish("s"));
    this.channel = classicProfile.derive(Buffer.from(this.clientId, "utf8"), serverString);
    return serverString;
  }

  seal(plain: string | Uint8Array): Uint8Array {
    const bytes = typeof plain === "string" ? Buffer.from(plain, "utf8") : plain;
    return this.#key().seal(bytes);
  }

  open(packet: PacketOf<"publish">): Uint8Array {
    return this.#key().open(bytesOf(packet));
  }

  /** Sends a call on `i` (a value becomes JSON, a string is sent as it is) and returns its packet identifier. */
  sendJson(call: unknown, options: PublishOptions = {}): number {
    const text = typeof call === "string" ? call : JSON.stringify(call);
    return this.sendPublish("i", this.seal(text), options) ?? 0;
  }

  /** Sends a call on `f`, its plain bytes, and returns its packet identifier. */
  sendProtobuf(frame: Uint8Array, options: PublishOptions = {}): number {
    return this.sendPublish("f", this.seal(frame), options) ?? 0;
  }

  async takeJsonAnswer(messageId: number, options?: { readonly timeoutMs?: number }): Promise<JsonAnswer> {
    return readJsonAnswer(this.open(await this.#takeAnswer("i", messageId, options)));
  }

  async takeProtobufAnswer(
    messageId: number,
    options?: { readonly timeoutMs?: number },
  ): Promise<ProtobufAnswer> {
    return readProtobufAnswer(this.open(await this.#takeAnswer("f", messageId, options)));
  }

  /** Makes a call on `i` and returns its answer, its acknowledgement taken too. */
  async callJson(
    call: unknown,
    options: PublishOptions & { readonly timeoutMs?: number } = {},
  ): Promise<JsonAnswer> {
    const messageId = this.sendJson(call, options);
    await this.take("puback", (packet) => packet.messageId === messageId);
    return this.takeJsonAnswer(messageId, options);
  }

  /** Makes a call on `f` and returns its answer, its acknowledgement taken too. */
  async callProtobuf(
    frame: Uint8Array,
    options: PublishOptions & { readonly timeoutMs?: number } = {},
  ): Promise<ProtobufAnswer> {
    const messageId = this.sendProtobuf(frame, options);
    await this.take("puback", (packet) => packet.messageId === messageId);
    return this.takeProtobufAnswer(messageId, options);
  }

  /** Calls a function of the User module by JSON. */
  user(func: string, params?: unknown): Promise<JsonAnswer> {
    return this.callJson(params === undefined ? { module: "User", func } : { module: "User", func, params });
  }

  /** Says DISCONNECT and closes. */
  async end(): Promise<void> {
    if (!this.closed) this.send({ cmd: "disconnect" });
    await this.whenClosed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport.destroy();
    await this.#whenClosed;
  }

  // ——— inside ———

  #key(): SealedChannel {
    if (this.channel === undefined) throw new Error("this client has no key: call handshake() first");
    return this.channel;
  }

  async #takeAnswer(
    topic: string,
    messageId: number,
    options?: { readonly timeoutMs?: number },
  ): Promise<PacketOf<"publish">> {
    const answer = await this.take(
      "publish",
      (packet) => packet.topic === topic && packet.messageId === messageId,
      options,
    );
    if (answer.qos !== 1 || answer.retain || answer.dup) {
      throw new Error(
        `an answer has QoS 1, no retain and no DUP flag, not ${JSON.stringify({ ...answer, payload: undefined })}`,
      );
    }
    return answer;
  }

  #receive(packet: Packet): void {
    if (this.#acknowledge) this.#acknowledgePacket(packet);
    if (packet.cmd === "pubrel" && this.#acknowledge) return;
    this.#inbox.put(packet);
  }

  #acknowledgePacket(packet: Packet): void {
    if (packet.messageId === undefined) return;
    if (packet.cmd === "publish" && packet.qos === 1)
      this.send({ cmd: "puback", messageId: packet.messageId });
    if (packet.cmd === "publish" && packet.qos === 2)
      this.send({ cmd: "pubrec", messageId: packet.messageId });
    if (packet.cmd === "pubrel") this.send({ cmd: "pubcomp", messageId: packet.messageId });
  }
}
