/**
 * Small questions about bytes that no host answers alike.
 */

/** Tells whether two arrays hold the same bytes. Not in constant time: not for secrets of a server. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
