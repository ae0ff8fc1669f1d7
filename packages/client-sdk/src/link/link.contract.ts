/**
 * What every link does, whatever it is made of. Each link runs it against a scripted MQTT server.
 */
import { expect, test } from "vitest";
import { isMqplayError } from "../errors.ts";
import type { IncomingPublish, Link, LinkListener, LinkPacket } from "./link.ts";

/** A packet that the scripted server got. */
export interface SeenPacket {
  readonly cmd: string;
  readonly messageId?: number | undefined;
  readonly topic?: string;
  readonly payload?: Uint8Array;
}

/** The other end, moved by the test. */
export interface ScriptedServer extends AsyncDisposable {
  /** Fulfilled with the next packet of a kind that has not been waited for. */
  next(cmd: string): Promise<SeenPacket>;
  /** Sends PUBLISH. */
  publish(topic: string, payload: Uint8Array, qos: 0 | 1, packetId?: number): void;
  /** Cuts the connection. */
  drop(): void;
  /** Neither answers nor closes any more. */
  goSilent(): void;
}

/** How the server answers; what is not said is the usual. */
export interface Script {
  readonly connackCode?: number;
  /** SUBACK's codes. @default what was asked for */
  readonly granted?: readonly number[];
  readonly acknowledges?: boolean;
}

/** Starts a server and opens a link to it. */
export type LinkFactory = (
  script: Script,
  listener: LinkListener,
  options?: { readonly keepAliveS?: number },
) => Promise<{ link: Link; server: ScriptedServer }>;

class Recorder implements LinkListener {
  readonly published: IncomingPublish[] = [];
  readonly acknowledged: number[] = [];
  readonly closed: string[] = [];
  readonly packets: LinkPacket[] = [];
  readonly onPacket = (packet: LinkPacket): void => void this.packets.push(packet);
  readonly #waiting: (() => void)[] = [];

  onPublish(packet: IncomingPublish): void {
    this.published.push(packet);
    this.#wake();
  }

  onAcknowledged(packetId: number): void {
    this.acknowledged.push(packetId);
    this.#wake();
  }

  onClosed(reason: string): void {
    this.closed.push(reason);
    this.#wake();
  }

