/**
 * Password hashes of the Go server: MD5 over the password and one private key for all, without a salt. They are taken
 * over as they are, because nobody knows the passwords; each is good for one login, at which the user module replaces
 * it (`setPassword` with `ifHash`). Until then the private key is all that protects them: keep it secret.
 */
import { createHash, timingSafeEqual } from "node:crypto";

const PREFIX = "md5-legacy$";
const MD5_HEX = /^[0-9a-f]{32}$/i;

/** Makes the stored text of the Go server's hash; undefined when it is none (32 hexadecimal digits). */
export function legacyPasswordHash(md5Hex: string): string | undefined {
  return MD5_HEX.test(md5Hex) ? PREFIX + md5Hex.toLowerCase() : undefined;
}

/** Tells whether a stored hash is one of the Go server's. */
export function isLegacyPasswordHash(passwordHash: string): boolean {
  return passwordHash.startsWith(PREFIX);
}

/**
 * Tells whether a password belongs to a hash of the Go server's.
 * @param privateKey the Go server's `PrivateKey` setting
 */
export function verifyLegacyPassword(passwordHash: string, password: string, privateKey: string): boolean {
  if (!isLegacyPasswordHash(passwordHash)) return false;
  const expected = Buffer.from(passwordHash.slice(PREFIX.length), "hex");
  const actual = createHash("md5")
    .update(password + privateKey)
    .digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
