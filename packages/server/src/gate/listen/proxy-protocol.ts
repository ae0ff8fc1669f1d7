/**
 * The PROXY protocol, versions 1 and 2: the header by which a TCP load balancer says whose connection it passes on,
 * before the first byte of the client. https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
import { isIP, type Socket } from "node:net";
import { peerAddress, plainAddress, type IsTrusted } from "./client-address.ts";

/** What the bytes at a connection's start are. */
export type ProxyHeader =
  /** Too few to say. */
  | { readonly kind: "partial" }
  /** No such header, or a broken one. */
  | { readonly kind: "invalid" }
  /** A whole one. `client` is undefined when the proxy speaks for itself, as in its health checks. */
  | { readonly kind: "whole"; readonly client: string | undefined; readonly length: number };

const PARTIAL: ProxyHeader = { kind: "partial" };
const INVALID: ProxyHeader = { kind: "invalid" };

const V1_START = Buffer.from("PROXY ");
/** Longest line of version 1, its end included. */
const V1_MAX_BYTES = 107;

const V2_START = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_HEAD_BYTES = 16;
/** Largest body of version 2 that is taken: two Unix socket names, or two addresses with a hundred bytes of additions. */
const V2_MAX_BODY_BYTES = 520;

/** Reads a header at the start of `bytes`. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsAs(bytes, V2_START)) return bytes.length < V2_HEAD_BYTES ? PARTIAL : parseV2(bytes);
  return startsAs(bytes, V1_START) ? parseV1(bytes) : INVALID;
}

function startsAs(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

function parseV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf("\r\n");
  if (end === -1) return bytes.length < V1_MAX_BYTES ? PARTIAL : INVALID;
  const [, family, client = "", ...rest] = bytes.toString("latin1", 0, end).split(" ");
  const length = end + 2;
  if (family === "UNKNOWN") return { kind: "whole", client: undefined, length };
  const version = family === "TCP4" ? 4 : family === "TCP6" ? 6 : undefined;
  if (version === undefined || rest.length !== 3 || isIP(client) !== version) return INVALID;
  return { kind: "whole", client: plainAddress(client), length };
}

function parseV2(bytes: Buffer): ProxyHeader {
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13) >> 4;
  const bodyBytes = bytes.readUInt16BE(14);
  // 0x20 the proxy itself, 0x21 on behalf of a client
  if ((command !== 0x20 && command !== 0x21) || bodyBytes > V2_MAX_BODY_BYTES) return INVALID;
  const length = V2_HEAD_BYTES + bodyBytes;
  if (bytes.length < length) return PARTIAL;
  if (command === 0x20) return { kind: "whole", client: undefined, length };
  const body = bytes.subarray(V2_HEAD_BYTES, length);
  if (family === 1 && bodyBytes >= 12)
    return { kind: "whole", client: body.subarray(0, 4).join("."), length };
  if (family === 2 && bodyBytes >= 36) return { kind: "whole", client: ipv6(body), length };
  // Another family, such as Unix sockets: the proxy's own address is the best there is.
  return family === 1 || family === 2 ? INVALID : { kind: "whole", client: undefined, length };
}

function ipv6(body: Buffer): string | undefined {
  const groups = Array.from({ length: 8 }, (_, index) => body.readUInt16BE(index * 2).toString(16));
  // Through URL, for one address must have one spelling: `2001:db8::1`.
  const { hostname } = new URL(`http://[${groups.join(":")}]/`);
  const mapped = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(hostname);
  return mapped === null ? plainAddress(hostname.slice(1, -1)) : body.subarray(12, 16).join(".");
}

/** Who may send a header, and how long it may take. */
export interface ProxyOptions {
  readonly isTrusted: IsTrusted;
  /** In ms, from the connection on. */
  readonly timeoutMs: number;
}

/**
 * Takes the header off a socket and then hands over the client's address. Ends the socket when its peer is no trusted
 * proxy, or no header comes in time. Nothing of what follows the header is lost.
 * @param done gets the address of the client, undefined when the header names none
 */
export function takeProxyHeader(
  socket: Socket,
  { isTrusted, timeoutMs }: ProxyOptions,
  done: (client: string | undefined) => void,
): void {
  if (!isTrusted(peerAddress(socket))) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  let read = Buffer.alloc(0);

  function onReadable(): void {
    const chunk: unknown = socket.read();
    if (!Buffer.isBuffer(chunk)) return; // its end; "close" follows
    read = Buffer.concat([read, chunk]);
    const header = parseProxyHeader(read);
    if (header.kind === "partial") return;
    release();
    if (header.kind === "invalid") {
      socket.destroy();
      return;
    }
    if (read.length > header.length) socket.unshift(read.subarray(header.length));
    done(header.client);
  }
  function onError(): void {
    socket.destroy();
  }
  function release(): void {
    clearTimeout(timer);
    socket.off("readable", onReadable).off("error", onError).off("close", release);
  }
  socket.on("readable", onReadable).on("error", onError).on("close", release);
}
