import { expect, test } from "vitest";
import { classifyTopic, isPrivateTopic, Topics } from "./topics.ts";

test("exactly s, i, f, p and q are private [topic-1] [topic-4]", () => {
  expect(Object.values(Topics).map(classifyTopic)).toEqual(Array(5).fill("private"));
  expect(["s", "i", "f", "p", "q", "x", "S", ""].filter(isPrivateTopic)).toEqual(["s", "i", "f", "p", "q"]);
});

test.each(["s/1", "ss", "score", "i/", "item", "f#", "fx/y", "i/#", "s/+"])(
  "%j is reserved [topic-3]",
  (topic) => {
    expect(classifyTopic(topic)).toBe("reserved");
  },
);

test.each(["player/1", "quiz", "p/1", "qq", "game/1", "#", "+", "+/s", "/s", "S", "$SYS/uptime", "ſ", ""])(
  "%j is ordinary MQTT [topic-6]",
  (topic) => {
    expect(classifyTopic(topic)).toBe("ordinary");
  },
);
