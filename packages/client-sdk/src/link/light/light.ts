/**
 * The light link: MQTT 3.1.1 over the host's WebSocket, a few KB where mqtt.js has a hundred.
 * For browsers and mini-games; Node has it too, by option.
 */
import { MqplayError, toMqplayError } from "../../errors.ts";
import type { HostSocket, OpenSocket } from "../../platform/platform.ts";
import { closedBeforeConnack, connectFailure, noConnack, notMqtt, refusedByConnack } from "../failures.ts";
import type {
  IncomingPublish,
  Link,
  LinkListener,
  LinkPacket,
  LinkRequest,
  OpenLink,
  OutgoingPublish,
  Subscription,
} from "../link.ts";
import { describeConnack, describeConnect, describeSuback, describeSubscribe } from "../notes.ts";
import {
  encodeConnect,
  encodeDisconnect,
  encodePingreq,
  encodePuback,
  encodePublish,
  encodeSubscribe,
  encodeUnsubscribe,
  PacketReader,
  type ServerPacket,
} from "./packets.ts";

interface Waiting {
  readonly resolve: (codes: readonly number[]) => void;
  readonly reject: (error: MqplayError) => void;
}

/** Makes the light link over a host's WebSockets. */
export function createLightLink(openSocket: OpenSocket): OpenLink {
  return (request, listener) => new LightLink(openSocket, request, listener);
}

class LightLink implements Link {
  readonly opened: Promise<void>;
  readonly #request: LinkRequest;
  readonly #listener: LinkListener;
  readonly #socket: HostSocket | undefined;
  readonly #reader = new PacketReader();
  /** SUBSCRIBE and UNSUBSCRIBE that wait for their acknowledgement, by packet identifier. */
  readonly #waiting = new Map<number, Waiting>();
  #state: "opening" | "open" | "closed" = "opening";
  #reached = false;
  /** When the server was asked whether it is there and has said nothing since; undefined when it has. */
  #askedAtMs: number | undefined;
  #cancelTimer: () => void;
  #resolveOpened: () => void = () => {};
  #rejectOpened: (error: MqplayError) => void = () => {};

