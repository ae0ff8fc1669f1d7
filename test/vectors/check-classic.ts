/**
 * Holds the classic profile to classic.json: keys, ciphertexts, every payload of the recorded conversations.
 * No Node in here: a page in a browser runs it too, on the primitives that a browser gets.
 */
import SHA256 from "crypto-js/sha256.js";
import CryptoJS from "crypto-js/core.js";
import { bytesEqual, classicProfile, createClassicProfile, traceClassicKey } from "@mqplay/shared";
import type { Host, Profile, SealedChannel } from "@mqplay/shared";

/** The parts of classic.json that tests read. */
export interface ClassicVectors {
  readonly keyDerivation: readonly KeyVector[];
  readonly aes: readonly (KeyVector & { readonly plainHex: string; readonly cipherHex: string })[];
  readonly sessions: readonly RecordedSession[];
  readonly independent: { readonly vectors: readonly IndependentVector[] };
}

interface KeyVector {
  readonly clientId: string;
  readonly serverStringHex: string;
  readonly keyHex: string;
}

/** A conversation: its connections by letter, its packets in the order in which they went. */
export interface RecordedSession {
  readonly name: string;
  readonly connections: Readonly<Record<string, KeyVector | undefined>>;
  readonly packets: readonly RecordedPacket[];
}

/** One MQTT packet; `plain` (text) or `plainHex` is its payload in the clear, where it was sealed. */
export interface RecordedPacket {
  readonly conn: string;
  readonly dir: string;
  readonly hex: string;
  readonly plain?: string | undefined;
  readonly plainHex?: string | undefined;
}

interface IndependentVector {
  readonly name: string;
  readonly clientId_hex: string;
  readonly s_hex: string;
  readonly after_second_swap_hex: string;
  readonly key_hex: string;
  readonly messages: readonly IndependentMessage[];
}

/** Short messages are given in full, long ones by a rule and their hashes. */
interface IndependentMessage {
  readonly length: number;
  readonly plaintext_hex?: string | undefined;
  readonly ciphertext_hex?: string | undefined;
  readonly plaintext_sha256?: string | undefined;
  readonly ciphertext_sha256?: string | undefined;
}

/** A sealed payload of a conversation with what it is in the clear. */
export interface RecordedPayload {
  readonly topic: string;
  readonly dir: string;
  readonly connection: KeyVector;
  readonly sealed: Uint8Array;
  readonly plain: Uint8Array;
}

/** Reads hexadecimal digits. */
export function fromHex(hex: string): Uint8Array {
  if (hex.length % 2 !== 0) throw new Error("hexadecimal digits come in pairs");
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  );
}

/** Writes hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Recorded texts are written out in UTF-8 by the host's own means, not by the code under test. */
function utf8(text: string): Uint8Array {
  return fromHex(CryptoJS.enc.Utf8.parse(text).toString());
}

/** Finds every sealed payload of a conversation: the PUBLISH packets at QoS 1 whose plaintext was recorded. */
export function recordedPayloads(session: RecordedSession): RecordedPayload[] {
  return session.packets.flatMap((packet) => {
    const connection = session.connections[packet.conn];
    const plain =
      packet.plainHex === undefined ? packet.plain && utf8(packet.plain) : fromHex(packet.plainHex);
    if (connection === undefined || plain === undefined || plain === "") return [];
    const { topic, payload } = splitPublish(fromHex(packet.hex));
    return [{ topic, dir: packet.dir, connection, sealed: payload, plain }];
  });
}

/** Splits a PUBLISH at QoS 1: header, remaining length, topic, packet identifier, payload. */
function splitPublish(packet: Uint8Array): { topic: string; payload: Uint8Array } {
  let at = 1;
  while ((packet[at++] ?? 0) >= 0x80);
  const length = ((packet[at] ?? 0) << 8) | (packet[at + 1] ?? 0);
  const topic = String.fromCharCode(...packet.subarray(at + 2, at + 2 + length));
  return { topic, payload: packet.subarray(at + 2 + length + 2) };
}

