/**
 * The web page at `/`: files of one folder, as they are, with headers that let a browser trust nothing else.
 *
 * The library is send (what Express serves files with): it resolves paths, ranges, HEAD and conditional requests, and
 * answers when a file vanishes while it is read. sirv, by its source, pipes a file without an
 * error handler: a page rebuilt under a running server would end the process.
 */
import { statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { resolve } from "node:path";
import { MqplayError } from "@mqplay/shared";
import sendFile from "send";
import { allowMethods, send } from "./reply.ts";

/** What the page's server needs. */
export interface PageOptions {
  /** The folder; empty serves none. */
  readonly root: string;
  /** The header Content-Security-Policy of every file; empty sends none. */
  readonly contentSecurityPolicy: string;
}

/** How long a file with a hash in its name may be kept, in s: a year, for its content never changes. */
const HASHED_MAX_AGE_S = 31_536_000;

/** Vite's names of built files: `assets/index-BfC2x_9a.js`. */
const HASHED_NAME = /\/assets\/[^/]+-[0-9A-Za-z_-]{8,}\.\w+$/;

/**
 * Answers requests for files.
 * @throws MqplayError `configInvalid` when the folder does not exist
 */
export function createPageHandler(
  options: PageOptions,
): (request: IncomingMessage, response: ServerResponse, path: string) => void {
  if (options.root === "") return (_request, response) => sendNotFound(response, NO_PAGE);
  const root = resolve(options.root);
  assertFolder(root, options.root);
  return (request, response, path) => {
    if (!allowMethods(request, response, ["GET", "HEAD"])) return;
    const policy = options.contentSecurityPolicy;
    if (policy !== "") response.setHeader("Content-Security-Policy", policy);
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    sendFile(request, path, { root, dotfiles: "ignore", cacheControl: false })
      .on("headers", (reply: ServerResponse, file: string) =>
        reply.setHeader("Cache-Control", cacheControlOf(file)),
      )
      .on("directory", () => redirectToFolder(response, path))
      .on("error", (error: { status?: number }) => answerError(response, error.status ?? 500))
      .pipe(response);
  };
}

function cacheControlOf(file: string): string {
  const hashed = HASHED_NAME.test(file.replaceAll("\\", "/"));
  // "no-cache" keeps a copy but asks each time: an unchanged file costs a 304.
  return hashed ? `public, max-age=${HASHED_MAX_AGE_S}, immutable` : "no-cache";
}

function assertFolder(root: string, named: string): void {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new MqplayError(
    "configInvalid",
    `"http.root": there is no folder "${named}"; build the page first, or leave the setting empty`,
    {
      path: "http.root",
    },
  );
}

/** A folder's page is found by its relative links only with a slash at the end. Never to another host: `//evil` is one. */
function redirectToFolder(response: ServerResponse, path: string): void {
  response.setHeader("Location", `${path.replace(/^\/+/, "/")}/`);
  send(response, 301, "text/plain; charset=utf-8", "This is a folder.\n");
}

function answerError(response: ServerResponse, status: number): void {
  if (response.headersSent) {
    response.destroy(); // part of a file has been sent: the cut is what tells the client
    return;
  }
  if (status === 404 || status === 403 || status === 400) sendNotFound(response, NO_FILE);
  else if (status === 412 || status === 416)
    send(response, status, "text/plain; charset=utf-8", "That part cannot be had.\n");
  else send(response, 500, "text/plain; charset=utf-8", "The file could not be read.\n");
}

const NO_FILE = 'There is nothing at this address. <a href="/">To the first page</a>';
const NO_PAGE = "This server has no web page. The setting <code>http.root</code> names the folder of one.";

function sendNotFound(response: ServerResponse, html: string): void {
  response.setHeader("Cache-Control", "no-store");
  if (!response.hasHeader("Content-Security-Policy"))
    response.setHeader("Content-Security-Policy", "default-src 'none'");
  send(
    response,
    404,
    "text/html; charset=utf-8",
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Not found</title><h1>Not found</h1><p>${html}</p></html>\n`,
  );
}