  constructor(openSocket: OpenSocket, request: LinkRequest, listener: LinkListener) {
    const { target, tls, clock, connectTimeoutMs } = request;
    this.#request = request;
    this.#listener = listener;
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    this.#cancelTimer = clock.after(connectTimeoutMs, () =>
      this.#fail(noConnack(target, connectTimeoutMs, this.#reached)),
    );
    try {
      this.#socket = openSocket(target.href, tls, {
        onOpen: () => this.#handleOpen(),
        onMessage: (bytes) => this.#handleBytes(bytes),
        onClose: (reason, cause) => this.#handleClose(reason, cause),
      });
    } catch (error) {
      // Browsers throw at once for an address that the page may not use.
      this.#fail(connectFailure(target, error));
    }
  }

  subscribe(packetId: number, topics: readonly Subscription[]): Promise<readonly number[]> {
    const note = describeSubscribe(topics);
    return this.#exchange(packetId, { type: "SUBSCRIBE", packetId, note }, () =>
      encodeSubscribe(packetId, topics),
    );
  }

  async unsubscribe(packetId: number, topics: readonly string[]): Promise<void> {
    const note = topics.join(", ");
    await this.#exchange(packetId, { type: "UNSUBSCRIBE", packetId, note }, () =>
      encodeUnsubscribe(packetId, topics),
    );
  }

  publish(packet: OutgoingPublish): void {
    this.#assertOpen();
    const { topic, qos, packetId, payload } = packet;
    const id = packetId === undefined ? {} : { packetId };
    this.#send(encodePublish(packet), { type: "PUBLISH", topic, qos, ...id, payload });
  }

  close(): void {
    if (this.#state === "opening") {
      this.#fail(
        new MqplayError("closed", `connecting to ${this.#request.target.href} was given up by this side`),
      );
    } else if (this.#state === "open") {
      this.#send(encodeDisconnect(), { type: "DISCONNECT" });
      this.#end("closed by this side");
    }
  }

  #handleOpen(): void {
    if (this.#state !== "opening") return;
    this.#reached = true;
    const { clientId, keepAliveS } = this.#request;
    this.#send(encodeConnect(clientId, keepAliveS), { type: "CONNECT", note: describeConnect(keepAliveS) });
  }

  #handleBytes(bytes: Uint8Array): void {
    if (this.#state === "closed") return;
    this.#askedAtMs = undefined;
    try {
      for (const packet of this.#reader.read(bytes)) this.#handlePacket(packet);
    } catch (error) {
      if (this.#state === "opening") this.#fail(notMqtt(this.#request.target, error));
      else this.#end(toMqplayError(error).detail, error);
    }
  }

  #handlePacket(packet: ServerPacket): void {
    if (this.#state === "closed") return;
    this.#listener.onPacket?.({ direction: "in", ...traceOf(packet) });
    switch (packet.type) {
      case "CONNACK":
        this.#handleConnack(packet.code);
        break;
      case "PUBLISH":
        if (packet.packetId !== undefined) {
          this.#send(encodePuback(packet.packetId), { type: "PUBACK", packetId: packet.packetId });
        }
        this.#handlePublish(packet);
        break;
      case "PUBACK":
        this.#listener.onAcknowledged(packet.packetId);
        break;
      case "SUBACK":
        this.#settle(packet.packetId, packet.codes);
        break;
      case "UNSUBACK":
        this.#settle(packet.packetId, []);
        break;
      case "PINGRESP":
        break;
    }
  }

  #handlePublish({ topic, payload, qos, packetId, retain }: IncomingPublish): void {
    if (this.#state === "open") this.#listener.onPublish({ topic, payload, qos, packetId, retain });
  }

  #handleConnack(code: number): void {
    if (this.#state !== "opening") throw new MqplayError("malformed", "a second CONNACK came");
    if (code !== 0) {
      this.#fail(refusedByConnack(this.#request.target, code));
      return;
    }
    this.#state = "open";
    this.#cancelTimer();
    this.#keepAlive();
    this.#resolveOpened();
  }

  #handleClose(reason: string, cause: unknown): void {
    const { target } = this.#request;
    if (this.#state === "opening") {
      this.#fail(
        this.#reached
          ? closedBeforeConnack(target, reason, cause)
          : connectFailure(target, cause ?? new Error(reason)),
      );
    } else {
      this.#end(reason, cause);
    }
  }

  /**
   * Asks when half the time has gone, so that a link on which nothing is heard for 1.5 times it is dead. What counts is
   * the time since a question: a hidden page's timers are a minute late, and silence that nobody broke means nothing.
   */
  #keepAlive(): void {
    const { clock, keepAliveS, probeS = keepAliveS } = this.#request;
    const halfMs = probeS * 500;
    this.#cancelTimer = clock.after(halfMs, () => {
      const now = clock.now();
      const silentMs = now - (this.#askedAtMs ??= now);
      if (silentMs >= 2 * halfMs) {
        this.#end(`nothing was heard of the server for ${silentMs} ms after it was asked`);
        return;
      }
      this.#send(encodePingreq(), { type: "PINGREQ" });
      this.#keepAlive();
    });
  }

  #exchange(
    packetId: number,
    trace: Omit<LinkPacket, "direction">,
    encode: () => Uint8Array,
  ): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      const bytes = encode();
      this.#waiting.set(packetId, { resolve, reject });
      this.#send(bytes, trace);
    });
  }

  #settle(packetId: number, codes: readonly number[]): void {
    this.#waiting.get(packetId)?.resolve(codes);
    this.#waiting.delete(packetId);
  }

  #send(bytes: Uint8Array, trace: Omit<LinkPacket, "direction">): void {
    this.#listener.onPacket?.({ direction: "out", ...trace });
    this.#socket?.send(bytes);
  }

  #fail(error: MqplayError): void {
    if (this.#state !== "opening") return;
    this.#state = "closed";
    this.#cancelTimer();
    this.#socket?.close();
    this.#rejectOpened(error);
  }

  #end(reason: string, cause?: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    this.#cancelTimer();
    this.#socket?.close();
    const error = this.#endedError(reason, cause);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#listener.onClosed(reason, cause);
  }

  #assertOpen(): void {
    if (this.#state !== "open") throw this.#endedError("it is not open");
  }

  #endedError(reason: string, cause?: unknown): MqplayError {
    return new MqplayError(
      "connectionLost",
      `the connection to ${this.#request.target.href} has ended: ${reason}`,
      { cause },
    );
  }
}

function traceOf(packet: ServerPacket): Omit<LinkPacket, "direction"> {
  switch (packet.type) {
    case "CONNACK":
      return { type: packet.type, note: describeConnack(packet.code) };
    case "SUBACK":
      return { type: packet.type, packetId: packet.packetId, note: describeSuback(packet.codes) };
    case "PUBLISH": {
      const { type, topic, qos, payload, packetId } = packet;
      return { type, topic, qos, payload, ...(packetId === undefined ? {} : { packetId }) };
    }
    default:
      return packet;
  }
}
