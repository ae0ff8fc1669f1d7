/**
 * The link over mqtt.js. Each connection gets a new mqtt.js client, and everything in it that acts by itself is off:
 * - no reconnecting, no resubscribing, no store: it would send unacknowledged packets, sealed with a dead key, again
 *   before `connect`, even with `clean: true`;
 * - packet identifiers are ours, for mqtt.js gives one out again while its answer is still due;
 * - pings don't wait for silence of our own, so that a dead link is noticed while calls are being sent.
 *
 * mqtt.connect() is not used in Node: it fixes which sockets there are for the whole process with its first call.
 */
import type { IClientOptions, IConnackPacket, IPublishPacket, MqttClient, Packet, Store } from "mqtt";
import { MqplayError } from "../errors.ts";
import type { PacketType } from "../trace.ts";
import { closedBeforeConnack, connectFailure, noConnack, notMqtt, refusedByConnack } from "./failures.ts";
import type { Link, LinkListener, LinkPacket, LinkRequest, OutgoingPublish, Subscription } from "./link.ts";
import { describeConnack, describeConnect, describeSuback, describeSubscribe } from "./notes.ts";

/** How mqtt.js comes by its client on this host. */
export interface MqttJsHost {
  /** mqtt.js' store class, to make one that keeps nothing. */
  readonly Store: new () => Store;
  /** Makes a client that connects to the request's target at once. */
  createClient(request: LinkRequest, options: IClientOptions): MqttClient;
}

type MessageIdProvider = NonNullable<IClientOptions["messageIdProvider"]>;

/** Gives mqtt.js the identifier that was put in before, once; null makes it wait, which never happens. */
class GivenPacketId implements MessageIdProvider {
  #next: number | undefined;
  #last: number | null = null;

  give(id: number | undefined): void {
    this.#next = id;
  }

  allocate(): number | null {
    this.#last = this.#next ?? null;
    this.#next = undefined;
    return this.#last;
  }

  getLastAllocated(): number | null {
    return this.#last;
  }

  register(): boolean {
    return true;
  }

  deallocate(): void {}
  clear(): void {}
}

/** mqtt.js' store with nothing in it, whatever is put there. */
function createEmptyStore(host: MqttJsHost): Store {
  const store = new host.Store();
  store.put = (_packet, done) => {
    done();
    return store;
  };
  store.del = (_packet, done) => {
    done();
    return store;
  };
  return store;
}

/** How long a closed socket may take to go by itself, in ms, before it is destroyed. */
const LINGER_MS = 1_000;

/** One connection over mqtt.js. */
export class MqttJsLink implements Link {
  readonly opened: Promise<void>;
  readonly #request: LinkRequest;
  readonly #listener: LinkListener;
  readonly #client: MqttClient;
  readonly #ids = new GivenPacketId();
  readonly #cancelTimeout: () => void;
  #state: "opening" | "open" | "closed" = "opening";
  #reached = false;
  #lastError: unknown;
  #resolveOpened: () => void = () => {};
  #rejectOpened: (error: MqplayError) => void = () => {};

