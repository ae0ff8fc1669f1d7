// For tests of games: a server in memory, a clock that stands still, a host without a network.
export { ManualClock, settle } from "./manual-clock.ts";
export {
  MemoryConnection,
  MemoryServer,
  type MemoryHandler,
  type MemoryServerOptions,
} from "./memory-server.ts";
export { createTestPlatform, type TestPlatform } from "./test-platform.ts";
export { connectInMemory, type MemoryGame } from "./memory-game.ts";
