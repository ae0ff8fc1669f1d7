/**
 * Makes X.509 certificates for development and tests: an authority, and certificates that it signs. Node reads
 * certificates and does not write them, and `openssl` is not on every machine: the library is @peculiar/x509.
 */
import "reflect-metadata"; // the library's own need; it must come before it
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

/** A certificate and its key, as PEM texts. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** From when to when a certificate is valid. */
export interface Validity {
  readonly from: Date;
  readonly to: Date;
}

const DAY_MS = 86_400_000;

/** How long an authority is valid, in days: ten years, for it has to be trusted by hand. */
const AUTHORITY_DAYS = 3_650;

/** How long a certificate is valid, in days: browsers take none of more than 398. */
const CERTIFICATE_DAYS = 397;

/** A clock that is a little behind must not find a certificate that is not valid yet, in ms. */
const CLOCK_SKEW_MS = 3_600_000;

// P-256: what every client takes, and a server signs 20 times quicker with it than with RSA of 2048 bits.
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Makes an authority that may sign certificates for servers, and no further authorities. */
export async function createAuthority(
  name = "mqplay development CA",
  valid: Validity = daysFromNow(AUTHORITY_DAYS),
): Promise<KeyPair> {
  const keys = await createKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    notBefore: valid.from,
    notAfter: valid.to,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString("pem")}\n`, key: exportKey(keys.privateKey) };
}

/**
 * Makes a certificate of a server, signed by an authority.
 * @param names DNS names and IP addresses that it is valid for; at least one
 */
export async function createCertificate(
  authority: KeyPair,
  names: readonly string[],
  valid: Validity = daysFromNow(CERTIFICATE_DAYS),
): Promise<KeyPair> {
  const keys = await createKeys();
  const issuer = new x509.X509Certificate(authority.cert);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${names[0] ?? "localhost"}`,
    issuer: issuer.subject,
    notBefore: valid.from,
    notAfter: valid.to,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? ("dns" as const) : ("ip" as const), value: name })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { cert: `${certificate.toString("pem")}\n`, key: exportKey(keys.privateKey) };
}

/** From a moment ago until this many days from now. */
export function daysFromNow(days: number): Validity {
  const now = Date.now();
  return { from: new Date(now - CLOCK_SKEW_MS), to: new Date(now + days * DAY_MS) };
}

async function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function exportKey(key: webcrypto.CryptoKey): string {
  return String(KeyObject.from(key).export({ type: "pkcs8", format: "pem" }));
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}

/** 16 random bytes, positive (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}
