import { describe, expect, it } from "vitest";
import { parseRedisAddress } from "./address.ts";

describe("a Redis address", () => {
  it("names one server, with what it leaves out filled in", () => {
    expect(parseRedisAddress("redis://localhost")).toEqual({
      kind: "single",
      tls: false,
      caFile: undefined,
      nodes: [{ host: "localhost", port: 6379 }],
      username: undefined,
      password: undefined,
      db: 0,
      masterName: "",
      keyPrefix: "mqplay:",
    });
  });

  it("may have TLS, credentials, a database and a prefix", () => {
    expect(
      parseRedisAddress("rediss://me:p%40ss%3A%2F@[::1]:7000/3?keyPrefix=game1:&ca=/ca.pem"),
    ).toMatchObject({
      tls: true,
      nodes: [{ host: "::1", port: 7000 }],
      username: "me",
      password: "p@ss:/",
      db: 3,
      caFile: "/ca.pem",
      keyPrefix: "game1:",
    });
    expect(parseRedisAddress("redis://:secret@host")).toMatchObject({
      username: undefined,
      password: "secret",
    });
  });

  it("may name sentinels and the master that they watch", () => {
    expect(parseRedisAddress("redis-sentinel://a:1,b/mymaster?db=2")).toMatchObject({
      kind: "sentinel",
      nodes: [
        { host: "a", port: 1 },
        { host: "b", port: 26379 },
      ],
      masterName: "mymaster",
      db: 2,
    });
  });

  it("may name nodes of a cluster", () => {
    expect(parseRedisAddress("rediss-cluster://a:1,b:2")).toMatchObject({
      kind: "cluster",
      tls: true,
      nodes: { length: 2 },
    });
  });

  it.each([
    ["another scheme", "http://secret@host"],
    ["no host", "redis://"],
    ["two hosts for one server", "redis://secret@a,b"],
    ["a port that is none", "redis://secret@a:99999"],
    ["a database that is none", "redis://secret@a/x"],
    ["sentinels without a master", "redis-sentinel://secret@a"],
    ["a cluster with a database", "redis-cluster://secret@a/3"],
    ["a lone percent sign", "redis://secret%@a"],
  ])("is refused with %s, and not repeated", (_, text) => {
    expect(() => parseRedisAddress(text)).toThrow(
      expect.objectContaining({ code: "configInvalid", path: "store.sessions" }),
    );
    expect(() => parseRedisAddress(text)).not.toThrow(/secret/);
  });
});
