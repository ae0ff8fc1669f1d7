/**
 * Every setting of the server, once: its name, type, bounds, default, and the words about it.
 * conf/server.json and docs/configuration.md are generated from here (scripts/generate-config.mjs).
 */
import { DEFAULT_CALL_TIMEOUT_MS } from "@mqplay/shared";
import { z } from "zod";
import { LOG_FORMATS, LOG_LEVELS } from "../ops/log.ts";
import { DEFAULT_MAX_RUNNING } from "../runtime/options.ts";
import { gateSettings } from "./schema-gate.ts";
import { checkListeners, listeners, PORT_BOUNDS, tlsSettings, trustedProxies } from "./schema-listen.ts";
import { userSettings } from "./schema-user.ts";
import { codeSettings, lockoutSettings, outboxSettings, storeSettings } from "./schema-store.ts";
import { flag, integer, section, setting } from "./setting.ts";

/** `ws: wss:` because pages may connect to a game server on another port or host. */
const DEFAULT_CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const mqtt = z.strictObject({
  port: integer(1_883, PORT_BOUNDS, {
    text: "TCP port for MQTT clients. 1883 is the port that MQTT clients try by themselves. 0 takes a free one and the log says which.",
    env: "MQPLAY_MQTT_PORT",
  }),
});

const http = z.strictObject({
  port: integer(8_080, PORT_BOUNDS, {
    text: "TCP port for everything that speaks HTTP: MQTT over WebSocket on `/ws`, calls on `/call/…`, the web page, `/healthz`, `/readyz`, `/metrics`. 0 takes a free one and the log says which.",
    env: "MQPLAY_HTTP_PORT",
  }),
  tls: flag(false, {
    text: "Whether that port speaks TLS: `https://` for the page and calls, `wss://` on `/ws`. The certificate is that of the section `tls`.",
    env: "MQPLAY_HTTP_TLS",
  }),
  root: setting(z.string(), "", {
    text: "Folder of the web page that is served at `/`; empty serves none. `npm start` in the repository sets it to the built demo page.",
    env: "MQPLAY_HTTP_ROOT",
  }),
  contentSecurityPolicy: setting(z.string(), DEFAULT_CONTENT_SECURITY_POLICY, {
    text: "The header `Content-Security-Policy` of the page's files: what the page may load and connect to. The default allows this server's own files and WebSocket connections to anywhere, and no inline script; empty sends no such header.",
  }),
  corsOrigins: setting(z.array(z.string().regex(/^(\*|https?:\/\/[^/\s]+)$/)), [], {
    text: "Web origins, besides this server's own, whose pages may use `/call/…` from a browser, such as `https://game.example`. `*` allows all. Empty by default: nobody is let in unasked.",
    expected: 'an origin such as "https://game.example" (no path, no slash at the end), or "*"',
  }),
  adminToken: setting(z.string().regex(/^([\x21-\x7e]{32,256})?$/), "", {
    text: "Secret of trusted programs: a call by HTTP with `Authorization: Bearer` and this token may use what is not for clients, such as `POST /call/Push/Send`. Empty: nobody may. `openssl rand -hex 32` makes a good one. Keep such calls off the internet: by `https`, or within your own network.",
    env: "MQPLAY_ADMIN_TOKEN",
    secret: true,
    expected: "at least 32 characters, none of them blank or beyond ASCII",
  }),
  maxBodyBytes: integer(
    65_536,
    { min: 256, max: 16_777_216 },
    {
      text: "Largest body of a call by HTTP; a larger one is answered 413. Parameters of honest calls stay far below.",
      unit: "bytes",
    },
  ),
  headersTimeoutMs: integer(
    10_000,
    { min: 100, max: 120_000 },
    {
      text: "How long a client may take for a request's headers. Bounds what a client that dribbles can hold.",
      unit: "ms",
    },
  ),
  requestTimeoutMs: integer(
    30_000,
    { min: 100, max: 600_000 },
    {
      text: "How long a client may take for a whole request, its body included.",
      unit: "ms",
    },
  ),
  maxConnections: integer(
    10_000,
    { min: 1, max: 1_000_000 },
    {
      text: "HTTP connections at once, of all ports together, WebSocket ones not counted (`gate.maxConnections` bounds those). More are closed at once.",
      unit: "connections",
    },
  ),
});

