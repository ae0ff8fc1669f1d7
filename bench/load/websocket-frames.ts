/**
 * WebSocket frames for load generators: a client's masked frame made once, a server's frames cut out of the stream.
 */
import { randomBytes } from "node:crypto";

/** Makes a masked binary frame. */
export function clientFrame(payload: Uint8Array, opcode = 2): Buffer {
  const mask = randomBytes(4);
  const long = payload.length > 125;
  if (payload.length > 0xffff) throw new Error("a benchmark's payload is short");
  const header = long
    ? Buffer.from([0x80 | opcode, 0x80 | 126, payload.length >> 8, payload.length & 0xff])
    : Buffer.from([0x80 | opcode, 0x80 | payload.length]);
  const body = Buffer.from(payload);
  for (let at = 0; at < body.length; at++) body[at] = (body[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return Buffer.concat([header, mask, body]);
}

/** Cuts a server's frames out of its stream. */
export class ServerFrames {
  #rest: Buffer = Buffer.alloc(0);

  /** Returns the payloads of the frames that are whole. */
  take(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const payloads: Buffer[] = [];
    let at = 0;
    for (;;) {
      const short = bytes[at + 1];
      if (short === undefined) break;
      let header = 2;
      let length = short & 0x7f;
      if (length === 126) {
        if (bytes.length < at + 4) break;
        length = bytes.readUInt16BE(at + 2);
        header = 4;
      } else if (length === 127) throw new Error("a benchmark's payload is short");
      if (bytes.length < at + header + length) break;
      payloads.push(bytes.subarray(at + header, at + header + length));
      at += header + length;
    }
    this.#rest = bytes.subarray(at);
    return payloads;
  }
}