/** What came of a check: how many comparisons were made, and what each one that failed was about. */
export interface VectorReport {
  readonly checked: number;
  readonly failures: readonly string[];
}

/**
 * Checks all of it.
 * @param host the primitives to run on; the platform's own unless given
 */
export function checkClassicVectors(vectors: ClassicVectors, host?: Host): VectorReport {
  const profile = host === undefined ? classicProfile : createClassicProfile(host);
  const failures: string[] = [];
  let checked = 0;
  const expect = (what: string, got: Uint8Array, wanted: Uint8Array): void => {
    checked++;
    if (!bytesEqual(got, wanted))
      failures.push(`${what}: got ${toHex(got.subarray(0, 32))} (${got.length} bytes)`);
  };
  const expectKey = (what: string, id: Uint8Array, s: Uint8Array, keyHex: string): SealedChannel => {
    expect(`${what}: key`, traceClassicKey(id, s, host).key, fromHex(keyHex));
    return profile.derive(id, s);
  };

  for (const [i, { clientId, serverStringHex, keyHex }] of vectors.keyDerivation.entries()) {
    expectKey(`keyDerivation[${i}]`, utf8(clientId), fromHex(serverStringHex), keyHex);
  }
  for (const [i, vector] of vectors.aes.entries()) {
    const channel = expectKey(
      `aes[${i}]`,
      utf8(vector.clientId),
      fromHex(vector.serverStringHex),
      vector.keyHex,
    );
    expect(`aes[${i}]: sealed`, channel.seal(fromHex(vector.plainHex)), fromHex(vector.cipherHex));
    expect(`aes[${i}]: opened`, channel.open(fromHex(vector.cipherHex)), fromHex(vector.plainHex));
  }
  for (const vector of vectors.independent.vectors) {
    const id = fromHex(vector.clientId_hex);
    const s = fromHex(vector.s_hex);
    const channel = expectKey(vector.name, id, s, vector.key_hex);
    expect(
      `${vector.name}: swaps`,
      traceClassicKey(id, s, host).swapped,
      fromHex(vector.after_second_swap_hex),
    );
    for (const message of vector.messages)
      checkMessage(`${vector.name}, ${message.length} bytes`, channel, message, expect);
  }
  for (const session of vectors.sessions) checkSession(session, profile, expect);
  return { checked, failures };
}

type Expect = (what: string, got: Uint8Array, wanted: Uint8Array) => void;

function checkMessage(
  what: string,
  channel: SealedChannel,
  message: IndependentMessage,
  expect: Expect,
): void {
  if (message.plaintext_hex !== undefined && message.ciphertext_hex !== undefined) {
    expect(`${what}: sealed`, channel.seal(fromHex(message.plaintext_hex)), fromHex(message.ciphertext_hex));
    expect(`${what}: opened`, channel.open(fromHex(message.ciphertext_hex)), fromHex(message.plaintext_hex));
    return;
  }
  const plain = Uint8Array.from({ length: message.length }, (_, i) => (7 * i + 3) & 0xff);
  const sealed = channel.seal(plain);
  expect(`${what}: plaintext's hash`, sha256(plain), fromHex(message.plaintext_sha256 ?? ""));
  expect(`${what}: ciphertext's hash`, sha256(sealed), fromHex(message.ciphertext_sha256 ?? ""));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return fromHex(SHA256(CryptoJS.enc.Hex.parse(toHex(bytes))).toString());
}

function checkSession(session: RecordedSession, profile: Profile, expect: Expect): void {
  for (const [i, { connection, topic, sealed, plain }] of recordedPayloads(session).entries()) {
    const channel = profile.derive(utf8(connection.clientId), fromHex(connection.serverStringHex));
    expect(`${session.name}, payload ${i} on ${topic}: opened`, channel.open(sealed), plain);
    expect(`${session.name}, payload ${i} on ${topic}: sealed`, channel.seal(plain), sealed);
  }
}
