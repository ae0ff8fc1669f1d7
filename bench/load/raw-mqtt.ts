/**
 * A load generator's MQTT client: bytes made once, sent as they are, answers compared as bytes. It costs so little that
 * the server is what is measured. Over TCP or WebSocket.
 */
import { createHash, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { classicProfile, jsonCodec, type SealedChannel } from "@mqplay/shared";
import { generate, parser, type Packet } from "mqtt-packet";
import { clientFrame, ServerFrames } from "./websocket-frames.ts";

/** Where the load goes. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** Over WebSocket at `/ws` instead of TCP. */
  readonly webSocket: boolean;
}

/** A client that has done the handshake. */
export class RawMqttClient {
  readonly #socket: Socket;
  readonly #frames: ServerFrames | undefined;
  #onBytes: (bytes: Buffer) => void = () => {};
  channel: SealedChannel | undefined;

  private constructor(socket: Socket, webSocket: boolean) {
    this.#socket = socket;
    this.#frames = webSocket ? new ServerFrames() : undefined;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      if (this.#frames === undefined) this.#onBytes(chunk);
      else for (const payload of this.#frames.take(chunk)) this.#onBytes(payload);
    });
    socket.on("close", () => this.closed());
  }

  /** Called when the connection ends; a benchmark replaces it to fail loudly. */
  closed: () => void = () => {};

  /** Connects and does the handshake. */
  static async open(target: Target): Promise<RawMqttClient> {
    const socket = connect({ host: target.host, port: target.port });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    if (target.webSocket) await upgrade(socket);
    const client = new RawMqttClient(socket, target.webSocket);
    const clientId = randomBytes(16).toString("hex");
    const packets = client.#packets();
    client.send({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      clientId,
      keepalive: 0,
    });
    await packets.next("connack");
    client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "s", qos: 1 }] });
    const packet = await packets.next("publish");
    if (packet.cmd !== "publish" || typeof packet.payload === "string")
      throw new Error("no server string came");
    client.channel = classicProfile.derive(Buffer.from(clientId), packet.payload);
    packets.end();
    return client;
  }

  /** Makes a call's bytes: sealed, framed, to be sent as often as wanted. */
  callBytes(messageId: number, func: string, params?: unknown): Buffer {
    const plain = jsonCodec.encodeCall({ encoding: "json", module: "User", func, params });
    const payload = Buffer.from(this.channel?.seal(plain) ?? plain);
    return this.frame(
      generate({ cmd: "publish", topic: "i", qos: 1, dup: false, retain: false, messageId, payload }),
    );
  }

  /** Puts bytes into a frame of the transport. */
  frame(bytes: Uint8Array): Buffer {
    return this.#frames === undefined ? Buffer.from(bytes) : clientFrame(bytes);
  }

  /** Makes one call and returns its answer's plain text. */
  async call(messageId: number, func: string, params?: unknown): Promise<string> {
    const packets = this.#packets();
    this.write(this.callBytes(messageId, func, params));
    const packet = await packets.next("publish");
    if (packet.cmd !== "publish" || typeof packet.payload === "string") throw new Error("no answer came");
    this.send({ cmd: "puback", messageId });
    packets.end();
    return Buffer.from(this.channel?.open(packet.payload) ?? packet.payload).toString();
  }

  /** Takes all bytes from here on. */
  onBytes(listener: (bytes: Buffer) => void): void {
    this.#onBytes = listener;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  send(packet: Packet): void {
    this.write(this.frame(generate(packet)));
  }

  close(): void {
    this.closed = () => {};
    this.#socket.destroy();
  }

  #packets(): { next(cmd: Packet["cmd"]): Promise<Packet>; end(): void } {
    const reader = parser();
    const queue: Packet[] = [];
    let wake: () => void = () => {};
    let gone = false;
    this.closed = () => {
      gone = true;
      wake();
    };
    reader.on("packet", (packet) => {
      queue.push(packet);
      wake();
    });
    this.#onBytes = (bytes) => void reader.parse(bytes);
    return {
      async next(cmd) {
        for (;;) {
          const at = queue.findIndex((packet) => packet.cmd === cmd);
          const [packet] = at < 0 ? [] : queue.splice(at, 1);
          if (packet !== undefined) return packet;
          if (gone) throw new Error(`the connection ended while waiting for ${cmd}`);
          await new Promise<void>((resolve) => (wake = resolve));
        }
      },
      end: () => {
        this.#onBytes = () => {};
      },
    };
  }
}

/** Asks for a WebSocket as any client does. */
export async function upgrade(socket: Socket): Promise<void> {
  const key = randomBytes(16).toString("base64");
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
  );
  const expected = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const answer = await new Promise<string>((resolve) =>
    socket.once("data", (chunk) => resolve(chunk.toString("latin1"))),
  );
  if (!answer.startsWith("HTTP/1.1 101") || !answer.includes(expected))
    throw new Error(`no WebSocket: ${answer.slice(0, 80)}`);
}
