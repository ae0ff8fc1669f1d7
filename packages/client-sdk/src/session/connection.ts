/**
 * One connection from CONNECT to its end: a link, its packet identifiers, its handshake and its key.
 * It is made once and ended once; a game that reconnects makes another one. What comes late from an old connection
 * goes to the old object and harms nobody.
 */
import { isPrivateTopic, Topics, type PrivateTopic, type Profile, type SealedChannel } from "@mqplay/shared";
import type { CallSender } from "../calls/calls.ts";
import { MqplayError, toMqplayError } from "../errors.ts";
import { Handshake } from "../handshake.ts";
import type { IncomingPublish, Link, LinkPacket, Subscription } from "../link/link.ts";
import { PacketIds } from "../link/packet-ids.ts";
import type { LinkTarget } from "../link/target.ts";
import type { ResolvedOptions } from "../options.ts";

/** Who hears of a connection. Nothing is called before it is ready, and nothing after `onEnded`. */
export interface ConnectionListener {
  /** A message on `i`, `f`, `p` or `q`, opened. */
  onPrivate(topic: PrivateTopic, packetId: number | undefined, plain: Uint8Array): void;
  /** A message on any other topic. */
  onOrdinary(packet: IncomingPublish): void;
  /** The server has acknowledged a call's PUBLISH. */
  onAcknowledged(packetId: number): void;
  /** It has ended, once, after it had been ready. */
  onEnded(error: MqplayError): void;
}

/** What {@link Connection} needs. */
export interface ConnectionDeps {
  readonly profile: Profile;
  readonly options: ResolvedOptions;
  readonly target: LinkTarget;
}

/** What differs from one connection of a game to the next. */
export interface ConnectionTerms {
  readonly clientId: string;
  /** How long it may take until calls can be sent, in ms. */
  readonly timeoutMs: number;
  /** The keep-alive that is agreed with the server, in s. */
  readonly keepAliveS: number;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: MqplayError) => void;
}

/** One connection. */
export class Connection implements CallSender {
  readonly clientId: string;
  readonly #deps: ConnectionDeps;
  readonly #listener: ConnectionListener;
  readonly #ids = new PacketIds();
  readonly #handshake: Handshake;
  readonly #link: Link;
  /** Ordinary messages at QoS 1 that wait for PUBACK. */
  readonly #publishing = new Map<number, Waiting>();
  readonly #ended: Promise<never>;
  #rejectEnded: (error: MqplayError) => void = () => {};
  #channel: SealedChannel | undefined;
  #isReady = false;
  #endedBy: MqplayError | undefined;

