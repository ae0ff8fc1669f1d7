import { describe, expect, it } from "vitest";
import { ruleOfFilter, ruleOfPublish } from "./topic-guard.ts";

const options = { sysTopics: false, maxTopicLevels: 4 };

describe("ruleOfFilter", () => {
  it.each([
    ["s", "private"],
    ["i", "private"],
    ["f", "private"],
    ["p", "private"],
    ["q", "private"],
    ["s/1", "refused"],
    ["info", "refused"],
    ["f+", "invalid"],
    ["scores", "refused"],
    ["i/#", "refused"],
    ["player/1", "ordinary"],
    ["quiz", "ordinary"],
    ["p/#", "ordinary"],
    ["+", "ordinary"],
    ["#", "ordinary"],
    ["game/+/x", "ordinary"],
    ["game/x+", "invalid"],
    ["game/#/x", "invalid"],
    ["game/x#", "invalid"],
    ["", "invalid"],
    ["game/\0", "invalid"],
    ["$SYS/#", "refused"],
    ["$other/x", "refused"],
    ["a/b/c/d", "ordinary"],
    ["a/b/c/d/e", "refused"],
    ["/", "ordinary"],
  ])("decides on %j: %s", (filter, rule) => {
    expect(ruleOfFilter(filter, options)).toBe(rule);
  });

  it("lets $SYS be read when the configuration says so, and nothing else below $ [topic-8]", () => {
    expect(ruleOfFilter("$SYS/#", { ...options, sysTopics: true })).toBe("ordinary");
    expect(ruleOfFilter("$other/#", { ...options, sysTopics: true })).toBe("refused");
  });
});

describe("ruleOfPublish", () => {
  it.each([
    ["s", "private"],
    ["q", "private"],
    ["score", "dropped"],
    ["i/x", "dropped"],
    ["fox", "dropped"],
    ["p/x", "ordinary"],
    ["game/x", "ordinary"],
    ["$SYS/x/new/clients", "dropped"],
    ["game/+", "invalid"],
    ["#", "invalid"],
    ["", "invalid"],
    ["a\0b", "invalid"],
    ["a/b/c/d/e", "dropped"],
  ])("decides on %j: %s", (topic, rule) => {
    expect(ruleOfPublish(topic, options)).toBe(rule);
  });

  it("lets nobody publish below $SYS, whoever may read it [topic-8]", () => {
    expect(ruleOfPublish("$SYS/x", { ...options, sysTopics: true })).toBe("dropped");
  });
});
