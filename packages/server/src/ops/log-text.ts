/**
 * One line of the log for people: `12:30:01.250 info  listening  port=1883`. In comes pino's JSON, out goes text.
 */

const DIM = "\u001B[2m";
const RESET = "\u001B[0m";
const LEVEL_COLOURS: Readonly<Record<string, string>> = {
  debug: "\u001B[36m",
  info: "\u001B[32m",
  warn: "\u001B[33m",
  error: "\u001B[31m",
};

/** Fields that have a place of their own in the line. */
const PLACED: ReadonlySet<string> = new Set(["level", "time", "message", "room", "err"]);

/** Control characters in what came from outside must not move the cursor or fake a line. */
// oxlint-disable-next-line no-control-regex -- finding control characters is its purpose
const CONTROL = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]/g;

/** Turns a JSON line of the log into a readable one, with its line end. An error's stack follows on lines of its own. */
export function formatLine(json: string, colour: boolean): string {
  const record = parse(json);
  if (record === undefined) return json;
  const level = text(record["level"]);
  const time = text(record["time"]).slice(11, 23);
  const room = record["room"] === undefined ? "" : `${text(record["room"])}: `;
  const fields = Object.entries(record)
    .filter(([name]) => !PLACED.has(name))
    .map(([name, value]) => `${name}=${fieldText(value)}`)
    .join(" ");
  const head = `${paint(time, DIM, colour)} ${paint(level.padEnd(5), LEVEL_COLOURS[level] ?? "", colour)} `;
  const tail = fields === "" ? "" : `  ${paint(fields, DIM, colour)}`;
  return `${head}${escape(room + text(record["message"]))}${tail}\n${errorLines(record["err"])}`;
}

function parse(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // not one of ours: passed on as it is
  }
}

function errorLines(error: unknown, caused = ""): string {
  if (!isRecord(error)) return "";
  const stack = error["stack"] ?? error["message"] ?? error["type"];
  const lines = `${caused}${text(stack)}`.split("\n").map((line) => `    ${escape(line)}\n`);
  return lines.join("") + errorLines(error["cause"], "caused by ");
}

function fieldText(value: unknown): string {
  if (typeof value === "string") return /^[^\s"=]+$/.test(value) ? escape(value) : JSON.stringify(value);
  return escape(JSON.stringify(value) ?? "");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : (JSON.stringify(value) ?? "");
}

function escape(value: string): string {
  return value.replaceAll(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function paint(value: string, code: string, colour: boolean): string {
  return colour && value !== "" ? `${code}${value}${RESET}` : value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
