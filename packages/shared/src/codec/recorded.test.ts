import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "#host";
import {
  fromHex,
  recordedPayloads,
  toHex,
  type ClassicVectors,
  type RecordedPayload,
} from "../../../../test/vectors/check-classic.ts";
import recorded from "../../../../test/vectors/classic.json" with { type: "json" };
import { isMqplayError } from "../errors.ts";
import { classicProfile } from "../profile/classic/profile.ts";
import type { Codec } from "./codec.ts";
import { jsonCodec } from "./json.ts";
import { protobufCodec } from "./protobuf.ts";

const vectors: ClassicVectors = recorded;

/** The old server writes msg and state even when they are zero; ours leaves them out. [answer-4] */
function withoutZeros(hex: string): string {
  return hex.replace(/^(....(?:..)*?)(?:1200)?1800$/, "$1");
}

/** What a payload is, read off topic and direction; the old server sends protobuf pushes on `f`. [push-2] */
function kindOf({ topic, dir, plain }: RecordedPayload): "call" | "answer" | "push" {
  if (dir === "C>S") return "call";
  return topic === "p" || (topic === "f" && plain[1] === 11) ? "push" : "answer";
}

function reencoded(payload: RecordedPayload, plain: Uint8Array): Uint8Array {
  const kind = kindOf(payload);
  if (payload.topic === "f") {
    if (kind === "call") return protobufCodec.encodeCall(protobufCodec.decodeCall(plain));
    if (kind === "push") return protobufCodec.encodePush(protobufCodec.decodePush(plain));
    const answer = protobufCodec.decodeAnswer(plain);
    return protobufCodec.encodeAnswer(answer, { module: answer.module ?? -1, func: answer.func ?? -1 });
  }
  if (kind === "call") return jsonCodec.encodeCall(jsonCodec.decodeCall(plain));
  if (kind === "push") return jsonCodec.encodePush(jsonCodec.decodePush(plain));
  return jsonCodec.encodeAnswer(jsonCodec.decodeAnswer(plain), { module: "", func: "" });
}

describe.each(vectors.sessions.map((session) => [session.name, session] as const))(
  "the recorded conversation %s",
  (_name, session) => {
    const payloads = recordedPayloads(session);

    test("opens, decodes, and encodes to the recorded bytes again, zero values apart", () => {
      expect(payloads.length).toBeGreaterThanOrEqual(8);
      for (const payload of payloads) {
        const { clientId, serverStringHex } = payload.connection;
        const channel = classicProfile.derive(utf8Encode(clientId), fromHex(serverStringHex));
        const again = toHex(reencoded(payload, channel.open(payload.sealed)));
        const plain = toHex(payload.plain);
        expect(again).toBe(payload.topic === "f" && payload.dir === "S>C" ? withoutZeros(plain) : plain);
      }
    });
  },
);

test("the recorded conversations hold calls, answers and pushes on i, f and p", () => {
  const kinds = vectors.sessions
    .flatMap(recordedPayloads)
    .map((payload) => `${kindOf(payload)} ${payload.topic}`);
  expect([...new Set(kinds)].sort()).toEqual([
    "answer f",
    "answer i",
    "call f",
    "call i",
    "push f",
    "push p",
  ]);
});

test("every recorded AllResponse decodes to its value and encodes to its bytes without zeros [answer-2]", () => {
  const messages = recorded.protobuf.filter(({ type }) => type === "AllResponse");
  expect(messages.length).toBe(3);
  for (const { hex, value } of messages) {
    const wanted: { resultHex?: string; msg?: string; state?: number } = value;
    const answer = protobufCodec.decodeAnswer(fromHex(`0000${hex}`));
    const result = answer.result instanceof Uint8Array ? toHex(answer.result) : answer.result;
    expect({ ...answer, result }).toEqual({
      module: 0,
      func: 0,
      result: wanted.resultHex ?? "",
      msg: wanted.msg ?? "",
      state: wanted.state ?? 0,
    });
    expect(toHex(protobufCodec.encodeAnswer(answer, { module: 0, func: 0 }))).toBe(
      withoutZeros(`0000${hex}`),
    );
  }
});

test("the recorded push of a second login is ours, byte for byte [push-1] [push-3]", () => {
  const push = { module: 0, type: 0, content: utf8Encode("Other client Login") };
  expect(utf8Decode(jsonCodec.encodePush(push))).toBe(recorded.pushItemJson);
});

describe.each([jsonCodec, protobufCodec].map((codec) => [codec.encoding, codec] as const))(
  "any bytes at all, read as %s,",
  (encoding, codec) => {
    const {
      decodeCall,
      decodeAnswer,
      decodePush,
    }: Pick<Codec, "decodeCall" | "decodeAnswer" | "decodePush"> = codec;

    /** What the decoders threw other than what they may throw. */
    const surprises = (bytes: Uint8Array): unknown[] =>
      [decodeCall, decodeAnswer, decodePush].flatMap((decode) => {
        try {
          decode(bytes);
          return [];
        } catch (error) {
          return isMqplayError(error) && error.code === "malformed" ? [] : [error];
        }
      });

    test("are decoded or refused as malformed: noise", () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          expect(surprises(bytes)).toEqual([]);
        }),
        { numRuns: 1_000 },
      );
    });

    test("are decoded or refused as malformed: recorded payloads, cut anywhere and with any bit flipped", () => {
      const topic = encoding === "json" ? "i" : "f";
      const plains = vectors.sessions.flatMap(recordedPayloads).filter((payload) => payload.topic === topic);
      expect(plains.length).toBeGreaterThan(20);
      for (const { plain } of plains.slice(0, 24)) {
        const found = Array.from(plain, (_, length) => surprises(plain.subarray(0, length))).flat();
        const flipped = new Uint8Array(plain);
        for (let bit = 0; bit < plain.length * 8; bit++) {
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          found.push(...surprises(flipped));
          flipped[bit >> 3] = plain[bit >> 3] ?? 0;
        }
        expect(found).toEqual([]);
      }
    });
  },
);
