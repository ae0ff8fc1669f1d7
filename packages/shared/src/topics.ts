/**
 * The five private topics, and what every other topic name is. [topic-1] to [topic-5] of docs/protocol.md.
 */

/** The private topics: each connection has its own, whatever others subscribe. */
export const Topics = {
  /** The server string of the handshake; server to client. */
  handshake: "s",
  /** Calls and answers in JSON; both ways. */
  json: "i",
  /** Calls and answers in protobuf; both ways. */
  protobuf: "f",
  /** Pushes in JSON; server to client. */
  pushJson: "p",
  /** Pushes in protobuf; server to client. */
  pushProtobuf: "q",
} as const;

/** One of the five private topics. */
export type PrivateTopic = (typeof Topics)[keyof typeof Topics];

/** What a topic name or filter is: private (exactly one of the five), reserved (no use at all) or ordinary MQTT. */
export type TopicClass = "private" | "reserved" | "ordinary";

const S = 0x73;
const I = 0x69;
const F = 0x66;
const P = 0x70;
const Q = 0x71;

/** Tells what a topic name or filter is. Names that begin with `s`, `i` or `f` are reserved, `p…` and `q…` are not. [topic-3] */
export function classifyTopic(topic: string): TopicClass {
  const first = topic.charCodeAt(0);
  if (topic.length === 1) {
    return first === S || first === I || first === F || first === P || first === Q ? "private" : "ordinary";
  }
  return first === S || first === I || first === F ? "reserved" : "ordinary";
}

/** Tells whether a topic is exactly one of the five private ones. */
export function isPrivateTopic(topic: string): topic is PrivateTopic {
  return classifyTopic(topic) === "private";
}
