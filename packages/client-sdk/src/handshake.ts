/**
 * How a connection gets its key: SUBSCRIBE `s`, the server string, the profile's key, SUBSCRIBE the other topics.
 * Mirror of the gate's handshake. Every step has a time limit and an error that says what was missing.
 */
import {
  plainChannel,
  SERVER_STRING_BYTES,
  Topics,
  traceClassicKey,
  utf8Encode,
  type Profile,
  type SealedChannel,
} from "@mqplay/shared";
import { within, type Clock } from "./clock.ts";
import { MqplayError } from "./errors.ts";
import { SUBSCRIPTION_REFUSED, type Subscription } from "./link/link.ts";
import type { TraceEvent } from "./trace.ts";

/** What {@link Handshake} needs of its connection. */
export interface HandshakeDeps {
  readonly clock: Clock;
  readonly profile: Profile;
  readonly trace: ((event: TraceEvent) => void) | undefined;
  /** Sends SUBSCRIBE and waits for SUBACK's codes. */
  subscribe(topics: readonly Subscription[]): Promise<readonly number[]>;
}

/** What {@link Handshake} is about. */
export interface HandshakeOptions {
  readonly clientId: string;
  /** The server's address, for messages. */
  readonly href: string;
  /** When all of it must be done, in ms since 1970. */
  readonly deadlineMs: number;
  /** The time limit that the deadline came from, in ms, for messages. */
  readonly timeoutMs: number;
  readonly secret: boolean;
}

/**
 * Answers come whether or not `i` and `f` are subscribed, yet other brokers may want it. [handshake-6]
 * Of the pushes only `p`: what is pushed on `q` comes on `p` too, and JSON pushes come nowhere else. [push-1] [push-2]
 */
const TOPICS: readonly Subscription[] = [
  { topic: Topics.json, qos: 1 },
  { topic: Topics.protobuf, qos: 1 },
  { topic: Topics.pushJson, qos: 1 },
];

/** One handshake. */
export class Handshake {
  readonly #deps: HandshakeDeps;
  readonly #options: HandshakeOptions;
  readonly #serverString: Promise<Uint8Array>;
  #resolveServerString: (bytes: Uint8Array) => void = () => {};

  constructor(deps: HandshakeDeps, options: HandshakeOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#serverString = new Promise((resolve) => (this.#resolveServerString = resolve));
  }

  /** Something was published on `s`. Only the first message counts; it may come before SUBACK. */
  handleServerString(payload: Uint8Array): void {
    this.#resolveServerString(payload);
  }

  /**
   * Runs the handshake.
   * @param onChannel is called as soon as there is a key: what comes after it is sealed
   * @throws MqplayError `handshakeFailed`
   */
  async run(onChannel: (channel: SealedChannel) => void): Promise<void> {
    // `s` alone: the Go server sends the string on the last topic of the packet.
    const codes = await this.#limit(
      this.#deps.subscribe([{ topic: Topics.handshake, qos: 1 }]),
      `did not acknowledge SUBSCRIBE of "${Topics.handshake}"`,
    );
    if (codes[0] === SUBSCRIPTION_REFUSED) throw this.#failed(`refused topic "${Topics.handshake}"`);
    const serverString = await this.#limit(
      this.#serverString,
      `acknowledged SUBSCRIBE of "${Topics.handshake}" but sent no server string there`,
    );
    onChannel(this.#derive(serverString));
    const granted = await this.#limit(
      this.#deps.subscribe(TOPICS),
      "did not acknowledge SUBSCRIBE of its private topics",
    );
    const refused = TOPICS.filter((_, at) => granted[at] === SUBSCRIPTION_REFUSED).map(({ topic }) => topic);
    if (refused.length > 0) throw this.#failed(`refused topics ${refused.join(", ")} after the handshake`);
  }

  #derive(serverString: Uint8Array): SealedChannel {
    if (serverString.length !== SERVER_STRING_BYTES) {
      throw this.#failed(
        `sent a server string of ${serverString.length} bytes instead of ${SERVER_STRING_BYTES}`,
      );
    }
    const { profile, trace, clock } = this.#deps;
    const clientId = utf8Encode(this.#options.clientId);
    trace?.({
      kind: "handshake",
      clientId,
      serverString,
      ...traceClassicKey(clientId, serverString),
      atMs: clock.now(),
    });
    return this.#options.secret ? profile.derive(clientId, serverString) : plainChannel;
  }

  #limit<T>(step: Promise<T>, missing: string): Promise<T> {
    const { clock } = this.#deps;
    const { deadlineMs, timeoutMs } = this.#options;
    return within(clock, deadlineMs - clock.now(), step, () =>
      this.#failed(`${missing} within ${timeoutMs} ms of connecting`),
    );
  }

  #failed(what: string): MqplayError {
    const { href } = this.#options;
    return new MqplayError(
      "handshakeFailed",
      `${href} ${what}: it is an MQTT server, but not an mqplay server`,
    );
  }
}
