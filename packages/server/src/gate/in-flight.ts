/**
 * Which of the packets sent to a client are waiting for its acknowledgement, and whose they are: the gate's own answers
 * and pushes, or the broker's ordinary messages. Both sorts share one space of packet identifiers on the wire, because
 * an answer carries the identifier that the client chose. [answer-1]
 */

/** Pushes and server strings take identifiers from here up, apart from those that clients usually choose for calls. */
const FIRST_OWN_ID = 0x8000;
const LAST_OWN_ID = 0xffff;

/** Whose packet a PUBACK acknowledges; nobody's when none with its identifier is in flight. */
export type Owner = "gate" | "broker" | "nobody";

/** One client's packets in flight. */
export class InFlight {
  /** Gate's packets: identifier to the place in the order of sending. */
  readonly #own = new Map<number, number>();
  /** Broker's packets at QoS 1, likewise. */
  readonly #broker = new Map<number, number>();
  #sent = 0;
  #nextId = FIRST_OWN_ID;

  /** How many of the gate's packets are not acknowledged yet. */
  get ownCount(): number {
    return this.#own.size;
  }

  /** How many of the broker's messages are not acknowledged yet. */
  get brokerCount(): number {
    return this.#broker.size;
  }

  /** Notes an answer or push that is being sent. */
  sendOwn(packetId: number): void {
    this.#own.set(packetId, ++this.#sent);
  }

  /** Notes an ordinary message at QoS 1 that the broker is sending. */
  sendBroker(packetId: number): void {
    this.#broker.set(packetId, ++this.#sent);
  }

  /** Chooses an identifier for a packet that is no answer: one that is not in flight. */
  nextOwnId(): number {
    let id = this.#nextId;
    // Both counts are bounded, together below the 32,768 of the range: there is always a free one.
    while (this.#own.has(id) || this.#broker.has(id)) id = id === LAST_OWN_ID ? FIRST_OWN_ID : id + 1;
    this.#nextId = id === LAST_OWN_ID ? FIRST_OWN_ID : id + 1;
    return id;
  }

  /**
   * Takes a PUBACK. When both sorts have a packet with that identifier in flight, it is for the one sent first:
   * clients acknowledge in order (MQTT 3.1.1, 4.6). The broker must not see one that fits nothing.
   */
  acknowledge(packetId: number): Owner {
    const broker = this.#broker.get(packetId);
    if (broker === undefined) {
      return this.#own.delete(packetId) ? "gate" : "nobody";
    }
    const own = this.#own.get(packetId);
    if (own === undefined || broker < own) {
      this.#broker.delete(packetId);
      return "broker";
    }
    this.#own.delete(packetId);
    return "gate";
  }
}