const runtime = z.strictObject({
  timeoutMs: integer(
    DEFAULT_CALL_TIMEOUT_MS,
    { min: 1, max: 600_000 },
    {
      text: "How long a call may take unless its module or function says otherwise; then it is answered RequestTimeout. Long enough for a slow store, short enough for a player.",
      unit: "ms",
    },
  ),
  maxRunning: integer(
    DEFAULT_MAX_RUNNING,
    { min: 1, max: 10_000_000 },
    {
      text: "Calls that run at once, of all clients; more are answered TooManyRequests.",
      unit: "calls",
    },
  ),
});

const log = z.strictObject({
  level: setting(z.enum(LOG_LEVELS), "info", {
    text: "How much the log says: `silent`, `error`, `warn`, `info`, `debug`.",
    env: "MQPLAY_LOG_LEVEL",
  }),
  format: setting(z.enum(LOG_FORMATS), "text", {
    text: "`text` writes a readable line for people, `json` one JSON object a line for log collectors.",
    env: "MQPLAY_LOG_FORMAT",
  }),
});

const shutdown = z.strictObject({
  drainMs: integer(
    10_000,
    { min: 0, max: 600_000 },
    {
      text: "How long running calls may take to end after SIGTERM before the server closes all the same. As long as a call's own time limit, so that each one that can end does.",
      unit: "ms",
    },
  ),
});

const metrics = z.strictObject({
  enabled: flag(true, { text: "Whether `/metrics` on the HTTP port answers, in Prometheus' format." }),
});

const settings = z.strictObject({
  host: setting(z.string().min(1), "127.0.0.1", {
    text: "Address that the server listens on. `127.0.0.1` is reached from this machine only, the safe default; `0.0.0.0` (or `::`) from everywhere.",
    env: "MQPLAY_HOST",
  }),
  mqtt: section(mqtt.prefault({}), { text: "MQTT over TCP." }),
  http: section(http.prefault({}), { text: "The HTTP port." }),
  listeners,
  trustedProxies,
  tls: section(tlsSettings.prefault({}), { text: "TLS, where a listener speaks it: version 1.2 and up." }),
  store: section(storeSettings.prefault({}), { text: "Where data is kept." }),
  user: section(userSettings.prefault({}), { text: "The user module: registering and logging in." }),
  codes: section(codeSettings.prefault({}), { text: "Verification codes." }),
  lockout: section(lockoutSettings.prefault({}), {
    text: "What slows down who guesses passwords. An attempt that comes too early is answered TooManyRequests with how long to wait.",
  }),
  outbox: section(outboxSettings.prefault({}), {
    text: "Pushes that are kept for users who are away, where the push asks for it.",
  }),
  gate: section(gateSettings.prefault({}), {
    text: "What bounds a client's connection. The defaults suit a game with thousands of players on one machine.",
  }),
  runtime: section(runtime.prefault({}), { text: "Running calls." }),
  log: section(log.prefault({}), { text: "The log on standard output." }),
  metrics: section(metrics.prefault({}), { text: "Figures for Prometheus." }),
  shutdown: section(shutdown.prefault({}), { text: "How the server stops." }),
  modules: setting(z.array(z.string().min(1)), [], {
    text: "JavaScript files of your own modules, such as `./dist/arena.js`. Each exports modules made by `implement(…)`; all of them are served. In the environment variable commas stand between them. `npm start` in the repository serves the demo's arena, unless the variable says otherwise.",
    env: "MQPLAY_MODULES",
  }),
});

/** The whole configuration; unknown names are errors. */
export const configSchema = settings.check(({ value, issues }) => {
  for (const { path, message } of checkListeners(value))
    issues.push({ code: "custom", input: value, path, message });
});

/** The configuration as a person writes it: every setting may be left out. */
export type ConfigInput = z.input<typeof configSchema>;

/** The configuration, complete. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

type DeepReadonly<T> = T extends readonly (infer TItem)[]
  ? readonly DeepReadonly<TItem>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;
