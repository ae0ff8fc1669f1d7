/**
 * The broker for ordinary topics: aedes, with the repairs that it needs. [topic-6]
 *
 * It sees nothing of calls, pushes and private topics, and only clients that the gate has let in. What is repaired here,
 * each with a test: quality-of-service messages lost as "duplicates", clients thrown out for overlapping filters, entries
 * that clean sessions leave behind for ever, queues and retained topics without a bound, wills that a guard refuses,
 * and `$SYS` topics that would publish client ids.
 */
import { Aedes, type AedesPublishPacket, type Client } from "aedes";
import mqemitter from "mqemitter";
import { boundedPersistence, type BoundedPersistence } from "./persistence.ts";
import type { BrokerStream } from "./broker-stream.ts";
import type { Log } from "../ops/log.ts";
import type { GateMetrics } from "./metrics.ts";
import type { GateOptions } from "./options.ts";
import { RecentMessages } from "./recent-messages.ts";
import { ruleOfPublish } from "./topic-guard.ts";

/** A client in the broker. */
export interface BrokerClient {
  /** Tells whether a message may match several of the client's filters. */
  mayOverlap: boolean;
  /**
   * Resolves when the broker has acknowledged CONNECT and sent what it had kept for the client, to the filters that a
   * persistent session brought along. Never resolves when the stream ends before.
   */
  readonly ready: Promise<readonly string[]>;
}

/** What the gate asks of the broker. */
export interface Broker {
  /** Gives the broker a client that was let in. Its CONNECT must be the first packet on the stream. */
  attach(stream: BrokerStream): BrokerClient;
  /** Clients that it has. */
  readonly clients: number;
  /** Ends every client and stops. */
  close(): Promise<void>;
}

/** What the broker works with. */
export interface BrokerDeps {
  readonly log: Log;
  readonly metrics: GateMetrics;
}

/** Writes of one client that may wait for its socket before the broker gives it up, in ms; only while kept messages are sent. */
const DRAIN_TIMEOUT_MS = 10_000;

/** Messages that the broker hands out at once. Few of them let one slow reader stop every topic. */
const CONCURRENCY = 1_000;

/** Messages at QoS 2 that one client may have begun and not released; beyond it the broker ends the client. */
const MAX_INCOMING = 256;

/** Where the broker tells of clients on `$SYS`: their ids, which may be access tokens [connect-5], and their filters. */
const TELLS_OF_CLIENTS = /^\$SYS\/[^/]*\/(new|disconnect)\/(clients|)/;

/**
 * Hands messages out. Of clients that come and go it tells how many there are now, of their filters nothing: within one
 * process the broker itself needs neither. [topic-8]
 * @param clients tells how many clients there are
 */
function createEmitter(clients: () => number): mqemitter.MQEmitter {
  const emitter = mqemitter({ concurrency: CONCURRENCY, matchEmptyLevels: true });
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (message, done) => {
    const told = TELLS_OF_CLIENTS.exec(message.topic);
    if (told === null) emit(message, done);
    else if (told[2] === "clients")
      emit(Object.assign(message, { payload: Buffer.from(`${clients()}`) }), done);
    else done?.();
  };
  return emitter;
}

/** The repaired duplicate filter remembers nothing: it took late messages for repeated ones. */
const rememberNothing = new Proxy<Record<string, number>>(Object.create(null), {
  get: () => 0,
  set: () => true,
  deleteProperty: () => true,
});

/** The part of aedes' client that its types leave out. */
interface ClientInternals {
  duplicates: Record<string, number>;
  readonly subscriptions: Readonly<Record<string, unknown>>;
}

function hasInternals(client: Client): client is Client & ClientInternals {
  return "duplicates" in client && "subscriptions" in client;
}

