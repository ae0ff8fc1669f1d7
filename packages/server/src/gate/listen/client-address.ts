/**
 * Whose connection it is. Behind a reverse proxy the peer is the proxy, and who the client is only the proxy knows; it
 * is believed where the configuration trusts it, and nobody else is.
 */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";

/** Says whether an address is a proxy's that is believed. */
export type IsTrusted = (address: string) => boolean;

/** Proxies in a row that are looked through. More than any network has; bounds what a long header costs. */
const MAX_HOPS = 16;

/**
 * Makes the test for `trustedProxies`.
 * @param proxies IP addresses and CIDR ranges, such as `10.0.0.0/8`
 * @throws Error when one is neither
 */
export function createTrust(proxies: readonly string[]): IsTrusted {
  if (proxies.length === 0) return () => false;
  const list = new BlockList();
  for (const proxy of proxies) {
    const range = parseRange(proxy);
    if (range === undefined) throw new Error(`"${proxy}" is no IP address and no CIDR range`);
    if (range.bits === undefined) list.addAddress(range.address, range.family);
    else list.addSubnet(range.address, range.bits, range.family);
  }
  return (address) => {
    const plain = plainAddress(address);
    return plain !== undefined && list.check(plain, familyOf(plain));
  };
}

/** Whether a text is an IP address or a CIDR range. */
export function isRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

interface Range {
  readonly address: string;
  readonly bits: number | undefined;
  readonly family: "ipv4" | "ipv6";
}

function parseRange(text: string): Range | undefined {
  const [address = "", bits, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0 || address.includes("%")) return undefined;
  const family = version === 4 ? "ipv4" : "ipv6";
  if (bits === undefined) return { address, bits, family };
  const known = /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
  return known ? { address, bits: Number(bits), family } : undefined;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}

/** An IP address in its one form: an IPv4 peer of a dual-stack listener is the same as one of an IPv4 listener. */
export function plainAddress(text: string): string | undefined {
  const address = text.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  return isIP(address) === 0 ? undefined : address;
}

/** The address of a socket's peer, without the port; empty when it is gone already. */
export function peerAddress(socket: { readonly remoteAddress?: string | undefined }): string {
  return plainAddress(socket.remoteAddress ?? "") ?? "";
}

/**
 * Finds the client of a request: from the peer towards the client, the first that is no trusted proxy. What stands
 * further away in X-Forwarded-For anybody may have written.
 * @param peer address of the connection's other end
 * @param forwardedFor the header X-Forwarded-For: addresses, each added at the end by the proxy that it came to
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, isTrusted: IsTrusted): string {
  if (forwardedFor === undefined || !isTrusted(peer)) return peer;
  let client = peer;
  let end = forwardedFor.length;
  for (let hop = 0; hop < MAX_HOPS && end >= 0; hop++) {
    const start = end === 0 ? 0 : forwardedFor.lastIndexOf(",", end - 1) + 1;
    const address = forwardedAddress(forwardedFor.slice(start, end).trim());
    if (address === undefined) break;
    client = address;
    if (!isTrusted(client)) break;
    end = start - 1;
  }
  return client;
}

/** The address of a request's client. */
export function requestAddress(request: IncomingMessage, isTrusted: IsTrusted): string {
  const header = request.headers["x-forwarded-for"];
  // Node joins headers of one name by commas, in their order.
  const forwardedFor = Array.isArray(header) ? header.join(",") : header;
  return clientAddress(peerAddress(request.socket), forwardedFor, isTrusted);
}

/** Longest entry that is looked at: `[` IPv6 `]:65535`. */
const MAX_ENTRY_CHARS = 53;

/** `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]:1234`: proxies write all of these. */
function forwardedAddress(entry: string): string | undefined {
  if (entry.length > MAX_ENTRY_CHARS) return undefined;
  const bare = /^\[([^\]]*)\](:\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
  return plainAddress(bare);
}
