/**
 * The Go server as far as it was recorded: over TCP, it waits for the calls of a conversation and answers each with
 * the recorded packets. Because client id and server string are the recorded ones, the ciphertexts are too.
 * It deciphers with node:crypto and the recorded key: nothing of the SDK or of shared is used here.
 */
import { createDecipheriv } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import mqttPacket, { type IPublishPacket, type Packet } from "mqtt-packet";
import type { RecordedPacket, Recording } from "./recordings.ts";

/** The server. Disposing it ends it. */
export interface FakeGoServer extends AsyncDisposable {
  readonly url: string;
  /** What a client sent that was not recorded so; empty when all went well. */
  readonly mismatches: readonly string[];
  /** Recorded calls that no client has made yet. */
  readonly remaining: number;
}

/** Plays one conversation. */
export async function startFakeGoServer(recording: Recording): Promise<FakeGoServer> {
  const player = new Player(recording);
  const server = createServer({ noDelay: true }, (socket) => player.accept(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    mismatches: player.mismatches,
    get remaining() {
      return player.remaining;
    },
    async [Symbol.asyncDispose]() {
      player.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Player {
  readonly mismatches: string[] = [];
  readonly #recording: Recording;
  /** Calls and what the server sent after them, in order. */
  readonly #script: RecordedPacket[];
  readonly #sockets = new Map<string, Socket>();
  readonly #all = new Set<Socket>();

  constructor(recording: Recording) {
    this.#recording = recording;
    this.#script = recording.packets.filter((packet) => {
      const parsed = parse(packet.hex);
      return parsed?.cmd === "publish" && parsed.topic !== "s";
    });
  }

  get remaining(): number {
    return this.#script.filter(({ dir }) => dir === "C>S").length;
  }

  accept(socket: Socket): void {
    this.#all.add(socket);
    let conn = "";
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => parser.parse(bytes));
    parser.on("packet", (packet: Packet) => {
      if (packet.cmd === "connect") {
        conn = this.#connOf(packet.clientId);
        this.#sockets.set(conn, socket);
        send(socket, { cmd: "connack", returnCode: 0, sessionPresent: false });
      } else {
        this.#handle(conn, socket, packet);
      }
    });
  }

  end(): void {
    for (const socket of this.#all) socket.destroy();
  }

  #connOf(clientId: string): string {
    const entry = Object.entries(this.#recording.connections).find(([, { clientId: id }]) => id === clientId);
    if (entry === undefined) this.mismatches.push(`unknown client id ${clientId}`);
    return entry?.[0] ?? "";
  }

  #handle(conn: string, socket: Socket, packet: Packet): void {
    switch (packet.cmd) {
      case "subscribe": {
        send(socket, {
          cmd: "suback",
          messageId: packet.messageId ?? 0,
          granted: packet.subscriptions.map(() => 1),
        });
        // The Go server answers the last topic of the packet; with `s` alone there is no difference. At QoS 0.
        if (packet.subscriptions.at(-1)?.topic === "s") {
          const payload = Buffer.from(this.#recording.connections[conn]?.serverStringHex ?? "", "hex");
          send(socket, { cmd: "publish", topic: "s", payload, qos: 0, retain: false, dup: false });
        }
        break;
      }
      case "publish":
        this.#handleCall(conn, socket, packet);
        break;
      case "puback":
      case "pingreq":
      case "disconnect":
        break;
      default:
        this.mismatches.push(`unexpected ${packet.cmd}`);
    }
  }

  #handleCall(conn: string, socket: Socket, packet: IPublishPacket): void {
    const at = this.#script.findIndex(({ dir, conn: of }) => dir === "C>S" && of === conn);
    const expected = this.#script[at];
    const recorded = expected === undefined ? undefined : parse(expected.hex);
    if (expected === undefined || recorded?.cmd !== "publish") {
      this.mismatches.push(`a call on ${packet.topic} that was not recorded`);
      return;
    }
    this.#compare(conn, expected, recorded, packet);
    send(socket, { cmd: "puback", messageId: packet.messageId ?? 0 });
    const next = this.#script.findIndex(({ dir }, index) => index > at && dir === "C>S");
    const answers = this.#script.slice(at + 1, next === -1 ? undefined : next);
    this.#script.splice(at, 1 + answers.length);
    for (const answer of answers) this.#play(answer, recorded, packet);
  }

  #compare(conn: string, expected: RecordedPacket, recorded: IPublishPacket, got: IPublishPacket): void {
    if (got.topic !== recorded.topic || got.qos !== 1) this.mismatches.push(`${got.topic} at QoS ${got.qos}`);
    const plain = withoutKey(this.#open(conn, Buffer.from(got.payload)), got.topic);
    const same =
      expected.plain === undefined
        ? plain.toString("hex") === expected.plainHex
        : isDeepStrictEqual(JSON.parse(plain.toString("utf8")), JSON.parse(expected.plain));
    if (!same)
      this.mismatches.push(
        `sent ${plain.toString("latin1")} instead of ${expected.plain ?? expected.plainHex}`,
      );
  }

  /** An answer carries the packet identifier of its call; pushes were numbered by the server. */
  #play(answer: RecordedPacket, call: IPublishPacket, got: IPublishPacket): void {
    const packet = parse(answer.hex);
    const socket = this.#sockets.get(answer.conn);
    if (packet?.cmd !== "publish" || socket === undefined) return;
    const isAnswer = packet.topic === call.topic && packet.messageId === call.messageId;
    send(socket, isAnswer && got.messageId !== undefined ? { ...packet, messageId: got.messageId } : packet);
  }

  #open(conn: string, payload: Buffer): Buffer {
    const key = Buffer.from(this.#recording.connections[conn]?.keyHex ?? "", "hex");
    return createDecipheriv("aes-128-ctr", key, key).update(payload);
  }
}

/** Takes the key of a call away, as the Go server's decoders do: they pass over members and fields they do not know. [call-5] */
function withoutKey(plain: Buffer, topic: string): Buffer {
  if (topic === "i") {
    const { once: _, ...rest }: Record<string, unknown> = JSON.parse(plain.toString("utf8"));
    return Buffer.from(JSON.stringify(rest));
  }
  const at = plain.indexOf(Buffer.from("faffffff0f", "hex"));
  return at === -1
    ? plain
    : Buffer.concat([plain.subarray(0, at), plain.subarray(at + 6 + (plain[at + 5] ?? 0))]);
}

function parse(hex: string): Packet | undefined {
  let found: Packet | undefined;
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  parser.on("packet", (packet: Packet) => (found = packet));
  parser.parse(Buffer.from(hex, "hex"));
  return found;
}

function send(socket: Socket, packet: Packet): void {
  if (!socket.destroyed) socket.write(mqttPacket.generate(packet));
}
