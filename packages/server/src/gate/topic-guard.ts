/**
 * What a client may do with which topic, before the broker hears of it. [topic-1]…[topic-8]
 * The broker sees ordinary topics only: nothing of `s i f p q` ever enters it, so no wildcard can reach them.
 */
import { isUtf8 } from "node:buffer";
import { classifyTopic } from "@mqplay/shared";

/** What happens to a filter of a SUBSCRIBE. */
export type FilterRule = "private" | "refused" | "ordinary" | "invalid";

/** What happens to a PUBLISH: `dropped` is acknowledged and counted. */
export type PublishRule = "private" | "dropped" | "ordinary" | "invalid";

/** What the guard needs to know of the configuration. */
export interface TopicGuardOptions {
  readonly sysTopics: boolean;
  readonly maxTopicLevels: number;
}

const DOLLAR = 0x24;
const SLASH = 0x2f;

/** Decides on a filter of a SUBSCRIBE. */
export function ruleOfFilter(filter: string, options: TopicGuardOptions): FilterRule {
  if (!isFilter(filter)) return "invalid";
  const topicClass = classifyTopic(filter);
  if (topicClass === "private") return "private";
  if (topicClass === "reserved") return "refused";
  if (filter.charCodeAt(0) === DOLLAR && !(options.sysTopics && filter.startsWith("$SYS/"))) return "refused";
  return levelsOf(filter) > options.maxTopicLevels ? "refused" : "ordinary";
}

/** Decides on the topic of a PUBLISH or of a will. Nobody publishes below `$`: it is the broker's own. */
export function ruleOfPublish(topic: string, options: TopicGuardOptions): PublishRule {
  if (!isTopicName(topic)) return "invalid";
  const topicClass = classifyTopic(topic);
  if (topicClass === "private") return "private";
  if (topicClass === "reserved" || topic.charCodeAt(0) === DOLLAR) return "dropped";
  return levelsOf(topic) > options.maxTopicLevels ? "dropped" : "ordinary";
}

/** Reads a topic's bytes; undefined when they are no UTF-8. */
export function topicText(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

// MQTT 3.1.1, 1.5.3 and 4.7.1: no U+0000, no wildcard in a topic name, at least one character.
function isTopicName(topic: string): boolean {
  return topic.length > 0 && !topic.includes("\0") && !topic.includes("+") && !topic.includes("#");
}

// MQTT 3.1.1, 4.7.1.2 and 4.7.1.3: `#` is the last level and alone in it, `+` is alone in its level.
function isFilter(filter: string): boolean {
  if (filter.length === 0 || filter.includes("\0")) return false;
  const levels = filter.split("/");
  return levels.every((level, at) => {
    if (level.includes("#")) return level === "#" && at === levels.length - 1;
    return !level.includes("+") || level === "+";
  });
}

function levelsOf(topic: string): number {
  let levels = 1;
  for (let at = 0; at < topic.length; at++) if (topic.charCodeAt(at) === SLASH) levels++;
  return levels;
}
