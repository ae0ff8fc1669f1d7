/**
 * An MQTT server that does what a test says, over TCP or WebSocket, written on mqtt-packet.
 */
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import type { Duplex } from "node:stream";
import type { Script, ScriptedServer, SeenPacket } from "../../packages/client-sdk/src/link/link.contract.ts";
import mqttPacket, { type Packet } from "mqtt-packet";
import { createWebSocketStream, WebSocketServer } from "ws";

/** The server, and where it listens. */
export interface ListeningServer {
  readonly port: number;
  readonly server: ScriptedServer;
}

/** Starts it. */
export async function startScriptedServer(transport: "tcp" | "ws", script: Script): Promise<ListeningServer> {
  const peer = new Peer(script);
  const server: Server =
    transport === "tcp"
      ? createServer({ noDelay: true }, (socket) => peer.accept(socket))
      : createHttpServer();
  if (transport === "ws") {
    const sockets = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (ws) => peer.accept(createWebSocketStream(ws)));
    });
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    port: address.port,
    server: {
      next: (cmd) => peer.next(cmd),
      publish: (topic, payload, qos, packetId) => peer.publish(topic, payload, qos, packetId),
      drop: () => peer.drop(),
      goSilent: () => peer.goSilent(),
      async [Symbol.asyncDispose]() {
        peer.drop();
        await new Promise((resolve) => server.close(resolve));
      },
    },
  };
}

interface Waiter {
  readonly cmd: string;
  readonly resolve: (packet: SeenPacket) => void;
}

class Peer {
  readonly #script: Script;
  readonly #seen: SeenPacket[] = [];
  readonly #waiters: Waiter[] = [];
  #stream: Duplex | undefined;
  #isSilent = false;

  constructor(script: Script) {
    this.#script = script;
  }

  accept(stream: Duplex): void {
    this.#stream = stream;
    const parser = mqttPacket.parser({ protocolVersion: 4 });
    stream.on("error", () => stream.destroy());
    stream.on("data", (bytes: Buffer) => parser.parse(bytes));
    parser.on("packet", (packet: Packet) => this.#handle(packet));
  }

  next(cmd: string): Promise<SeenPacket> {
    const at = this.#seen.findIndex((packet) => packet.cmd === cmd);
    const [found] = at >= 0 ? this.#seen.splice(at, 1) : [];
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => this.#waiters.push({ cmd, resolve }));
  }

  publish(topic: string, payload: Uint8Array, qos: 0 | 1, messageId?: number): void {
    const id = messageId === undefined ? {} : { messageId };
    this.#send({
      cmd: "publish",
      topic,
      payload: Buffer.from(payload),
      qos,
      retain: false,
      dup: false,
      ...id,
    });
  }

  drop(): void {
    this.#stream?.destroy();
  }

  goSilent(): void {
    this.#isSilent = true;
  }

  #handle(packet: Packet): void {
    this.#record(packet);
    const { connackCode = 0, acknowledges = true, granted } = this.#script;
    const messageId = packet.messageId ?? 0;
    switch (packet.cmd) {
      case "connect":
        this.#send({ cmd: "connack", returnCode: connackCode, sessionPresent: false });
        break;
      case "subscribe": {
        const codes = granted ?? packet.subscriptions.map(({ qos }) => qos);
        this.#send({ cmd: "suback", messageId, granted: [...codes] });
        break;
      }
      case "unsubscribe":
        this.#send({ cmd: "unsuback", messageId, granted: [] });
        break;
      case "publish":
        if (packet.qos === 1 && acknowledges) this.#send({ cmd: "puback", messageId });
        break;
      case "pingreq":
        this.#send({ cmd: "pingresp" });
        break;
      default:
    }
  }

  #record(packet: Packet): void {
    const seen: SeenPacket =
      packet.cmd === "publish"
        ? {
            cmd: packet.cmd,
            messageId: packet.messageId,
            topic: packet.topic,
            payload: Buffer.from(packet.payload),
          }
        : { cmd: packet.cmd, messageId: packet.messageId };
    const at = this.#waiters.findIndex(({ cmd }) => cmd === seen.cmd);
    const [waiter] = at >= 0 ? this.#waiters.splice(at, 1) : [];
    if (waiter === undefined) this.#seen.push(seen);
    else waiter.resolve(seen);
  }

  #send(packet: Packet): void {
    if (!this.#isSilent && this.#stream?.destroyed === false) this.#stream.write(mqttPacket.generate(packet));
  }
}
