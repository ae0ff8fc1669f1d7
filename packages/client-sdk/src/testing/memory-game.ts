/**
 * A game against a server in memory, with time standing still: what the SDK's own tests begin with.
 */
import { connect, type Game } from "../client.ts";
import type { ConnectOptions } from "../options.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryServer, type MemoryServerOptions } from "./memory-server.ts";
import { createTestPlatform, type TestPlatform } from "./test-platform.ts";

/** What a test needs of both ends. */
export interface MemoryGame {
  readonly game: Game;
  readonly server: MemoryServer;
  readonly clock: ManualClock;
  readonly platform: TestPlatform;
}

/** Starts the server and connects. */
export async function connectInMemory(
  serverOptions: MemoryServerOptions = {},
  options: ConnectOptions = {},
): Promise<MemoryGame> {
  const server = new MemoryServer(serverOptions);
  const clock = new ManualClock();
  const platform = createTestPlatform(clock, server.openLink);
  const game = await connect("ws://in-memory/ws", { platform, ...options });
  return { game, server, clock, platform };
}
