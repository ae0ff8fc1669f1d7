/**
 * The module of the test kit's example.
 */
import { fail, implement, type ServerModule } from "@mqplay/server";
import { Counter } from "./generated/counter.ts";

/** Nobody adds beyond it. */
const LARGEST = 100;

/** Makes the module; each has counters of its own. */
export function createCounterModule(): ServerModule {
  const values = new Map<string, number>();
  const changes = new EventTarget();
  const groupOf = (name: string): string => `counter:${name}`;
  return implement(
    Counter,
    {
      async watch(call, { name }) {
        await call.pushes.join(groupOf(name), call.sessionId);
        return { name, value: values.get(name) ?? 0 };
      },
      async add(call, { name, by }) {
        const value = (values.get(name) ?? 0) + by;
        if (value > LARGEST) throw fail(Counter.errors.full);
        values.set(name, value);
        changes.dispatchEvent(new Event(name));
        await call.pushes.send({ group: groupOf(name) }, Counter.pushes.changed, {
          name,
          value,
          changed_by: call.user.userId,
        });
        return { name, value };
      },
      await(call, { name, value }) {
        return new Promise((resolve, reject) => {
          const { signal } = call;
          changes.addEventListener(name, () => (values.get(name) ?? 0) >= value && resolve(), { signal });
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      },
    },
    { limits: { await: { timeoutMs: 30_000 } } },
  );
}
