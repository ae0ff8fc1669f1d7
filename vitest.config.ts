import { defineConfig } from "vitest/config";

// Types, tests and the demo run on source: no build comes before them.
const source = { conditions: ["@mqplay/source"] };

const config: ReturnType<typeof defineConfig> = defineConfig({
  resolve: source,
  ssr: { resolve: source },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "apps/*/**/*.test.ts"],
          exclude: ["**/node_modules/**"],
        },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: ["test/**/*.test.ts"],
          exclude: ["**/node_modules/**", "test/browser/**"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        // What clients see must not depend on where data is kept: the same tests on MariaDB and Redis.
        extends: true,
        test: {
          name: "system-stores",
          include: [
            "test/conformance/**/*.test.ts",
            "test/user/**/*.test.ts",
            "test/attack/**/*.test.ts",
            "test/e2e/{http,push-by-http,single-login}.test.ts",
            "test/sdk/{real-server,module}.test.ts",
          ],
          exclude: [
            "**/node_modules/**",
            // They start no server, or its stores make no difference.
            "test/conformance/{check-clauses,known-failures,raw-client}.test.ts",
            "test/user/code-webhook.test.ts",
            // It starts MariaDB and Redis of its own.
            "test/attack/secrets-in-logs.test.ts",
          ],
          globalSetup: "test/support/run-stores.ts",
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
export default config;
