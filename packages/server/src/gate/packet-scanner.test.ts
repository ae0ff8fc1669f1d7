import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameOf, ProtocolViolation, readExtent } from "./frame.ts";
import { PacketScanner } from "./packet-scanner.ts";

const packets = fc.array(
  fc.record({ first: fc.integer({ min: 0x10, max: 0xff }), body: fc.uint8Array({ maxLength: 400 }) }),
  { minLength: 1, maxLength: 6 },
);

describe("PacketScanner", () => {
  it("returns the same packets however the stream is cut", () => {
    fc.assert(
      fc.property(packets, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (sent, cuts) => {
        const frames = sent.map(({ first, body }) => frameOf(first, [body]));
        const stream = Buffer.concat(frames);
        const scanner = new PacketScanner();
        const got: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const end = at + (cuts[turn % cuts.length] ?? 1);
          scanner.feed(Buffer.from(stream.subarray(at, end)));
          at = end;
          for (let frame = scanner.next(1_000); frame !== undefined; frame = scanner.next(1_000)) {
            got.push(Buffer.from(frame));
            expect(scanner.headerBytes).toBe(readExtent(frame, 0)?.headerBytes);
          }
        }
        expect(got).toEqual(frames);
        expect(scanner.pendingBytes).toBe(0);
      }),
    );
  });

  it("refuses a packet at its header, before the rest has come", () => {
    const scanner = new PacketScanner();
    scanner.feed(Buffer.from([0x30, 0xff, 0xff, 0x7f]));
    expect(() => scanner.next(262_144)).toThrow(ProtocolViolation);
  });

  it("refuses a length of five bytes", () => {
    const scanner = new PacketScanner();
    scanner.feed(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x01]));
    expect(() => scanner.next(262_144)).toThrow("four bytes");
  });

  it("takes a packet of exactly the limit and refuses one byte more", () => {
    const frame = frameOf(0x30, [new Uint8Array(98)]);
    expect(frame.length).toBe(100);
    const scanner = new PacketScanner();
    scanner.feed(frame);
    expect(scanner.next(100)).toEqual(frame);
    scanner.feed(frame);
    expect(() => scanner.next(99)).toThrow(ProtocolViolation);
  });

  it("takes a large packet that comes byte by byte without copying it for each byte", () => {
    const frame = frameOf(0x30, [new Uint8Array(262_000).fill(7)]);
    const scanner = new PacketScanner();
    const startedMs = performance.now();
    let packet: Buffer | undefined;
    for (const byte of frame) {
      scanner.feed(Buffer.of(byte));
      packet = scanner.next(262_144);
    }
    expect(packet?.equals(frame)).toBe(true);
    expect(scanner.pendingBytes).toBe(0);
    // Copied each time, it would be 34 GB.
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it("leaves packets that it has returned as they are", () => {
    const [first, second] = [frameOf(0x30, [Buffer.from("first")]), frameOf(0x30, [Buffer.from("second")])];
    const scanner = new PacketScanner();
    scanner.feed(Buffer.concat([first, second.subarray(0, 3)]));
    const kept = scanner.next(100);
    for (const byte of Buffer.concat([second.subarray(3), first])) scanner.feed(Buffer.of(byte));
    expect(scanner.next(100)).toEqual(second);
    expect(scanner.next(100)).toEqual(first);
    expect(kept).toEqual(first);
  });
});