  /** Waits until something is true of what was recorded. */
  async until(condition: (recorder: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Runs the suite. */
export function describeLink(open: LinkFactory): void {
  test("opens by CONNACK 0", async () => {
    const { link, server } = await open({}, new Recorder());
    await using _ = server;
    await expect(link.opened).resolves.toBeUndefined();
    link.close();
  });

  test("a CONNACK with another code rejects with it", async () => {
    const recorder = new Recorder();
    const { link, server } = await open({ connackCode: 3 }, recorder);
    await using _ = server;
    await expect(link.opened).rejects.toMatchObject({ code: "connectFailed", state: 3 });
    expect(recorder.closed).toEqual([]);
  });

  test("publishes with the packet identifiers that it is given, and tells of each acknowledgement", async () => {
    const recorder = new Recorder();
    const { link, server } = await open({}, recorder);
    await using _ = server;
    await link.opened;
    for (const packetId of [7, 65_535, 1]) {
      link.publish({ topic: "i", payload: Uint8Array.of(packetId & 0xff), qos: 1, retain: false, packetId });
      expect(await server.next("publish")).toMatchObject({ messageId: packetId, topic: "i" });
    }
    await recorder.until(({ acknowledged }) => acknowledged.length === 3);
    expect(recorder.acknowledged).toEqual([7, 65_535, 1]);
    link.close();
  });

  test("gives an identifier out again while its PUBACK is due, when it is told to", async () => {
    const { link, server } = await open({ acknowledges: false }, new Recorder());
    await using _ = server;
    await link.opened;
    for (let count = 0; count < 2; count++) {
      link.publish({ topic: "i", payload: Uint8Array.of(count), qos: 1, retain: false, packetId: 5 });
      expect((await server.next("publish")).messageId).toBe(5);
    }
    link.close();
  });

  test("acknowledges what comes at QoS 1 and hands it on with its identifier, also one of a PUBLISH of ours", async () => {
    const recorder = new Recorder();
    const { link, server } = await open({ acknowledges: false }, recorder);
    await using _ = server;
    await link.opened;
    link.publish({ topic: "i", payload: Uint8Array.of(1), qos: 1, retain: false, packetId: 9 });
    await server.next("publish");
    server.publish("i", Uint8Array.of(1, 2, 3), 1, 9);
    server.publish("s", Uint8Array.of(4), 0);
    expect((await server.next("puback")).messageId).toBe(9);
    await recorder.until(({ published }) => published.length === 2);
    expect(recorder.published).toEqual([
      { topic: "i", payload: Uint8Array.of(1, 2, 3), qos: 1, packetId: 9, retain: false },
      { topic: "s", payload: Uint8Array.of(4), qos: 0, packetId: undefined, retain: false },
    ]);
    expect(recorder.published[0]?.payload.constructor).toBe(Uint8Array);
    link.close();
  });

  test("SUBSCRIBE is fulfilled with the codes of SUBACK, refusals too", async () => {
    const { link, server } = await open({ granted: [1, 0x80] }, new Recorder());
    await using _ = server;
    await link.opened;
    const topics = [
      { topic: "i", qos: 1 },
      { topic: "secret", qos: 1 },
    ] as const;
    expect(await link.subscribe(3, topics)).toEqual([1, 0x80]);
    expect((await server.next("subscribe")).messageId).toBe(3);
    await link.unsubscribe(4, ["i"]);
    expect((await server.next("unsubscribe")).messageId).toBe(4);
    link.close();
  });

  test("carries 200 KB both ways", async () => {
    const recorder = new Recorder();
    const { link, server } = await open({}, recorder);
    await using _ = server;
    await link.opened;
    const payload = Uint8Array.from({ length: 200_000 }, (_value, at) => (7 * at + 3) & 0xff);
    link.publish({ topic: "i", payload, qos: 1, retain: false, packetId: 1 });
    expect((await server.next("publish")).payload?.length).toBe(payload.length);
    server.publish("i", payload, 1, 1);
    await recorder.until(({ published }) => published.length === 1);
    expect(Buffer.compare(recorder.published[0]?.payload ?? new Uint8Array(0), payload)).toBe(0);
    link.close();
  });

  test("close() says DISCONNECT and is told once; nothing is sent any more", async () => {
    const recorder = new Recorder();
    const { link, server } = await open({ acknowledges: false }, recorder);
    await using _ = server;
    await link.opened;
    link.publish({ topic: "i", payload: Uint8Array.of(1), qos: 1, retain: false, packetId: 1 });
    link.close();
    link.close();
    await server.next("disconnect");
    expect(recorder.closed).toEqual(["closed by this side"]);
    expect(() =>
      link.publish({ topic: "i", payload: Uint8Array.of(1), qos: 1, retain: false, packetId: 2 }),
    ).toThrow(/connectionLost/);
    await expect(link.subscribe(3, [{ topic: "i", qos: 1 }])).rejects.toMatchObject({
      code: "connectionLost",
    });
  });

  test("close() before CONNACK gives connecting up", async () => {
    const recorder = new Recorder();
    const { link, server } = await open({}, recorder);
    await using _ = server;
    link.close();
    const error = await link.opened.catch((reason: unknown) => reason);
    expect(isMqplayError(error) && error.code).toBe("closed");
    expect(recorder.closed).toEqual([]);
  });

  test("a cut is told once, and what waited for SUBACK is rejected", async () => {
    const recorder = new Recorder();
    const { link, server } = await open({}, recorder);
    await using _ = server;
    await link.opened;
    server.goSilent();
    const waiting = expect(link.subscribe(1, [{ topic: "i", qos: 1 }])).rejects.toMatchObject({
      code: "connectionLost",
    });
    server.drop();
    await recorder.until(({ closed }) => closed.length > 0);
    await waiting;
    expect(recorder.closed).toHaveLength(1);
    link.close();
    expect(recorder.closed).toHaveLength(1);
  });

  test("a server that falls silent is noticed within 1.5 times the keep-alive, even while calls are sent", async () => {
    const recorder = new Recorder();
    const { link, server } = await open({}, recorder, { keepAliveS: 1 });
    await using _ = server;
    await link.opened;
    await server.next("pingreq");
    server.goSilent();
    const startedMs = performance.now();
    let packetId = 0;
    const sending = setInterval(() => {
      try {
        link.publish({ topic: "i", payload: Uint8Array.of(1), qos: 1, retain: false, packetId: ++packetId });
      } catch {
        clearInterval(sending);
      }
    }, 100);
    await recorder.until(({ closed }) => closed.length > 0);
    clearInterval(sending);
    expect(performance.now() - startedMs).toBeLessThan(2_500);
    expect(packetId).toBeGreaterThan(0);
  });

  test("shows every packet to who watches", async () => {
    const recorder = new Recorder();
    const { link, server } = await open({}, recorder);
    await using _ = server;
    await link.opened;
    await link.subscribe(1, [{ topic: "s", qos: 1 }]);
    link.publish({ topic: "i", payload: Uint8Array.of(1), qos: 1, retain: false, packetId: 2 });
    await recorder.until(({ acknowledged }) => acknowledged.length === 1);
    expect(recorder.packets).toEqual([
      { direction: "out", type: "CONNECT", note: expect.stringContaining("clean session") },
      { direction: "in", type: "CONNACK", note: "code 0: accepted" },
      { direction: "out", type: "SUBSCRIBE", packetId: 1, note: "s at QoS 1" },
      { direction: "in", type: "SUBACK", packetId: 1, note: "granted QoS 1" },
      { direction: "out", type: "PUBLISH", topic: "i", qos: 1, packetId: 2, payload: Uint8Array.of(1) },
      { direction: "in", type: "PUBACK", packetId: 2 },
    ]);
    link.close();
  });
}
