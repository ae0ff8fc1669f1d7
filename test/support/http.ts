/**
 * HTTP as it goes over the wire: paths are sent as they are written, nothing is followed, decoded or retried.
 */
import { request as httpRequest, type Agent, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";

/** A reply, read to its end. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON. Throws when it is none. */
  json(): unknown;
}

/** A request. */
export interface RequestOptions {
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** @default a connection of its own */
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
  /** PEM of the authority to trust: the request goes by HTTPS. @default plain HTTP */
  readonly ca?: string;
}

/** Sends a request and reads its reply. Rejects when the connection breaks first. */
export function request(port: number, path: string, options: RequestOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = (options.ca === undefined ? httpRequest : httpsRequest)(
      {
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        host: "127.0.0.1",
        port,
        path,
        method: options.method ?? "GET",
        headers: { ...options.headers },
        agent: options.agent ?? false,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.once("error", reject);
        incoming.once("end", () => {
          const body = Buffer.concat(chunks).toString("utf8");
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body,
            json: (): unknown => JSON.parse(body),
          });
        });
      },
    );
    outgoing.once("error", reject);
    outgoing.end(options.body);
  });
}

/** Calls a function by HTTP. A body that is no text is sent as JSON; undefined sends none. */
export function call(port: number, path: string, params?: unknown, token?: string): Promise<Reply> {
  const body = params === undefined || typeof params === "string" ? params : JSON.stringify(params);
  return request(port, `/call/${path}`, {
    method: "POST",
    headers: {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body }),
  });
}