  constructor(deps: ConnectionDeps, terms: ConnectionTerms, listener: ConnectionListener) {
    const { options, target } = deps;
    const { platform, trace } = options;
    const { clientId, timeoutMs, keepAliveS } = terms;
    this.clientId = clientId;
    this.#deps = deps;
    this.#listener = listener;
    this.#ended = new Promise((_, reject) => (this.#rejectEnded = reject));
    // Whoever waits hears of it; when nobody does, the listener does.
    this.#ended.catch(() => {});
    this.#handshake = new Handshake(
      { clock: platform.clock, profile: deps.profile, trace, subscribe: (topics) => this.subscribe(topics) },
      {
        clientId,
        href: target.href,
        secret: options.secret,
        timeoutMs,
        deadlineMs: platform.clock.now() + timeoutMs,
      },
    );
    this.#link = options.openLink(
      {
        target,
        clientId,
        keepAliveS,
        probeS: options.keepAliveS,
        connectTimeoutMs: timeoutMs,
        tls: options.tls,
        clock: platform.clock,
      },
      {
        onPublish: (packet) => this.#handlePublish(packet),
        onAcknowledged: (packetId) => this.#handleAcknowledged(packetId),
        onClosed: (reason, cause) => this.#end(this.#lost(reason, cause)),
        onPacket: trace === undefined ? undefined : (packet) => trace(this.#toTrace(packet)),
      },
    );
  }

  /** Connects and shakes hands; fulfilled when calls may be sent. Rejects with what went wrong, and is ended then. */
  async open(): Promise<void> {
    try {
      await this.race(this.#link.opened);
      await this.race(this.#handshake.run((channel) => (this.#channel = channel)));
      if (this.#endedBy !== undefined) throw this.#endedBy;
      this.#isReady = true;
    } catch (error) {
      this.#end(toMqplayError(error));
      throw error;
    }
  }

  /** What has ended it, or undefined while it lives. */
  get endedBy(): MqplayError | undefined {
    return this.#endedBy;
  }

  send(topic: string, plain: Uint8Array): number {
    const channel = this.#channel;
    if (channel === undefined) throw this.#lost("there is no key");
    this.#assertSize(plain);
    const packetId = this.#takeId();
    try {
      this.#link.publish({ topic, payload: channel.seal(plain), qos: 1, retain: false, packetId });
    } catch (error) {
      this.#ids.free(packetId);
      throw error;
    }
    return packetId;
  }

  free(packetId: number): void {
    this.#ids.free(packetId);
  }

  /** Sends SUBSCRIBE. Fulfilled with SUBACK's codes. */
  async subscribe(topics: readonly Subscription[]): Promise<readonly number[]> {
    const packetId = this.#takeId();
    const codes = await this.#link.subscribe(packetId, topics);
    this.#ids.free(packetId);
    return codes;
  }

  /** Sends UNSUBSCRIBE. */
  async unsubscribe(topics: readonly string[]): Promise<void> {
    const packetId = this.#takeId();
    await this.#link.unsubscribe(packetId, topics);
    this.#ids.free(packetId);
  }

  /** Publishes on an ordinary topic. At QoS 1 fulfilled by PUBACK, at QoS 0 at once. */
  async publish(topic: string, payload: Uint8Array, options: { qos: 0 | 1; retain: boolean }): Promise<void> {
    const { qos, retain } = options;
    this.#assertSize(payload);
    if (qos === 0) {
      this.#link.publish({ topic, payload, qos, retain, packetId: undefined });
      return;
    }
    const packetId = this.#takeId();
    const acknowledged = new Promise<void>((resolve, reject) =>
      this.#publishing.set(packetId, { resolve, reject }),
    );
    this.#link.publish({ topic, payload, qos, retain, packetId });
    await acknowledged;
  }

  /** Says DISCONNECT and ends it. */
  close(reason: MqplayError): void {
    this.#end(reason);
  }

  #handlePublish(packet: IncomingPublish): void {
    const { topic, payload, packetId } = packet;
    if (!isPrivateTopic(topic)) {
      if (this.#isReady) this.#listener.onOrdinary(packet);
    } else if (topic === Topics.handshake) {
      this.#handshake.handleServerString(payload);
    } else if (this.#channel !== undefined) {
      // Before SUBACK of `p` a push may come already: the game is told of it all the same.
      this.#listener.onPrivate(topic, packetId, this.#channel.open(payload));
    }
  }

  #handleAcknowledged(packetId: number): void {
    const waiting = this.#publishing.get(packetId);
    if (waiting === undefined) {
      this.#listener.onAcknowledged(packetId);
      return;
    }
    this.#publishing.delete(packetId);
    this.#ids.free(packetId);
    waiting.resolve();
  }

  #end(error: MqplayError): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = error;
    this.#link.close();
    this.#rejectEnded(error);
    for (const { reject } of this.#publishing.values()) reject(error);
    this.#publishing.clear();
    if (this.#isReady) this.#listener.onEnded(error);
  }

  #takeId(): number {
    const packetId = this.#ids.take();
    if (packetId === undefined)
      throw new MqplayError("callLimit", "all packet identifiers of the connection are in use");
    return packetId;
  }

  #assertSize(payload: Uint8Array): void {
    const { maxPayloadBytes } = this.#deps.options;
    if (payload.length <= maxPayloadBytes) return;
    const detail = `it has ${payload.length} bytes, more than the ${maxPayloadBytes} of "maxPayloadBytes"`;
    throw new MqplayError("payloadTooLarge", detail);
  }

  #lost(reason: string, cause?: unknown): MqplayError {
    return new MqplayError(
      "connectionLost",
      `the connection to ${this.#deps.target.href} has ended: ${reason}`,
      { cause },
    );
  }

  /** Waits for a step, but not beyond the connection's end. */
  race<T>(step: Promise<T>): Promise<T> {
    return Promise.race([step, this.#ended]);
  }

  #toTrace(packet: LinkPacket) {
    const atMs = this.#deps.options.platform.clock.now();
    const { topic, payload } = packet;
    const isSealed = topic !== undefined && isPrivateTopic(topic) && topic !== Topics.handshake;
    const plain = isSealed && payload !== undefined ? this.#channel?.open(payload) : undefined;
    return { kind: "packet", ...packet, ...(plain === undefined ? {} : { plain }), atMs } as const;
  }
}
