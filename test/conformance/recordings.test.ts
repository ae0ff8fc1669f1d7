/**
 * The conversations that Go clients had with the Go server, played against the server under test: the same calls in
 * the same order, with fresh strings, tokens and names. The answers must be the same; what is left out, and where the
 * two differ, stands below with the clause that asks for it.
 */
import { generate, parser as createParser, type Packet } from "mqtt-packet";
import { describe, expect } from "vitest";
import { RawClient, randomClientId } from "../support/raw-client.ts";
import {
  readFields,
  readJsonAnswer,
  readProtobufAnswer,
  type ProtobufAnswer,
} from "../support/raw-answer.ts";
import { isExternal, randomPhone, serverUnderTest, test, transports } from "./harness.ts";
import { recordings, type RecordedPacket, type Recording } from "./recordings.ts";

const server = serverUnderTest();

const NO_CODE = "[user-5] the server's code is another one; user.test.ts asks for it";
const UNSENT = "[user-5] a server that nobody has told how to send codes answers ServerIsDown";

/** In both recordings of the User functions, by the packet identifier of the call: why the call is not played. */
const NOT_PLAYED: Readonly<Record<number, string>> = {
  5: "[user-1] registering needs no code while user.verification is none, so no code is wrong",
  15: NO_CODE,
  ...(isExternal
    ? { 16: UNSENT, 18: UNSENT, 19: UNSENT }
    : { 14: "[user-5] the Go server had nobody to send codes; ours has, and sends one a minute" }),
};

/** The same, where the recordings differ, and for the one of two connections. */
const NOT_PLAYED_IN: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  "json-user-functions": { ...NOT_PLAYED, ...(isExternal ? { 20: UNSENT } : {}), 21: NO_CODE },
  "protobuf-user-functions": { ...NOT_PLAYED, 20: NO_CODE },
};

/** Which fields of a result are messages themselves, by function number. */
const NESTED: Readonly<Record<number, readonly number[]>> = { 2: [2], 4: [1], 6: [1] };
/** RefreshToken, in both encodings. */
const REFRESH_TOKEN = { name: '"RefreshToken"', number: 6 };

/** An answer without what is random or differs by encoding only. */
interface Comparable {
  readonly state: number;
  readonly msg: string;
  readonly result: unknown;
}

/** Plays one recording's connection; keeps what must be replaced in later calls. */
class Player {
  readonly client: RawClient;
  readonly #recording: Recording;
  readonly #conn: string;
  readonly #names: ReadonlyMap<string, string>;
  #refreshToken = "";

  constructor(client: RawClient, recording: Recording, conn: string, names: ReadonlyMap<string, string>) {
    this.client = client;
    this.#recording = recording;
    this.#conn = conn;
    this.#names = names;
  }

