import { describe, expect, test } from "vitest";
import { clientAddress, createTrust, isRange, peerAddress, plainAddress } from "./client-address.ts";

describe("trusted proxies", () => {
  test("are named by address or range, IPv4 or IPv6", () => {
    const isTrusted = createTrust(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]);
    for (const address of ["127.0.0.1", "10.255.0.1", "2001:db8:1::1", "::ffff:10.0.0.1"])
      expect(isTrusted(address), address).toBe(true);
    for (const address of ["127.0.0.2", "11.0.0.1", "2001:db9::1", "", "proxy.example", "10.0.0.1:80"])
      expect(isTrusted(address), address).toBe(false);
  });

  test("are none unless named", () => {
    expect(createTrust([])("127.0.0.1")).toBe(false);
    expect(() => createTrust(["proxy.example"])).toThrow("proxy.example");
  });

  test.each(["10.0.0.0/8", "0.0.0.0/0", "10.0.0.1/32", "::1", "::/0", "2001:db8::/128"])(
    "%s is a range",
    (text) => {
      expect(isRange(text)).toBe(true);
    },
  );

  test.each([
    "",
    "/8",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "::/129",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "localhost",
    "fe80::1%eth0",
  ])("%j is none", (text) => {
    expect(isRange(text)).toBe(false);
  });
});

describe("a client's address", () => {
  const isTrusted = createTrust(["10.0.0.0/8"]);

  test.each([
    ["no header", "10.0.0.1", undefined, "10.0.0.1"],
    ["a peer that is not trusted", "203.0.113.1", "198.51.100.1", "203.0.113.1"],
    ["one proxy", "10.0.0.1", "203.0.113.1", "203.0.113.1"],
    ["a row of proxies", "10.0.0.1", "203.0.113.1, 10.0.0.3,10.0.0.2", "203.0.113.1"],
    ["entries that the client made up", "10.0.0.1", "1.1.1.1, 203.0.113.1, 10.0.0.2", "203.0.113.1"],
    ["proxies only", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["an entry that is no address", "10.0.0.1", "203.0.113.1, unknown, 10.0.0.2", "10.0.0.2"],
    ["an empty header", "10.0.0.1", "", "10.0.0.1"],
    ["commas only", "10.0.0.1", ",,,", "10.0.0.1"],
    ["a comma at the start", "10.0.0.1", ",10.0.0.2", "10.0.0.2"],
    ["an address with its port", "10.0.0.1", "203.0.113.1:4711", "203.0.113.1"],
    ["IPv6", "10.0.0.1", "2001:db8::1", "2001:db8::1"],
    ["IPv6 with its port", "10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"],
    ["IPv4 within IPv6", "::ffff:10.0.0.1", "::ffff:203.0.113.1", "203.0.113.1"],
    ["an entry that is far too long", "10.0.0.1", "1".repeat(10_000), "10.0.0.1"],
  ])("by %s", (_what, peer, header, client) => {
    expect(clientAddress(peer, header, isTrusted)).toBe(client);
  });

  test("is looked for through 16 proxies and no further", () => {
    const row = (proxies: number): string =>
      ["203.0.113.1", ...Array.from({ length: proxies }, () => "10.0.0.2")].join();
    expect(clientAddress("10.0.0.1", row(15), isTrusted)).toBe("203.0.113.1");
    expect(clientAddress("10.0.0.1", row(16), isTrusted)).toBe("10.0.0.2");
    expect(clientAddress("10.0.0.1", row(2_000), isTrusted)).toBe("10.0.0.2");
  });

  test("has one form", () => {
    expect(plainAddress("::ffff:127.0.0.1")).toBe("127.0.0.1");
    expect(plainAddress("fe80::1%eth0")).toBe("fe80::1");
    expect(plainAddress("nowhere")).toBeUndefined();
    expect(peerAddress({ remoteAddress: undefined })).toBe("");
  });
});
