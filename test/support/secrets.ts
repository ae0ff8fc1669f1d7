/**
 * Secrets in logs: what must never be there, told by its looks and by name. startServer() looks through the log of
 * every server that the tests of a file have started.
 */

/** Secrets of this process' tests by their text: a test adds what it uses. Kept short, because each is looked for. */
const registered = new Set<string>();

/** Shortest text that is looked for; a shorter one stands in a log by chance. */
const MIN_LENGTH = 6;

/** Says that a text is a secret: in no log it may stand, nor may its bytes in hexadecimal or base64. */
export function registerSecret(secret: string | Uint8Array): void {
  const bytes = typeof secret === "string" ? Buffer.from(secret, "utf8") : Buffer.from(secret);
  if (bytes.length < MIN_LENGTH) throw new Error("a secret this short cannot be told from other text");
  if (typeof secret === "string") registered.add(secret);
  registered.add(bytes.toString("hex"));
  // Without the padding, and without the last character, which depends on what follows.
  for (const encoding of ["base64", "base64url"] as const) {
    registered.add(bytes.toString(encoding).replace(/=+$/, "").slice(0, -1));
  }
}

/**
 * What looks like a secret: an access or refresh token or a hash of one (43 characters), a password's hash, a key of
 * 16 bytes in hexadecimal or base64.
 */
const SHAPES: readonly RegExp[] = [
  /(?<![\w-])[\w-]{43}(?![\w-])/,
  /\$argon2/,
  /md5-legacy\$/,
  /(?<![0-9a-f-])[0-9a-f]{32}(?![0-9a-f-])/,
  /(?<![\w+/])[A-Za-z0-9+/]{22}==/,
];

/** Files of stack traces and names of databases made for a test have long names that are no secrets. */
const HARMLESS = /mqplay_test_[0-9a-f]{32}|[\w./@-]*\/(node_modules|src|dist)\/[\w./@-]*|test-[0-9a-f-]{36}/g;

/** Returns what of a log's line is a secret, shortened; undefined when nothing is. */
export function findSecret(line: string): string | undefined {
  const lower = line.toLowerCase();
  for (const secret of registered) {
    if (line.includes(secret) || (/^[0-9a-f]+$/.test(secret) && lower.includes(secret)))
      return shorten(secret);
  }
  const text = line.replaceAll(HARMLESS, "");
  for (const shape of SHAPES) {
    const [found] = shape.exec(text) ?? [];
    if (found !== undefined) return shorten(found);
  }
  return undefined;
}

/** Throws when a line has a secret in it; the line itself is shown, for it must be found. */
export function expectNoSecrets(lines: Iterable<string>): void {
  for (const line of lines) {
    const secret = findSecret(line);
    if (secret !== undefined) throw new Error(`a log has a secret (${secret}) in it:\n${line}`);
  }
}

function shorten(secret: string): string {
  return secret.length <= 8 ? secret : `${secret.slice(0, 8)}…`;
}
