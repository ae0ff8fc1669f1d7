/**
 * `POST /call/{Module}/{Func}`: a call by HTTP. In comes a request, out goes the answer of the same handler that serves
 * `i` and `f`, as `{"state": n, "msg": "…", "data": …}`. [http-1]
 *
 * A request is a session of its own that ends with it: it is logged in by its bearer token alone, and what Register and
 * Login bind is gone with the reply; their tokens are what the caller keeps. What clients cannot call answers who shows
 * the admin token (admin.ts).
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isSuccess, parseJson, States, type Answer, type Call, type StateEntry } from "@mqplay/shared";
import type { Log } from "../../ops/log.ts";
import type { Caller, Identity } from "../../runtime/caller.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { answerBusy } from "../../runtime/answers.ts";
import { requestAddress, type IsTrusted } from "../listen/client-address.ts";
import { createAdminDoor } from "./admin.ts";
import { readBody } from "./body.ts";
import { answerPreflight, putCorsHeaders } from "./cors.ts";
import { sendJson } from "./reply.ts";
import { statusOf } from "./status.ts";

/** What calls by HTTP need. */
export interface CallDeps {
  readonly runtime: Pick<Runtime, "invoke">;
  /** Finds the login of an access token; undefined when the token is none. Rejects when the tokens' store is away. */
  readonly identify: (token: string) => Promise<Identity | undefined>;
  /** Whose X-Forwarded-For is believed. */
  readonly isTrusted: IsTrusted;
  readonly log: Log;
}

/** What bounds calls by HTTP. */
export interface CallOptions {
  /** The admin token; empty for none. A secret. */
  readonly adminToken: string;
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
}

/** What a call's path begins with. */
export const CALL_PREFIX = "/call/";

/** Longest token that is looked up, in characters; ours have 43. */
const MAX_TOKEN_CHARS = 64;

/** Answers requests below `/call/`. Never rejects. */
export function createCallHandler(
  deps: CallDeps,
  options: CallOptions,
): (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> {
  const admin = createAdminDoor(options.adminToken, deps.log);

  /**
   * What a call gets for which there is no function. For clients, that is; so the token is only looked at here, and a
   * page of the web never is who it should be shown by.
   */
  function retry(call: Call, request: IncomingMessage, caller: Caller): Answer | Promise<Answer> {
    const token = bearerOf(request);
    if (admin === undefined || token === undefined || request.headers.origin !== undefined) return NOT_FOUND;
    const verdict = admin.check(token, caller.remoteAddress, performance.now());
    if (verdict.kind === "tooMany") return answerBusy(verdict.retryAfterMs, call.encoding);
    if (verdict.kind === "nobody") return NOT_FOUND;
    return deps.runtime.invoke(call, { ...caller, identity: undefined, via: "internal" });
  }

  return async (request, response, path) => {
    putCorsHeaders(request, response, options.corsOrigins);
    if (request.method === "OPTIONS") return answerPreflight(response);
    if (request.method !== "POST") {
      response.setHeader("Allow", "POST, OPTIONS");
      return sendFailure(response, States.methodNotAllowed);
    }
    const target = parseTarget(path);
    if (target === undefined) return sendFailure(response, States.notFound);

    const body = await readBody(request, options.maxBodyBytes);
    if (body.kind === "cut") return;
    if (body.kind === "tooLarge") return sendFailure(response, States.payloadTooLarge);
    if (body.bytes.length > 0 && !isJsonType(request.headers["content-type"])) {
      return sendFailure(response, States.badRequest, 415, "Content-Type must be application/json");
    }
    const params = parseParams(body.bytes);
    if (params.failed) return sendFailure(response, States.paramParseFail);

    const login = await findLogin(deps, request);
    if (login.kind === "away") return sendFailure(response, States.storageError);
    const call: Call = { encoding: "json", ...target, params: params.value };
    const caller = createCaller(response, login.identity, requestAddress(request, deps.isTrusted));
    let answer = await deps.runtime.invoke(call, caller);
    if (isUnknown(answer)) answer = await retry(call, request, caller);
    sendAnswer(
      response,
      login.kind === "wrong" && answer.state === States.needLogin.state ? WRONG_TOKEN : answer,
    );
  };
}

const NOT_FOUND: Answer = { ...States.notFound, result: undefined };

/** Whether there is no such function, for this caller. One that ran and answers NotFound has a result. [answer-3] */
function isUnknown({ state, result }: Answer): boolean {
  return state === States.notFound.state && result === undefined;
}

/** What somebody gets who shows a token that is none, where a login is needed: the token is what to renew. */
const WRONG_TOKEN: Answer = { ...States.invalidToken, result: undefined };

interface Target {
  readonly module: string | number;
  readonly func: string | number;
}

function parseTarget(path: string): Target | undefined {
  const [module, func, ...rest] = path.slice(CALL_PREFIX.length).split("/").map(decodePart);
  if (module === undefined || func === undefined || rest.length > 0) return undefined;
  return { module: nameOrNumber(module), func: nameOrNumber(func) };
}

function decodePart(part: string): string | undefined {
  try {
    const decoded = decodeURIComponent(part);
    return decoded === "" ? undefined : decoded;
  } catch {
    return undefined; // a stray % names nothing
  }
}

function nameOrNumber(text: string): string | number {
  return /^\d{1,3}$/.test(text) ? Number(text) : text; // [call-3]
}

function isJsonType(contentType: string | undefined): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType ?? "");
}

