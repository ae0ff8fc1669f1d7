/**
 * Ordinary MQTT on the same connection: chat, presence, whatever a game shares by topic. [topic-6]
 * Nothing is sealed here; names that begin with `s`, `i` or `f`, and `p` and `q` themselves, are the game's own.
 */
import { classifyTopic, utf8Encode } from "@mqplay/shared";
import type { Unsubscribe } from "./emitter.ts";
import { MqplayError } from "./errors.ts";
import { SUBSCRIPTION_REFUSED, type IncomingPublish } from "./link/link.ts";
import type { Connection } from "./session/connection.ts";

/** A message on an ordinary topic. */
export interface OrdinaryMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  /** Whether it was kept by the server from before the subscription. */
  readonly retain: boolean;
}

/** Ordinary topics. */
export interface OrdinaryMqtt {
  /**
   * Subscribes a topic filter (`+` one level, `#` the rest) and calls `listener` with every message that fits.
   * Subscriptions are restored when the connection is made anew.
   * @returns a function that ends it; the filter is unsubscribed with its last listener
   */
  subscribe(
    filter: string,
    listener: (message: OrdinaryMessage) => void,
    options?: { readonly qos?: 0 | 1 },
  ): Promise<Unsubscribe>;
  /** Publishes. Fulfilled when the server has acknowledged it (QoS 1, the default), or at once (QoS 0). */
  publish(
    topic: string,
    payload: string | Uint8Array,
    options?: { readonly qos?: 0 | 1; readonly retain?: boolean },
  ): Promise<void>;
}

/** What {@link OrdinaryTopics} needs. */
export interface OrdinaryTopicsDeps {
  /** The ready connection. @throws MqplayError `notConnected` */
  connection(): Connection;
  readonly rethrow: (error: unknown) => void;
}

interface Listening {
  readonly qos: 0 | 1;
  readonly listeners: Set<(message: OrdinaryMessage) => void>;
}

/** The ordinary subscriptions of one game. */
export class OrdinaryTopics implements OrdinaryMqtt {
  readonly #deps: OrdinaryTopicsDeps;
  readonly #filters = new Map<string, Listening>();

  constructor(deps: OrdinaryTopicsDeps) {
    this.#deps = deps;
  }

  async subscribe(
    filter: string,
    listener: (message: OrdinaryMessage) => void,
    options: { readonly qos?: 0 | 1 } = {},
  ): Promise<Unsubscribe> {
    assertOrdinary(filter, "filter");
    const qos = options.qos ?? 1;
    const [code] = await this.#deps.connection().subscribe([{ topic: filter, qos }]);
    if (code === SUBSCRIPTION_REFUSED)
      throw new MqplayError("unauthorized", `the server refused the topic filter "${filter}"`, {
        fromPeer: true,
      });
    const listening = this.#filters.get(filter) ?? { qos, listeners: new Set() };
    this.#filters.set(filter, listening);
    const entry = (message: OrdinaryMessage): void => listener(message);
    listening.listeners.add(entry);
    return () => this.#unsubscribe(filter, entry);
  }

  async publish(
    topic: string,
    payload: string | Uint8Array,
    options: { readonly qos?: 0 | 1; readonly retain?: boolean } = {},
  ): Promise<void> {
    assertOrdinary(topic, "topic");
    const bytes = typeof payload === "string" ? utf8Encode(payload) : payload;
    await this.#deps
      .connection()
      .publish(topic, bytes, { qos: options.qos ?? 1, retain: options.retain ?? false });
  }

  /** Takes a message that came in. */
  handleMessage({ topic, payload, qos, retain }: IncomingPublish): void {
    for (const [filter, { listeners }] of this.#filters) {
      if (!matchesFilter(filter, topic)) continue;
      for (const listener of Array.from(listeners)) {
        try {
          listener({ topic, payload, qos, retain });
        } catch (error) {
          this.#deps.rethrow(error);
        }
      }
    }
  }

  /** Subscribes everything again, on a new connection. */
  async restore(connection: Connection): Promise<void> {
    const topics = [...this.#filters].map(([topic, { qos }]) => ({ topic, qos }));
    if (topics.length > 0) await connection.subscribe(topics);
  }

  #unsubscribe(filter: string, entry: (message: OrdinaryMessage) => void): void {
    const listening = this.#filters.get(filter);
    if (listening?.listeners.delete(entry) !== true || listening.listeners.size > 0) return;
    this.#filters.delete(filter);
    try {
      // When the connection ends before UNSUBACK, the subscription has ended with it.
      this.#deps
        .connection()
        .unsubscribe([filter])
        .catch(() => {});
    } catch {
      // No connection, no subscription: nothing is left to end.
    }
  }
}

/** Tells whether a topic fits a filter, as MQTT 3.1.1 section 4.7 says. */
export function matchesFilter(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  if (topic.startsWith("$") && (wanted[0] === "#" || wanted[0] === "+")) return false;
  for (const [at, part] of wanted.entries()) {
    if (part === "#") return true;
    if (at >= levels.length || (part !== "+" && part !== levels[at])) return false;
  }
  return wanted.length === levels.length;
}

function assertOrdinary(topic: string, path: string): void {
  if (topic !== "" && classifyTopic(topic) === "ordinary") return;
  throw new MqplayError(
    "invalidArgument",
    `"${path}" must not be empty, begin with s, i or f, nor be p or q: these topics are the game's own; got "${topic}"`,
    { path },
  );
}
