/**
 * Reads a request's body into memory, bounded before a byte is kept.
 */
import type { IncomingMessage } from "node:http";

/** What reading a body came to. */
export type Body =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** It is, or says that it will be, larger than allowed. The rest is read and thrown away, so that the peer gets to read its reply. */
  | { readonly kind: "tooLarge" }
  /** The peer went away before its end. */
  | { readonly kind: "cut" };

/** Reads at most `maxBytes` of body. Never rejects. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
    request.resume();
    return Promise.resolve({ kind: "tooLarge" });
  }
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    request.on("data", (chunk: Uint8Array) => {
      length += chunk.length;
      if (length > maxBytes) {
        chunks.length = 0;
        resolve({ kind: "tooLarge" });
      } else {
        chunks.push(chunk);
      }
    });
    request.on("end", () => resolve({ kind: "bytes", bytes: Buffer.concat(chunks) }));
    request.on("error", () => resolve({ kind: "cut" })); // the connection is gone: there is nobody to tell
    request.on("close", () => resolve({ kind: "cut" }));
  });
}
