/**
 * The light link's keep-alive where the host's timers are late: a page that nobody looks at.
 */
import { describe, expect, test } from "vitest";
import { connect } from "../../client.ts";
import type { SocketListener } from "../../platform/platform.ts";
import { ManualClock, settle } from "../../testing/manual-clock.ts";
import { MemoryServer } from "../../testing/memory-server.ts";
import { createTestPlatform } from "../../testing/test-platform.ts";
import { memoryTokens } from "../../session/token-store.ts";
import type { LinkRequest } from "../link.ts";
import { parseTarget } from "../target.ts";
import { createLightLink } from "./light.ts";

const PINGREQ = 0xc0;
const PINGRESP = Uint8Array.of(0xd0, 0);
const CONNACK = Uint8Array.of(0x20, 2, 0, 0);

/** Timers that run, as a hidden page's do, only on the full minute. */
class LazyClock extends ManualClock {
  override after(delayMs: number, task: () => void): () => void {
    const dueMs = this.now() + delayMs;
    return super.after(Math.ceil(dueMs / 60_000) * 60_000 - this.now(), task);
  }
}

async function open(clock: ManualClock, answersPings: () => boolean) {
  let listener: SocketListener | undefined;
  const closed: string[] = [];
  let pings = 0;
  const openLink = createLightLink((_url, _tls, to) => {
    listener = to;
    return {
      send(bytes) {
        if (bytes[0] !== PINGREQ) return;
        pings++;
        if (answersPings()) void Promise.resolve().then(() => to.onMessage(PINGRESP));
      },
      close: () => {},
    };
  });
  const link = openLink(
    {
      target: parseTarget("ws://a/ws"),
      clientId: "c".repeat(32),
      keepAliveS: 120,
      probeS: 6,
      connectTimeoutMs: 60_000,
      tls: undefined,
      clock,
    },
    {
      onPublish: () => {},
      onAcknowledged: () => {},
      onClosed: (reason) => closed.push(reason),
      onPacket: undefined,
    },
  );
  listener?.onOpen();
  listener?.onMessage(CONNACK);
  await link.opened;
  return { closed, pings: () => pings };
}

describe("the light link", () => {
  test("does not take the silence that late timers made for a dead link", async () => {
    const clock = new LazyClock();
    const { closed, pings } = await open(clock, () => true);
    await clock.advance(20 * 60_000);
    expect(closed).toEqual([]);
    expect(pings()).toBeGreaterThanOrEqual(19);
  });

  test("is dead when a question stays without an answer, at the next timer", async () => {
    const clock = new LazyClock();
    let answers = true;
    const { closed } = await open(clock, () => answers);
    await clock.advance(5 * 60_000);
    answers = false;
    await clock.advance(2 * 60_000);
    expect(closed).toEqual(["nothing was heard of the server for 60000 ms after it was asked"]);
  });

  test("notices a dead link within 1.5 times its time where timers are punctual", async () => {
    const clock = new ManualClock();
    let answers = true;
    const { closed } = await open(clock, () => answers);
    await clock.advance(60_000);
    answers = false;
    await clock.advance(9_000);
    expect(closed).toHaveLength(1);
  });
});

describe("a connection that is made while nobody looks", () => {
  async function keepAliveOf(hidden: boolean, options: Parameters<typeof connect>[1]) {
    const clock = new ManualClock();
    const server = new MemoryServer();
    const requests: LinkRequest[] = [];
    const platform = {
      ...createTestPlatform(clock, (request, listener) => {
        requests.push(request);
        return server.openLink(request, listener);
      }),
      isHidden: () => hidden,
    };
    await connect("ws://in-memory/ws", { platform, ...options });
    await settle();
    return requests.map(({ keepAliveS, probeS }) => [keepAliveS, probeS]);
  }

  test("agrees on a keep-alive that timers once a minute can hold, unless a token's id would be taken that long [connect-3]", async () => {
    expect(await keepAliveOf(false, {})).toEqual([[6, 6]]);
    expect(await keepAliveOf(true, {})).toEqual([[120, 6]]);
    expect(await keepAliveOf(true, { tokens: memoryTokens() })).toEqual([[120, 6]]);
    expect(await keepAliveOf(true, { keepAliveS: 300 })).toEqual([[300, 300]]);
    expect(await keepAliveOf(true, { token: "t".repeat(43) })).toEqual([[6, 6]]);
  });
});
