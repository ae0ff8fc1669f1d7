/**
 * A certificate and its key: read from files, checked before anybody is served with them, and taken up anew when the
 * files change.
 *
 * The files are read again every few seconds instead of being watched: a watch sees nothing when a symbolic link gets
 * another target, as certbot and Kubernetes do it, nor on network file systems.
 */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Log } from "../../ops/log.ts";

/** The files of a certificate. */
export interface CertificateFiles {
  /** PEM: the server's certificate, then those between it and its authority. */
  readonly certFile: string;
  /** PEM, without a passphrase. */
  readonly keyFile: string;
}

/** A certificate that fits its key. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** A certificate that follows its files. */
export interface Certificate {
  /** The pair that is served. */
  readonly current: KeyPair;
  /** Calls back when another pair takes its place. */
  onChange(listener: (pair: KeyPair) => void): void;
  /** Follows the files no more. */
  close(): void;
}

/** A pair that is not taken: what is wrong, in words for the log. Never a part of the key. */
export class CertificateError extends Error {}

/** When a certificate that ends soon is worth a line in the log, in ms before its end: time to renew it by hand. */
const SOON_MS = 14 * 86_400_000;

/** How often that line is repeated, in ms. */
const REMIND_MS = 86_400_000;

/**
 * Reads a certificate and follows its files.
 * @param checkMs how often the files are looked at, in ms; what has changed is taken up once it stands still
 * @throws CertificateError when the files cannot be read or do not fit together. One that has ended is served all the
 * same, and the log says so: a restart must not turn it into an outage of everything
 */
export async function followCertificate(
  files: CertificateFiles,
  { checkMs, log }: { readonly checkMs: number; readonly log: Log },
): Promise<Certificate> {
  const listeners: ((pair: KeyPair) => void)[] = [];
  const first = await readFiles(files);
  let current = checkPair(files, first);
  let remindedMs = 0;
  // What was looked at last, what was judged last: a file that is being written looks different each time.
  let seen = first;
  let judged = first;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const shown = { certFile: files.certFile, keyFile: files.keyFile };
  remind();

  function remind(): void {
    const nowMs = Date.now();
    if (nowMs - remindedMs < REMIND_MS) return;
    const problem = problemWithTime(current, nowMs);
    if (problem !== undefined) log.error(shown, `${problem}: clients that check it do not connect`);
    else if (current.validTo.getTime() - nowMs < SOON_MS)
      log.warn({ ...shown, validTo: current.validTo.toISOString() }, "a certificate ends soon: renew it");
    else return;
    remindedMs = nowMs;
  }

  function judge(texts: Texts): void {
    judged = texts;
    try {
      const pair = checkPair(files, texts);
      const problem = problemWithTime(pair, Date.now());
      if (problem !== undefined) throw new CertificateError(problem);
      current = pair;
      remindedMs = 0;
      for (const listener of listeners) listener(pair);
      log.info({ ...shown, validTo: pair.validTo.toISOString() }, "a new certificate is served");
    } catch (error) {
      refuse(error);
    }
  }

  function refuse(error: unknown): void {
    const problem = error instanceof CertificateError ? error.message : String(error);
    log.error({ ...shown, problem }, "a changed certificate is not taken; the one before it is served on");
  }

  async function look(): Promise<void> {
    try {
      const texts = await readFiles(files);
      if (closed) return;
      const still = same(texts, seen);
      seen = texts;
      if (still && !same(texts, judged)) judge(texts);
    } catch (error) {
      // Gone for a moment while somebody replaces it, or for good: said once.
      if (!same(seen, UNREADABLE)) seen = UNREADABLE;
      else if (!same(judged, UNREADABLE)) {
        judged = UNREADABLE;
        refuse(error);
      }
    }
    remind();
    schedule();
  }

  function schedule(): void {
    if (closed) return;
    timer = setTimeout(() => void look(), checkMs);
    timer.unref();
  }

  schedule();
  return {
    get current() {
      return current;
    },
    onChange: (listener) => void listeners.push(listener),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

interface Texts {
  readonly cert: string;
  readonly key: string;
}

const UNREADABLE: Texts = { cert: "", key: "" };

function same(a: Texts, b: Texts): boolean {
  return a.cert === b.cert && a.key === b.key;
}

async function readFiles({ certFile, keyFile }: CertificateFiles): Promise<Texts> {
  const [cert, key] = await Promise.all([readText(certFile), readText(keyFile)]);
  return { cert, key };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reason = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
    throw new CertificateError(`${file}: ${reason}`, { cause: error });
  }
}

/** Node's own words for what is wrong, made into what to do. By code, for the words change with OpenSSL's version. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ERR_OSSL_X509_KEY_VALUES_MISMATCH:
    "the key is not the certificate's; the two must come from the same request",
  ERR_OSSL_X509_KEY_TYPE_MISMATCH:
    "the key is not the certificate's; the two must come from the same request",
  ERR_SSL_EE_KEY_TOO_SMALL: "the key is too short to be safe; RSA needs 2048 bits",
  ERR_SSL_CA_MD_TOO_WEAK: "the signature is of a kind that is no longer safe",
};

/** Finds out whether a pair can be served. */
function checkPair({ certFile, keyFile }: CertificateFiles, { cert, key }: Texts): KeyPair {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (error) {
    throw new CertificateError(`${certFile} holds no certificate in PEM form`, { cause: error });
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key))
    throw new CertificateError(`${keyFile} holds no private key in PEM form`);
  if (/ENCRYPTED/.test(key))
    throw new CertificateError(
      `${keyFile}: the key has a passphrase; take it off, and guard the file instead`,
    );
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    const problem = PROBLEMS[code] ?? `they cannot be used together (${code})`;
    throw new CertificateError(`${certFile} and ${keyFile}: ${problem}`, { cause: error });
  }
  return { cert, key, validFrom: new Date(certificate.validFrom), validTo: new Date(certificate.validTo) };
}

function problemWithTime({ validFrom, validTo }: KeyPair, nowMs: number): string | undefined {
  if (validTo.getTime() <= nowMs) return `the certificate ended at ${validTo.toISOString()}`;
  if (validFrom.getTime() > nowMs) return `the certificate is not valid before ${validFrom.toISOString()}`;
  return undefined;
}