  /** Plays a call and holds its answer against the recorded one. */
  async play(call: RecordedPacket): Promise<void> {
    const { messageId = 0, topic } = publishOf(call);
    if (NOT_PLAYED_IN[this.#recording.name]?.[messageId] !== undefined) return;
    const { answer, acknowledgement } = this.#recorded(call, topic, messageId);
    const [recorded, played] =
      topic === "i"
        ? await this.#playJson(call, answer, messageId)
        : await this.#playProtobuf(call, answer, messageId);
    const what = `${this.#recording.name} ${messageId}: ${call.plain ?? call.plainHex}`;
    expect(played, what).toEqual(recorded);
    expect(acknowledgement.note, what).toBe(`PUBACK pid=${messageId}`);
  }

  async #playJson(
    call: RecordedPacket,
    answer: RecordedPacket,
    messageId: number,
  ): Promise<[Comparable, Comparable]> {
    const plain = this.#fresh(call.plain ?? "");
    const text = plain.includes(REFRESH_TOKEN.name)
      ? plain.replace(/"refresh_token":"\w{32}"/, `"refresh_token":"${this.#refreshToken}"`)
      : plain;
    const played = await this.client.callJson(text, { messageId });
    this.#keep(/"refreshToken":"([^"]+)"/.exec(JSON.stringify(played.result))?.[1]);
    const recorded = readJsonAnswer(Buffer.from(answer.plain ?? ""));
    return [
      comparableJson(recorded, (value) => value),
      comparableJson(played, (value) => this.#known(value)),
    ];
  }

  async #playProtobuf(
    call: RecordedPacket,
    answer: RecordedPacket,
    messageId: number,
  ): Promise<[Comparable, Comparable]> {
    const frame = Buffer.from(
      this.#fresh(Buffer.from(call.plainHex ?? "", "hex").toString("latin1")),
      "latin1",
    );
    const refreshes = frame[1] === REFRESH_TOKEN.number && frame[3] === 32;
    const token = Buffer.from(this.#refreshToken);
    const bytes = refreshes ? Buffer.concat([frame.subarray(0, 3), Buffer.of(token.length), token]) : frame;
    const played = await this.client.callProtobuf(bytes, { messageId });
    const result = played.result === undefined ? undefined : readResult(played.func, played.result);
    this.#keep(/"(?:2\.2|1\.2|2)":"([^"]{33,})"/.exec(JSON.stringify(result))?.[1]);
    const recorded = readProtobufAnswer(Buffer.from(answer.plainHex ?? "", "hex"));
    expect([played.module, played.func]).toEqual([recorded.module, recorded.func]);
    return [
      comparableProtobuf(recorded, (value) => value),
      comparableProtobuf(played, (value) => this.#known(value)),
    ];
  }

  #keep(refreshToken: string | undefined): void {
    if (refreshToken !== undefined) this.#refreshToken = refreshToken;
  }

  /** Puts fresh names, of the same length, in the place of recorded ones. */
  #fresh(text: string): string {
    return [...this.#names].reduce((current, [recorded, fresh]) => current.replaceAll(recorded, fresh), text);
  }

  /** The other way round. */
  #known(text: string): string {
    return [...this.#names].reduce((current, [recorded, fresh]) => current.replaceAll(fresh, recorded), text);
  }

  /** The recorded answer of a call, and the PUBACK that came before it. */
  #recorded(
    call: RecordedPacket,
    topic: string,
    messageId: number,
  ): { answer: RecordedPacket; acknowledgement: RecordedPacket } {
    const { packets } = this.#recording;
    const later = packets
      .slice(packets.indexOf(call) + 1)
      .filter(({ conn, dir }) => conn === this.#conn && dir === "S>C");
    const answer = later.find(
      (packet) =>
        packet.note.startsWith(`PUBLISH topic="${topic}"`) && publishOf(packet).messageId === messageId,
    );
    const [acknowledgement] = later;
    if (answer === undefined || acknowledgement === undefined)
      throw new Error(`no recorded answer to ${call.note}`);
    return { answer, acknowledgement };
  }
}

function publishOf(packet: RecordedPacket): Extract<Packet, { cmd: "publish" }> {
  let parsed: Packet | undefined;
  const parser = createParser();
  parser.on("packet", (found) => (parsed = found));
  parser.parse(Buffer.from(packet.hex, "hex"));
  if (parsed?.cmd !== "publish") throw new Error(`no PUBLISH: ${packet.note}`);
  return parsed;
}

/** Replaces ids and tokens, which are random. */
function withoutRandom(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<uuid>")
    .replaceAll(/\b[0-9A-Za-z_-]{32,64}\b/g, "<token>");
}

function comparableJson(
  { state, msg, result }: { state: number; msg: string; result: unknown },
  known: (text: string) => string,
): Comparable {
  const plain: unknown =
    result === undefined ? undefined : JSON.parse(withoutRandom(known(JSON.stringify(result))));
  return { state, msg: msg.trim(), result: withoutRegisterExpiry(plain) };
}

/** expireAt of Register is 0 in the Go server, always; ours tells it. [user-2] */
function withoutRegisterExpiry(result: unknown): unknown {
  return JSON.parse(JSON.stringify({ result }), (key, value: unknown) =>
    key === "tokenInfo" ? { ...(value as object), expireAt: "ignored" } : value,
  ).result as unknown;
}

/** Reads a result as paths of field numbers and their values; zero values, which may be written or not, are left out. */
function readResult(
  func: number,
  bytes: Uint8Array,
  path = "",
  nested = NESTED[func] ?? [],
): Record<string, string | number> {
  const values: Record<string, string | number> = {};
  for (const [field, value] of readFields(bytes)) {
    if (typeof value === "number") {
      if (value !== 0) values[path + field] = value;
    } else if (nested.includes(field)) {
      Object.assign(values, readResult(func, value, `${path}${field}.`, []));
    } else {
      values[path + field] = Buffer.from(value).toString("utf8");
    }
  }
  return values;
}

function comparableProtobuf(
  { func, state, msg, result }: ProtobufAnswer,
  known: (text: string) => string,
): Comparable {
  if (result === undefined) return { state, msg: msg.trim(), result: undefined };
  const values = JSON.parse(withoutRandom(known(JSON.stringify(readResult(func, result))))) as Record<
    string,
    unknown
  >;
  if (func === 2) delete values["2.3"];
  return { state, msg: msg.trim(), result: values };
}

function recording(name: string): Recording {
  const found = recordings.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`test/vectors/classic.json has no conversation ${name}`);
  return found;
}

const callsOf = (packets: readonly RecordedPacket[], conn: string): readonly RecordedPacket[] =>
  packets.filter(
    (packet) => packet.conn === conn && packet.dir === "C>S" && packet.note.startsWith("PUBLISH"),
  );

/** Connects as the recorded client did: the same packets, the same grants. */
async function connectAs(url: string, recorded: Recording, conn: string): Promise<RawClient> {
  const clientId = randomClientId(recorded.connections[conn]?.clientId.length);
  const client = await RawClient.connect(url, { clientId });
  const codes = recorded.packets.filter((packet) => packet.conn === conn && packet.note.startsWith("SUBACK"));
  expect(codes.map(({ note }) => note)).toEqual([
    "SUBACK pid=1 codes=0x1",
    "SUBACK pid=2 codes=0x1,0x1,0x1,0x1",
  ]);
  await client.handshake();
  expect(await client.subscribe(["i", "f", "p", "q"])).toEqual([1, 1, 1, 1]);
  return client;
}

describe.each(transports)("over %s", (transport) => {
  for (const name of ["json-user-functions", "protobuf-user-functions"]) {
    test(`[call-1] [call-4] [answer-1] [answer-3] [answer-4] [user-1] answers as recorded: ${name}`, async () => {
      const recorded = recording(name);
      const phone = randomPhone();
      await using client = await connectAs(server.url(transport), recorded, "A");
      const player = new Player(client, recorded, "A", new Map([["13912345678", phone]]));
      for (const call of callsOf(recorded.packets, "A")) await player.play(call);
      // The Go server pushes to a connection that logs in again itself, ours does not. [push-3]
      await client.quiet();
    });
  }

  test("[push-1] [push-2] [push-3] pushes as recorded: push-on-second-login", async () => {
    const recorded = recording("push-on-second-login");
    const names = new Map([["pushuser", randomClientId(8)]]);
    const [callA, later] = callsOf(recorded.packets, "A");
    const [callB] = callsOf(recorded.packets, "B");
    if (callA === undefined || callB === undefined || later === undefined)
      throw new Error("the recording has lost its calls");
    await using a = await connectAs(server.url(transport), recorded, "A");
    await new Player(a, recorded, "A", names).play(callA);
    await using b = await connectAs(server.url(transport), recorded, "B");
    await new Player(b, recorded, "B", names).play(callB);
    const recordedPush = (topic: string) =>
      recorded.packets.find(
        ({ conn, note }) =>
          conn === "A" &&
          note.startsWith(`PUBLISH topic="${topic}"`) &&
          note.includes("qos=1") &&
          topic !== "i",
      );
    const onP = Buffer.from(a.open(await a.takePublish("p"))).toString("utf8");
    expect(JSON.parse(onP)).toEqual(JSON.parse(recordedPush("p")?.plain ?? ""));
    // On q, not f. [push-2]
    const onQ = readProtobufAnswer(a.open(await a.takePublish("q")));
    const pushed = readProtobufAnswer(Buffer.from(recordedPush("f")?.plainHex ?? "", "hex"));
    const comparable = ({ module, func, state, msg, result }: ProtobufAnswer) => [
      module,
      func,
      state,
      msg,
      [...(result ?? [])],
    ];
    expect(comparable(onQ)).toEqual(comparable(pushed));
    // The Go server leaves the earlier connection logged in; ours closes it. [push-3]
    await a.whenClosed();
    await b.quiet();
  });
});

test("[call-1] the recorded packets are what this suite reads them as", () => {
  for (const { packets } of recordings) {
    for (const packet of packets.filter(({ note }) => note.startsWith("PUBLISH"))) {
      expect(generate(publishOf(packet)).toString("hex")).toBe(packet.hex);
    }
  }
});
