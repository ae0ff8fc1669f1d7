/**
 * Bytes as a person reads them.
 */

/** Two hexadecimal digits. */
export function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** All bytes in hexadecimal, separated by a blank; at most `maxBytes`, an ellipsis after them. */
export function hexLine(bytes: Uint8Array, maxBytes = bytes.length): string {
  const shown = Array.from(bytes.subarray(0, maxBytes), hexByte).join(" ");
  return bytes.length > maxBytes ? `${shown} …` : shown;
}

/** A printable character for a byte, a middle dot for the rest. */
export function charOf(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}

/** One line of a hex dump. */
export interface DumpLine {
  readonly offset: string;
  readonly hex: string;
  readonly text: string;
}

/** A hex dump of `width` bytes a line. */
export function hexDump(bytes: Uint8Array, width = 16): DumpLine[] {
  const lines: DumpLine[] = [];
  for (let offset = 0; offset < bytes.length; offset += width) {
    const part = bytes.subarray(offset, offset + width);
    lines.push({
      offset: offset.toString(16).padStart(4, "0"),
      hex: hexLine(part).padEnd(width * 3 - 1, " "),
      text: Array.from(part, charOf).join(""),
    });
  }
  return lines;
}

/** The text of UTF-8 bytes, or undefined when they are none. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Not UTF-8: the caller shows the bytes instead.
    return undefined;
  }
}

/** The JSON value of UTF-8 bytes, or undefined when they are none. */
export function jsonOf(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    // Not JSON: the caller shows the text or the bytes instead.
    return undefined;
  }
}

/** The bytes of base64, or undefined when it is none. */
export function bytesOfBase64(base64: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    // Not base64: the caller shows the text as it is.
    return undefined;
  }
}
