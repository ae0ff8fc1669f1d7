/**
 * Anything may happen in any order; every call ends exactly once, with its own answer or a typed error.
 */
import fc from "fast-check";
import { decodeMessage, encodeMessage, User, type Call } from "@mqplay/shared";
import { expect, test } from "vitest";
import { isMqplayError } from "../errors.ts";
import { connectInMemory } from "../testing/memory-game.ts";
import type { MemoryConnection } from "../testing/memory-server.ts";

type Step =
  | { readonly kind: "call"; readonly encoding: "json" | "protobuf"; readonly timeoutMs: number }
  | { readonly kind: "answer" | "acknowledge"; readonly which: number }
  | { readonly kind: "push"; readonly topic: "p" | "f"; readonly which: number }
  | { readonly kind: "drop" | "abort" }
  | { readonly kind: "wait"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("call"),
      encoding: fc.constantFrom("json", "protobuf"),
      timeoutMs: fc.integer({ min: 1, max: 2_000 }),
    } as const),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom("answer", "acknowledge"), which: fc.nat(20) } as const),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("push"),
      topic: fc.constantFrom("p", "f"),
      which: fc.nat(20),
    } as const),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("drop", "abort") } as const) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("wait"), ms: fc.integer({ min: 0, max: 900 }) } as const),
  },
);

/** What the caller put into a call, by which its answer is known. */
function nameIn(call: Call): string {
  if (call.encoding === "protobuf") return decodeMessage(User.funcs.login.request, call.params).username;
  return User.funcs.login.request.fromJson(call.params).username;
}

function answer(connection: MemoryConnection, at: number): void {
  const call = connection.calls[at];
  const packetId = connection.packetIds[at];
  if (call === undefined || packetId === undefined) return;
  const response = { token: nameIn(call), refreshToken: "", expireAt: 0 };
  const { response: type } = User.funcs.login;
  const result =
    call.encoding === "json" ? JSON.stringify(type.toJson(response)) : encodeMessage(type, response);
  connection.answer(packetId, call, { state: 0, msg: "", result });
}

const ENDS = new Set(["own answer", "callTimeout", "callAborted", "connectionLost"]);

test("every call ends exactly once, whatever happens in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { game, server, clock, platform } = await connectInMemory({
        handler: () => undefined,
        acknowledges: "never",
      });
      const ends: string[] = [];
      let calls = 0;
      let pushesSent = 0;
      let pushesHeard = 0;
      let controller = new AbortController();
      game.onPush(() => pushesHeard++);
      for (const one of steps) {
        const connection = server.connections.at(-1);
        if (connection === undefined) throw new Error("there should be a connection");
        switch (one.kind) {
          case "call": {
            const username = `call-${calls++}`;
            const { encoding, timeoutMs } = one;
            void game.user
              .login({ username, password: "x" }, { encoding, timeoutMs, signal: controller.signal })
              .then(
                ({ token }) => ends.push(token === username ? "own answer" : "another's answer"),
                (error: unknown) => ends.push(isMqplayError(error) ? error.code : "untyped"),
              );
            break;
          }
          case "answer":
            answer(connection, one.which);
            break;
          case "acknowledge":
            connection.acknowledge(connection.packetIds[one.which] ?? 60_000);
            break;
          case "push":
            if (game.state.name !== "ready") break;
            // The same number as a call's, as the Go server may have it; each push has content of its own.
            connection.push(
              { module: 2, type: 1, content: Uint8Array.of(8, pushesSent++ & 0x7f) },
              one.topic,
              connection.packetIds[one.which] ?? 1,
            );
            break;
          case "drop":
            connection.drop();
            break;
          case "abort":
            controller.abort();
            controller = new AbortController();
            break;
          case "wait":
            await clock.advance(one.ms);
            break;
        }
      }
      await clock.advance(60_000);
      expect(ends).toHaveLength(calls);
      expect(ends.filter((end) => !ENDS.has(end))).toEqual([]);
      expect(pushesHeard).toBe(pushesSent);
      expect(game.stats.pending).toBe(0);
      expect(platform.thrown).toEqual([]);
      await game.close();
      expect(clock.running).toBe(0);
    }),
    { numRuns: 200 },
  );
});
