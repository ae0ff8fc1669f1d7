/**
 * The log: one line for each step of the server's life, never one for a call.
 * In come fields and a sentence; out go readable lines or JSON. Secrets never come in; if one does, it does not come out.
 *
 * Levels: error = a user lost something; warn = something unusual that the server got over; info = a step in the
 * server's life; debug = the rest.
 */
import { pino, stdSerializers, type DestinationStream, type Logger } from "pino";
import { formatLine } from "./log-text.ts";

/** What belongs to a line besides its sentence. An error goes under `err`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What rooms write their log to. */
export interface Log {
  /** For whoever looks for a fault: anything that may help. */
  debug(fields: LogFields, message: string): void;
  /** One line for a step in the life of the server. */
  info(fields: LogFields, message: string): void;
  /** Something unusual happened and the server got over it. */
  warn(fields: LogFields, message: string): void;
  /** A user lost something, or a bug shows. */
  error(fields: LogFields, message: string): void;
  /** Returns a log that adds these fields to each line. */
  child(fields: LogFields): Log;
}

/** From the quietest to the most talkative. */
export const LOG_LEVELS = ["silent", "error", "warn", "info", "debug"] as const;

/** How much the log says. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a line of the log looks: for people, or for machines. */
export const LOG_FORMATS = ["text", "json"] as const;

/** How a line of the log looks. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What {@link createLog} takes. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Whether text lines are coloured. @default false */
  readonly colour?: boolean;
  /** Where lines go, each with its line end. @default standard output */
  readonly write?: (line: string) => void;
}

/**
 * Fields whose value is never written, whoever passes them: a belt for the day when someone logs a whole request.
 * Matched without regard to case, `-` and `_`. An error's own `code` is none of them: errors go under `err`.
 */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  "password",
  "oldpassword",
  "newpassword",
  "passwordhash",
  "token",
  "accesstoken",
  "refreshtoken",
  "accesshash",
  "refreshhash",
  "code",
  "verifycode",
  "key",
  "secret",
  "serverstring",
  "authorization",
  "cookie",
]);

/** How deep fields are looked through for secrets; what lies deeper is not written at all. */
const MAX_FIELD_DEPTH = 4;

/** How much of a client id is shown: it is a secret when it is an access token. [connect-5] */
const CLIENT_ID_SHOWN = 6;

/** Makes the server's log. */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string): void => void process.stdout.write(line));
  const colour = options.colour ?? false;
  const destination: DestinationStream = {
    write: options.format === "json" ? write : (line) => write(formatLine(line, colour)),
  };
  return wrap(
    pino(
      {
        level: options.level,
        base: null,
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }), log: hideSecrets },
        serializers: { err: describeError },
        messageKey: "message",
      },
      destination,
    ),
  );
}

/** pino has no hook that sees the fields of every child: this is where they lose their secrets. */
function wrap(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(hideSecrets(fields))),
  };
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return hideValue("err", error, 1);
  const { code, ...rest } = stdSerializers.errWithCause(error);
  return { ...(code === undefined ? {} : { code }), ...hideSecrets(rest) };
}

/** A log that says nothing, for tests and for tools. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

function hideSecrets(fields: object): Record<string, unknown> {
  return hideIn(fields, 1);
}

function hideIn(fields: object, depth: number): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) shown[name] = hideValue(name, value, depth);
  return shown;
}

function hideValue(name: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null) return value;
  if (SECRET_FIELDS.has(name.toLowerCase().replaceAll(/[-_]/g, ""))) return "[hidden]";
  if (typeof value === "string") return name === "clientId" ? shortClientId(value) : value;
  if (typeof value !== "object" || value instanceof Error) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_FIELD_DEPTH) return "[…]";
  if (Array.isArray(value)) return value.map((item: unknown) => hideValue("", item, depth + 1));
  return hideIn(value, depth + 1);
}

function shortClientId(clientId: string): string {
  return clientId.length <= CLIENT_ID_SHOWN ? clientId : `${clientId.slice(0, CLIENT_ID_SHOWN)}…`;
}
