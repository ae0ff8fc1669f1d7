/**
 * Which web pages of other origins may use `/call/…`: those that the configuration names. Nothing here relies on
 * cookies, so the one thing to decide is who may read.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** How long a browser may remember what a preflight said, in s. Short, so that a changed configuration is soon felt. */
const PREFLIGHT_MAX_AGE_S = 600;

/** Puts the headers that let an allowed origin read the reply. */
export function putCorsHeaders(
  request: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
): void {
  if (origins.length === 0) return;
  response.setHeader("Vary", "Origin");
  const origin = request.headers.origin;
  if (origin === undefined || !(origins.includes("*") || origins.includes(origin))) return;
  response.setHeader("Access-Control-Allow-Origin", origins.includes("*") ? "*" : origin);
  response.setHeader("Access-Control-Expose-Headers", "Retry-After");
}

/** Answers OPTIONS: what a browser asks before it sends a call from another origin. */
export function answerPreflight(response: ServerResponse): void {
  response.setHeader("Allow", "POST, OPTIONS");
  if (response.hasHeader("Access-Control-Allow-Origin")) {
    response.setHeader("Access-Control-Allow-Methods", "POST");
    response.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type");
    response.setHeader("Access-Control-Max-Age", PREFLIGHT_MAX_AGE_S);
  }
  response.writeHead(204);
  response.end();
}