/** Starts the broker. */
export async function createBroker(deps: BrokerDeps, options: GateOptions): Promise<Broker> {
  const { log, metrics } = deps;
  const attached = new WeakMap<
    Client,
    { client: BrokerClient; recent: RecentMessages; ready: (filters: readonly string[]) => void }
  >();
  const persistence: BoundedPersistence = boundedPersistence(options);
  /** The client of each id that came last: the stream of an earlier one may end after it has come. */
  const latest = new Map<string, Client>();

  const aedes: Aedes = new Aedes({
    persistence,
    mq: createEmitter(() => aedes.connectedClients),
    maxInflightInbound: MAX_INCOMING,
    concurrency: CONCURRENCY,
    drainTimeout: DRAIN_TIMEOUT_MS,
    connectTimeout: options.connectTimeoutMs,
    // MQTT 3.1 allows ids of 23 characters; [connect-2] rules here, and the gate has checked it.
    maxClientsIdLength: 256,
    maxTopicLevels: options.maxTopicLevels,
    preConnect(_client, packet, done) {
      // The gate watches over silence: calls never reach the broker, so its own timer would cut off busy clients.
      packet.keepalive = 0;
      // Answering later would let packets in before authentication.
      done(null, true);
    },
    authenticate: (_client, _username, _password, done) => done(null, true),
    // Filters were decided by the gate; those that are restored with a persistent session once were.
    authorizeSubscribe: (_client, subscription, done) => done(null, subscription),
    authorizePublish(client, packet, done) {
      // Refusing would end the connection and, for wills of a dead process, go on for ever: so what slips past the
      // gate (there is no such way) is not refused but seen, and everything else is published.
      if (ruleOfPublish(packet.topic, options) !== "ordinary") {
        log.warn({ topic: packet.topic }, "a message on a reserved topic reached the broker");
      }
      if (packet.retain && !persistence.admitRetained(client?.id, packet.topic, packet.payload.length)) {
        // The message is delivered to those who listen now; it is only not kept.
        packet.retain = false;
        metrics.dropped.retainedLimit++;
      }
      done(null);
    },
    authorizeForward(client: Client, packet: AedesPublishPacket) {
      const entry = attached.get(client);
      if (entry === undefined || !entry.client.mayOverlap) return packet;
      return entry.recent.isNew(packet.brokerId, packet.brokerCounter) ? packet : null;
    },
  });
  await aedes.listen();

  aedes.on("clientReady", (client) => {
    latest.set(client.id, client);
    if (!client.clean) persistence.sessionBack(client.id);
    if (hasInternals(client)) attached.get(client)?.ready(Object.keys(client.subscriptions));
  });
  // A peer that breaks MQTT or goes away in the middle of a packet; the stream's end tells the gate.
  aedes.on("clientError", (_client, error) => log.debug({ err: error }, "the broker ended a client"));
  aedes.on("connectionError", (_client, error) => log.debug({ err: error }, "the broker ended a connection"));
  onBrokerError(aedes, (error) =>
    log.error({ err: error }, "the broker failed to store or to hand out a message"),
  );

  return {
    attach(stream) {
      const { promise, resolve } = withResolvers<readonly string[]>();
      const raw = aedes.handle(stream);
      if (!hasInternals(raw)) throw new Error("this version of aedes has no duplicate filter to repair");
      raw.duplicates = rememberNothing;
      const client: BrokerClient = { mayOverlap: false, ready: promise };
      attached.set(raw, { client, recent: new RecentMessages(), ready: resolve });
      stream.once("close", () => {
        if (raw.id === null || latest.get(raw.id) !== raw) return;
        latest.delete(raw.id);
        if (!raw.clean) persistence.sessionAway(raw.id);
      });
      return client;
    },
    get clients() {
      return aedes.connectedClients;
    },
    close: () => new Promise((resolve) => aedes.close(() => resolve())),
  };
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

/** Listens for the event that aedes emits but does not declare; without a listener it would end the process. */
function onBrokerError(aedes: Aedes, listener: (error: Error) => void): void {
  const emitter: NodeJS.EventEmitter = aedes;
  emitter.on("error", listener);
}