function parseParams(bytes: Uint8Array): { failed: boolean; value: unknown } {
  if (bytes.length === 0) return { failed: false, value: undefined };
  try {
    return { failed: false, value: parseJson(bytes) ?? undefined };
  } catch {
    return { failed: true, value: undefined }; // the peer's mistake, and its answer says so
  }
}

/** Who a request comes from, by its token: nobody, somebody, somebody with a token that is none, or not to be found out. */
type Login =
  | { readonly kind: "none" | "wrong" | "away"; readonly identity: undefined }
  | { readonly kind: "user"; readonly identity: Identity };

async function findLogin(deps: CallDeps, request: IncomingMessage): Promise<Login> {
  if (request.headers.authorization === undefined) return { kind: "none", identity: undefined };
  const token = bearerOf(request);
  if (token === undefined || token.length > MAX_TOKEN_CHARS) return { kind: "wrong", identity: undefined };
  try {
    const identity = await deps.identify(token);
    return identity === undefined ? { kind: "wrong", identity } : { kind: "user", identity };
  } catch (error) {
    deps.log.warn({ err: error }, "a token could not be looked up");
    return { kind: "away", identity: undefined };
  }
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(request.headers.authorization ?? "")?.[1];
}

function createCaller(
  response: ServerResponse,
  identity: Identity | undefined,
  remoteAddress: string,
): Caller {
  const ended = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) ended.abort();
  });
  return {
    sessionId: randomUUID(),
    identity,
    remoteAddress,
    via: "http",
    signal: ended.signal,
  };
}

function sendAnswer(response: ServerResponse, answer: Answer): void {
  const { state, msg, result } = answer;
  // The result is JSON text already: it goes in as it is.
  const data = typeof result === "string" ? `,"data":${result}` : "";
  if (state === States.tooManyRequests.state) putRetryAfter(response, result);
  if (state === States.needLogin.state) response.setHeader("WWW-Authenticate", "Bearer");
  if (state === States.invalidToken.state)
    response.setHeader("WWW-Authenticate", 'Bearer error="invalid_token"');
  sendJson(
    response,
    statusOf(state),
    `{"state":${state},"msg":${JSON.stringify(isSuccess(state) ? "" : msg)}${data}}`,
  );
}

/** TooManyRequests carries the wait as its result, see runtime/retry-after.ts; HTTP has a header for it, in whole seconds. */
function putRetryAfter(response: ServerResponse, result: Answer["result"]): void {
  const wait: unknown = typeof result === "string" ? JSON.parse(result) : undefined;
  if (typeof wait !== "object" || wait === null || !("retryAfterMs" in wait)) return;
  response.setHeader("Retry-After", Math.ceil(Number(wait.retryAfterMs) / 1_000));
}

function sendFailure(
  response: ServerResponse,
  { state, msg }: StateEntry,
  status = statusOf(state),
  text = msg,
): void {
  sendJson(response, status, JSON.stringify({ state, msg: text }));
}
