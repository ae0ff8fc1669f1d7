/** What the types of the test kit hold authors to. Checked by `tsc`; never run. */
import { createTestServer } from "@mqplay/server/testing";
import { Counter, type Changed, type CounterValue } from "./example/generated/counter.ts";

export async function testClientTypes(): Promise<void> {
  await using server = await createTestServer({ modules: [] });
  const alice = await server.user();
  const calls = alice.module(Counter);

  const value: CounterValue = await calls.add({ name: "a", by: 1 });
  const nothing: void = await calls.await(value);
  const changed: Changed = await alice.waitForPush(Counter.pushes.changed, {
    where: (push) => push.value > 1,
  });
  void [nothing, changed];

  // @ts-expect-error a field is missing
  await calls.add({ name: "a" });
  // @ts-expect-error a field has another type
  await calls.add({ name: "a", by: "1" });
  // @ts-expect-error there is no such function
  await calls.ad({ name: "a", by: 1 });
  // @ts-expect-error the push has no such field
  await alice.waitForPush(Counter.pushes.changed, { where: (push) => push.vale > 1 });
  // @ts-expect-error there is no such setting
  await createTestServer({ config: { gaet: {} } });
}
