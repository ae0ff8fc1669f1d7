import { classicProfile } from "@mqplay/shared";
import { describe, expect, it } from "vitest";
import { createServerString, performHandshake } from "./handshake.ts";

describe("the server string", () => {
  it("is 32 characters of [0-9A-Za-z], all of them in use and none twice the same [handshake-1]", () => {
    const strings = Array.from({ length: 500 }, () => createServerString().toString());
    for (const text of strings) expect(text).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(new Set(strings).size).toBe(500);
    expect(new Set(strings.join("")).size).toBe(62);
  });
});

describe("performHandshake", () => {
  const clientId = Buffer.from("abcdefghijklmnopqrstuvwxyz012345");

  it("derives what the client derives from the string [handshake-2]", () => {
    const { serverString, channel } = performHandshake(classicProfile, clientId, true);
    const plain = Buffer.from("hello");
    expect(Buffer.from(channel.seal(plain))).not.toEqual(plain);
    expect(Buffer.from(classicProfile.derive(clientId, serverString).open(channel.seal(plain)))).toEqual(
      plain,
    );
  });

  it("sends a string and leaves payloads plain where nothing is secret [handshake-7]", () => {
    const { serverString, channel } = performHandshake(classicProfile, clientId, false);
    expect(serverString).toHaveLength(32);
    expect(Buffer.from(channel.seal(Buffer.from("hello"))).toString()).toBe("hello");
  });
});
