/**
 * How every reply by HTTP is written: a status, the headers that protect a browser, a body of known length.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Headers of every reply, whatever it is. */
const COMMON_HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
} as const;

/** Puts the headers of every reply. Called once, before anything else is decided. */
export function putCommonHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(COMMON_HEADERS)) response.setHeader(name, value);
}

/** Sends JSON text that no cache keeps. */
export function sendJson(response: ServerResponse, status: number, json: string): void {
  response.setHeader("Cache-Control", "no-store");
  send(response, status, "application/json; charset=utf-8", json);
}

/** Sends a body; for HEAD its headers only. */
export function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { "Content-Type": contentType, "Content-Length": bytes.length });
  response.end(response.req.method === "HEAD" ? undefined : bytes);
}

/** Answers 405 unless the method is one of `allowed`. Returns whether it is. */
export function allowMethods(
  request: IncomingMessage,
  response: ServerResponse,
  allowed: readonly string[],
): boolean {
  if (allowed.includes(request.method ?? "")) return true;
  response.setHeader("Allow", allowed.join(", "));
  send(response, 405, "text/plain; charset=utf-8", `Only ${allowed.join(", ")} here.\n`);
  return false;
}
