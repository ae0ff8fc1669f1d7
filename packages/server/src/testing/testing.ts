// For tests of modules: `@mqplay/server/testing`.
export {
  createTestServer,
  type TestMetrics,
  type TestServer,
  type TestServerOptions,
  type TestUser,
  type TestUserOptions,
} from "./test-server.ts";
export type { TestClient, TestClientOptions, TestModuleOptions } from "./test-client.ts";
export type { TestClock } from "./test-clock.ts";
export type { TestCallOptions, TestFunc, TestModule } from "./module-calls.ts";
export type { ReceivedPush, WaitForPushOptions } from "./received-pushes.ts";
export type { RecordedLine } from "../runtime/testing/recorded-log.ts";
