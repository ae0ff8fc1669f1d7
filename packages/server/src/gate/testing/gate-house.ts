/**
 * A gate for tests, with players who come in by streams within the process.
 */
import { classicProfile, jsonCodec, type Answer, type Call, type SealedChannel } from "@mqplay/shared";
import { generate, parser, type Packet } from "mqtt-packet";
import type { Log } from "../../ops/log.ts";
import type { ManualClock } from "../../runtime/testing/manual-clock.ts";
import type { Session } from "../../session/session.ts";
import { createGate, type Gate } from "../gate.ts";
import { memoryStream, type MemoryClient } from "../listen/memory.ts";
import { createGateMetrics, type GateMetrics } from "../metrics.ts";
import { defaultGateOptions, type GateOptions } from "../options.ts";

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
/** The client id of a player, unless the test gives another. */
export const clientId = "abcdefghijklmnopqrstuvwxyz012345";

/** A gate, and what it has told. */
export interface House extends AsyncDisposable {
  readonly gate: Gate;
  readonly metrics: GateMetrics;
  readonly sessions: Set<Session>;
  /** Sessions in the order in which they subscribed `p` or `q`. */
  readonly listening: readonly Session[];
  /** Connects, does the handshake and subscribes p and q. */
  enter(id?: string, keepAliveS?: number): Promise<Player>;
}

/** A client on a stream within the process. */
export class Player {
  readonly stream: MemoryClient;
  readonly packets: Packet[] = [];
  channel: SealedChannel | undefined;
  #seen: () => void = () => {};

  constructor(stream: MemoryClient) {
    this.stream = stream;
    const reader = parser();
    reader.on("packet", (packet) => {
      this.packets.push(packet);
    });
    stream.onData(() => {
      reader.parse(stream.take());
      this.#seen();
    });
  }

  /** Waits for a packet of a sort and takes it out. */
  async next(wanted: (packet: Packet) => boolean): Promise<Packet> {
    for (;;) {
      const at = this.packets.findIndex(wanted);
      const [packet] = at < 0 ? [] : this.packets.splice(at, 1);
      if (packet !== undefined) return packet;
      if (this.stream.closed) throw new Error("closed");
      await new Promise<void>((resolve) => (this.#seen = resolve));
    }
  }

  send(packet: Packet): void {
    this.stream.send(generate(packet));
  }

  call(messageId: number, params: unknown): Buffer {
    const plain = jsonCodec.encodeCall({ encoding: "json", module: "Echo", func: "Say", params });
    const payload = Buffer.from(this.channel?.seal(plain) ?? plain);
    return generate({ cmd: "publish", topic: "i", qos: 1, dup: false, retain: false, messageId, payload });
  }
}

/** Whether a packet is of a sort. */
export const isA = (cmd: Packet["cmd"]) => (packet: Packet) => packet.cmd === cmd;

/** Makes a gate whose calls are answered by `invoke`. */
export async function openHouse(
  invoke: (call: Call) => Answer | Promise<Answer>,
  options: Partial<GateOptions> = {},
  clock?: ManualClock,
): Promise<House> {
  const metrics = createGateMetrics();
  const sessions = new Set<Session>();
  const listening: Session[] = [];
  const gate = await createGate(
    {
      runtime: { invoke },
      sessions: {
        add: (session) => void sessions.add(session),
        remove: (session) => void sessions.delete(session),
        listening: (session) => void listening.push(session),
        login: () => ({ outcome: "gone" }),
      },
      // As if the store of tokens were away: for ids that have a token's length.
      resume: (id) => (id.length === 43 ? Promise.resolve("unavailable") : undefined),
      profile: classicProfile,
      metrics,
      log: quiet,
      ...(clock === undefined ? {} : { clock }),
    },
    { ...defaultGateOptions, ...options },
  );
  return {
    gate,
    metrics,
    sessions,
    listening,
    async enter(id = clientId, keepAliveS = 0) {
      const { transport, client } = memoryStream();
      gate.accept(transport);
      const player = new Player(client);
      player.send({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clean: true,
        clientId: id,
        keepalive: keepAliveS,
      });
      await player.next(isA("connack"));
      player.send({
        cmd: "subscribe",
        messageId: 1,
        subscriptions: ["s", "p", "q"].map((topic) => ({ topic, qos: 1 })),
      });
      const server = await player.next(isA("publish"));
      if (server.cmd !== "publish" || typeof server.payload === "string") throw new Error("no server string");
      player.channel = classicProfile.derive(Buffer.from(id), server.payload);
      player.packets.length = 0;
      return player;
    },
    [Symbol.asyncDispose]: () => gate.stop(0),
  };
}

/** A success without data. */
export const ok: Answer = { state: 0, msg: "", result: "{}" };
