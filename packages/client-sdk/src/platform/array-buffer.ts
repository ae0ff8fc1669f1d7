/**
 * Tells an ArrayBuffer by what it is, not by `instanceof`: hosts hand over buffers of another realm's class.
 */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}
