/**
 * What a network address counts as where limits are for an address.
 */
import { isIPv6 } from "node:net";

/** Groups of 16 bits in the part of an IPv6 address that names a network; the rest its owner chooses freely. */
const NETWORK_GROUPS = 4;

/**
 * Returns the key of an address: an IPv4 address is its own; of an IPv6 address it is the network, its first 64 bits,
 * because a household or a rented server gets that many addresses, more than any limit could count.
 */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.toLowerCase().replace(/%.*$/, "").split("::");
  const groups = groupsOf(head);
  if (tail !== undefined) {
    const after = groupsOf(tail);
    // An IPv4 address at the end stands for two groups.
    const length = after.length + (tail.includes(".") ? 1 : 0);
    while (groups.length + length < 8) groups.push("0");
    groups.push(...after);
  }
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${network.join(":")}::/64`;
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
