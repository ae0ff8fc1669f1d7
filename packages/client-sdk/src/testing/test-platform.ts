/**
 * A host for tests: time and random of the test's own, errors of listeners collected.
 */
import type { Clock } from "../clock.ts";
import type { OpenLink } from "../link/link.ts";
import type { Platform } from "../platform/platform.ts";

/** The host, and what its listeners threw. */
export interface TestPlatform extends Platform {
  readonly thrown: unknown[];
}

/** Makes a host whose random bytes count up, so that no two client ids are the same. */
export function createTestPlatform(clock: Clock, openLink: OpenLink): TestPlatform {
  const thrown: unknown[] = [];
  let made = 0;
  return {
    name: "a test",
    schemes: ["mqtt", "mqtts", "ws", "wss"],
    clock,
    openLink,
    thrown,
    randomBytes: (length) => Uint8Array.from({ length }, (_, at) => (at + made++) % 256),
    random: () => 0.5,
    rethrow: (error) => thrown.push(error),
  };
}
