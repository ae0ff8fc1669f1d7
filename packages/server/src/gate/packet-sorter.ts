/**
 * Sorts a client's packets: calls and everything private to the private side, ordinary packets to the broker's side, and
 * what may be neither is acknowledged and dropped. The gate's own acknowledgements and pings end here.
 */
import type { BrokerSide } from "./broker-side.ts";
import { TOPIC_JSON, TOPIC_PROTOBUF } from "./calls.ts";
import { acknowledgement, PacketType, PINGRESP, ProtocolViolation, readField, readUint16 } from "./frame.ts";
import type { InFlight } from "./in-flight.ts";
import type { DropReason, GateMetrics } from "./metrics.ts";
import type { Outgoing } from "./outgoing.ts";
import type { PrivateSide } from "./private-side.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { ruleOfPublish, topicText, type TopicGuardOptions } from "./topic-guard.ts";

/** What the sorter works with; all of it belongs to its connection. */
export interface PacketSorterDeps {
  readonly out: Outgoing;
  readonly inFlight: InFlight;
  readonly subscriptions: Subscriptions;
  readonly privateSide: PrivateSide;
  readonly brokerSide: BrokerSide;
  readonly metrics: GateMetrics;
  /** Told when the client has subscribed `p` or `q`, and its SUBACK is on its way. */
  readonly listens: () => void;
  /** Told of a packet that nobody can use. [bad-7] */
  readonly misused: () => void;
  /** Told of an acknowledgement that nothing was waiting for. */
  readonly unasked: () => void;
  /** Told of DISCONNECT. */
  readonly left: () => void;
}

/** Dropped messages at QoS 2 that may wait for their PUBREL; the broker bounds its own likewise (broker.ts). */
const MAX_DROPPED_QOS2 = 256;

/** Sorts the packets of one client that was let in. */
export class PacketSorter {
  readonly #deps: PacketSorterDeps;
  readonly #options: TopicGuardOptions;
  readonly #droppedQos2 = new Set<number>();

  constructor(deps: PacketSorterDeps, options: TopicGuardOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Takes one packet. @throws ProtocolViolation when it breaks MQTT or a bound */
  take(frame: Buffer, headerBytes: number): void {
    const first = frame[0] ?? 0;
    const type = first >>> 4;
    switch (type) {
      case PacketType.publish:
        this.#takePublish(frame, headerBytes, (first >>> 1) & 3);
        return;
      case PacketType.puback:
        this.#takePuback(frame, headerBytes);
        return;
      case PacketType.pubrel:
        this.#takePubrel(frame, headerBytes);
        return;
      case PacketType.subscribe:
        this.#takeSubscribe(frame);
        return;
      case PacketType.unsubscribe:
        this.#takeUnsubscribe(frame);
        return;
      case PacketType.pingreq:
        this.#deps.out.gather(PINGRESP);
        return;
      case PacketType.disconnect:
        this.#deps.brokerSide.pass(frame);
        this.#deps.left();
        return;
      case PacketType.pubrec:
      case PacketType.pubcomp:
        this.#deps.brokerSide.pass(frame);
        return;
      default:
        throw new ProtocolViolation(`a packet of type ${type} has no place here`);
    }
  }

  #takePuback(frame: Buffer, headerBytes: number): void {
    const owner = this.#deps.inFlight.acknowledge(readUint16(frame, headerBytes));
    if (owner === "broker") this.#deps.brokerSide.pass(frame);
    else if (owner === "nobody") this.#deps.unasked();
  }

  #takePublish(frame: Buffer, headerBytes: number, qos: number): void {
    if (qos === 3) throw new ProtocolViolation("a PUBLISH with a QoS that does not exist");
    const topic = readField(frame, headerBytes);
    const afterTopic = headerBytes + 2 + topic.length;
    const packetId = qos === 0 ? 0 : readUint16(frame, afterTopic);
    if (qos > 0 && packetId === 0) throw new ProtocolViolation("a packet identifier of 0");
    const topicByte = topic.length === 1 ? topic[0] : undefined;
    if (topicByte === TOPIC_JSON || topicByte === TOPIC_PROTOBUF) {
      const payload = frame.subarray(afterTopic + 2);
      const dropped = this.#deps.privateSide.takeCall(topicByte, qos, packetId, payload);
      if (dropped !== undefined) this.#drop(dropped, qos, packetId);
      return;
    }
    const text = topicText(topic);
    const rule = text === undefined ? "invalid" : ruleOfPublish(text, this.#options);
    if (rule === "invalid") throw new ProtocolViolation("a PUBLISH with a topic that is none");
    if (rule === "ordinary") this.#deps.brokerSide.pass(frame);
    else this.#drop(text?.startsWith("$") === true ? "sysTopic" : "reservedTopic", qos, packetId);
  }

  /** Acknowledges a message, does nothing else with it, and counts. [topic-5] */
  #drop(reason: DropReason, qos: number, packetId: number): void {
    this.#deps.metrics.dropped[reason]++;
    if (qos === 1) this.#deps.out.gather(acknowledgement(PacketType.puback, packetId));
    if (qos === 2) {
      if (this.#droppedQos2.size >= MAX_DROPPED_QOS2)
        throw new ProtocolViolation("PUBREL is missing too often", true);
      this.#droppedQos2.add(packetId);
      this.#deps.out.gather(acknowledgement(PacketType.pubrec, packetId));
    }
    // [bad-7]
    this.#deps.misused();
  }

  #takePubrel(frame: Buffer, headerBytes: number): void {
    const packetId = readUint16(frame, headerBytes);
    if (this.#droppedQos2.delete(packetId))
      this.#deps.out.gather(acknowledgement(PacketType.pubcomp, packetId));
    else this.#deps.brokerSide.pass(frame);
  }

  #takeSubscribe(frame: Buffer): void {
    const outcome = this.#deps.subscriptions.subscribe(frame, this.#deps.privateSide.hasKey);
    this.#deps.metrics.dropped.reservedTopic += outcome.refused;
    if (outcome.forward !== undefined) this.#deps.brokerSide.pass(outcome.forward);
    if (outcome.suback !== undefined) this.#deps.out.gather(outcome.suback);
    if (outcome.handshake) this.#deps.out.gather(this.#deps.privateSide.handshake());
    if (outcome.listens) this.#deps.listens();
    this.#deps.brokerSide.filtersChanged();
  }

  #takeUnsubscribe(frame: Buffer): void {
    const { unsuback, forward } = this.#deps.subscriptions.unsubscribe(frame);
    if (unsuback !== undefined) this.#deps.out.gather(unsuback);
    if (forward !== undefined) this.#deps.brokerSide.pass(forward);
    this.#deps.brokerSide.filtersChanged();
  }
}