  constructor(host: MqttJsHost, request: LinkRequest, listener: LinkListener) {
    this.#request = request;
    this.#listener = listener;
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    this.#client = host.createClient(request, {
      clientId: request.clientId,
      clean: true,
      resubscribe: false,
      reconnectPeriod: 0,
      reschedulePings: false,
      keepalive: request.keepAliveS,
      protocolVersion: 4,
      queueQoSZero: false,
      messageIdProvider: this.#ids,
      outgoingStore: createEmptyStore(host),
      // Ours comes first and knows whether the server was reached.
      connectTimeout: request.connectTimeoutMs * 2,
    });
    this.#watch();
    this.#cancelTimeout = request.clock.after(request.connectTimeoutMs, () => {
      this.#fail(noConnack(request.target, request.connectTimeoutMs, this.#reached));
    });
  }

  subscribe(packetId: number, topics: readonly Subscription[]): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      this.#ids.give(packetId);
      const byTopic = Object.fromEntries(topics.map(({ topic, qos }) => [topic, { qos }]));
      this.#client.subscribe(byTopic, (error, _subscriptions, packet) => {
        if (packet !== undefined) resolve(packet.granted.map(Number));
        else reject(this.#endedError(error));
      });
    });
  }

  unsubscribe(packetId: number, topics: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      this.#ids.give(packetId);
      this.#client.unsubscribe([...topics], (error) => {
        if (error) reject(this.#endedError(error));
        else resolve();
      });
    });
  }

  publish(packet: OutgoingPublish): void {
    this.#assertOpen();
    const { packetId, topic, payload, qos, retain } = packet;
    this.#ids.give(packetId);
    const done = (error?: unknown): void => {
      if (!error && packetId !== undefined && this.#state === "open") this.#listener.onAcknowledged(packetId);
    };
    // mqtt.js' types want a Buffer here; it writes any Uint8Array, on every host, as the link contract shows.
    // oxlint-disable-next-line typescript/unbound-method -- it is bound by the second argument
    Reflect.apply(this.#client.publish, this.#client, [topic, payload, { qos, retain }, done]);
  }

  close(): void {
    if (this.#state === "closed") return;
    if (this.#state === "opening") {
      this.#fail(
        new MqplayError("closed", `connecting to ${this.#request.target.href} was given up by this side`),
      );
      return;
    }
    this.#state = "closed";
    // mqtt.js would wait for acknowledgements that nobody needs any more before it says DISCONNECT.
    for (const id of Object.keys(this.#client.outgoing)) this.#client.removeOutgoingMessage(Number(id));
    this.#client.end(false);
    const { stream } = this.#client;
    const cancel = this.#request.clock.after(LINGER_MS, () => void stream.destroy());
    stream.once("close", cancel);
    this.#listener.onClosed("closed by this side");
  }

  #watch(): void {
    const client = this.#client;
    const { onPacket } = this.#listener;
    if (onPacket !== undefined) {
      client.on("packetsend", (packet) => onPacket(toTrace("out", packet)));
      client.on("packetreceive", (packet) => onPacket(toTrace("in", packet)));
      // CONNECT left within the constructor, before anybody could listen.
      onPacket({ direction: "out", type: "CONNECT", note: describeConnect(this.#request.keepAliveS) });
    }
    client.stream.on("connect", () => (this.#reached = true));
    client.stream.on("error", (error: unknown) => (this.#lastError = error));
    client.on("packetreceive", (packet) => {
      if (packet.cmd === "connack") this.#handleConnack(packet);
    });
    client.on("connect", () => this.#handleConnect());
    client.on("message", (topic, payload, packet) => this.#handleMessage(topic, payload, packet));
    // Stays for ever: an error event without a listener would end the process.
    client.on("error", (error) => this.#handleError(error));
    client.on("close", () => this.#handleClose());
  }

  #handleConnack(packet: IConnackPacket): void {
    this.#reached = true;
    const code = packet.returnCode ?? 0;
    if (code !== 0) this.#fail(refusedByConnack(this.#request.target, code));
  }

  #handleConnect(): void {
    if (this.#state !== "opening") return;
    this.#state = "open";
    this.#cancelTimeout();
    this.#resolveOpened();
  }

  #handleMessage(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    if (this.#state !== "open") return;
    this.#listener.onPublish({
      topic,
      // A Buffer shares memory where a Uint8Array copies: nobody behind this line meets one.
      payload: new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength),
      qos: packet.qos,
      packetId: packet.qos === 0 ? undefined : packet.messageId,
      retain: packet.retain,
    });
  }

  #handleError(error: unknown): void {
    this.#lastError ??= error;
    if (this.#state === "opening" && !this.#client.connected && !isSocketError(error) && this.#reached) {
      // The parser's: the socket goes on, so mqtt.js would wait for a CONNACK among the garbage.
      this.#fail(notMqtt(this.#request.target, error));
    } else if (this.#state === "open" && !isSocketError(error)) {
      this.#end(messageOf(error), error);
    }
  }

  #handleClose(): void {
    if (this.#state === "opening") {
      const { target } = this.#request;
      this.#fail(
        isSocketError(this.#lastError)
          ? connectFailure(target, this.#lastError)
          : closedBeforeConnack(target, messageOf(this.#lastError), this.#lastError),
      );
    } else {
      this.#end(messageOf(this.#lastError), this.#lastError);
    }
  }

  #fail(error: MqplayError): void {
    if (this.#state !== "opening") return;
    this.#state = "closed";
    this.#cancelTimeout();
    this.#client.end(true);
    this.#rejectOpened(error);
  }

  #end(reason: string, cause: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    this.#client.end(true);
    this.#listener.onClosed(reason, cause);
  }

  #assertOpen(): void {
    if (this.#state !== "open") throw this.#endedError(undefined);
  }

  #endedError(cause: unknown): MqplayError {
    return new MqplayError("connectionLost", `the connection to ${this.#request.target.href} has ended`, {
      cause,
    });
  }
}

/** Sockets' errors carry a code in words, mqtt.js' own a number or none. */
function isSocketError(error: unknown): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

function messageOf(error: unknown): string {
  if (error === undefined) return "the server closed the connection";
  return error instanceof Error && error.message !== ""
    ? error.message
    : "the connection failed without a reason";
}

const PACKET_TYPES: Readonly<Record<Packet["cmd"], PacketType>> = {
  connect: "CONNECT",
  connack: "CONNACK",
  publish: "PUBLISH",
  puback: "PUBACK",
  pubrec: "PUBREC",
  pubrel: "PUBREL",
  pubcomp: "PUBCOMP",
  subscribe: "SUBSCRIBE",
  suback: "SUBACK",
  unsubscribe: "UNSUBSCRIBE",
  unsuback: "UNSUBACK",
  pingreq: "PINGREQ",
  pingresp: "PINGRESP",
  disconnect: "DISCONNECT",
  auth: "AUTH",
};

function toTrace(direction: "out" | "in", packet: Packet): LinkPacket {
  const head = {
    direction,
    type: PACKET_TYPES[packet.cmd],
    ...(packet.messageId === undefined || packet.messageId === 0 ? {} : { packetId: packet.messageId }),
  };
  switch (packet.cmd) {
    case "publish":
      return {
        ...head,
        topic: packet.topic,
        qos: packet.qos,
        ...(typeof packet.payload === "string" ? {} : { payload: Uint8Array.from(packet.payload) }),
      };
    case "connack":
      return { ...head, note: describeConnack(packet.returnCode ?? 0) };
    case "subscribe":
      return {
        ...head,
        note: describeSubscribe(
          packet.subscriptions.map(({ topic, qos }) => ({ topic, qos: qos === 0 ? 0 : 1 })),
        ),
      };
    case "suback":
      return { ...head, note: describeSuback(packet.granted.map(Number)) };
    case "unsubscribe":
      return { ...head, note: packet.unsubscriptions.join(", ") };
    default:
      return head;
  }
}
