import { describe, expect, it } from "vitest";
import type { PushOptions, PushTarget } from "../../runtime/pushes.ts";
import { createRuntime } from "../../runtime/runtime.ts";
import { json, member, noPushes, noSessions, stranger } from "../../runtime/testing/echo.ts";
import { createRecordedLog } from "../../runtime/testing/recorded-log.ts";
import { createPushModule } from "./push.ts";

async function open() {
  const sent: { target: PushTarget; options: PushOptions | undefined; json: string; protobuf: string }[] = [];
  const joined: string[] = [];
  const pushes = {
    ...noPushes,
    send(target: PushTarget, body: { json(): Uint8Array; protobuf(): Uint8Array }, options?: PushOptions) {
      const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
      sent.push({ target, options, json: text(body.json()), protobuf: text(body.protobuf()) });
      return { sent: 1, kept: 0, dropped: 1 };
    },
    join(group: string, session: string) {
      joined.push(`+${group} ${session}`);
      return session !== "gone";
    },
    leave: (group: string, session: string) => void joined.push(`-${group} ${session}`),
  };
  const log = createRecordedLog();
  const builtInModules = [createPushModule(pushes)];
  const runtime = createRuntime({ builtInModules, modules: [], sessions: noSessions, pushes, log });
  await runtime.start();
  const call = async (func: string, params: object, caller = stranger({ via: "internal" })) =>
    await runtime.invoke(json("Push", func, params), caller);
  return { sent, joined, call };
}

describe("the module Push", () => {
  it("does not exist for clients, logged in or not [module-4]", async () => {
    const { call, sent } = await open();
    for (const caller of [stranger(), member(), member({}, { via: "http" })]) {
      for (const func of ["Send", "Join", "Leave"]) {
        expect(await call(func, { everyone: true, json: "{}" }, caller)).toMatchObject({
          state: 0xfc,
          result: undefined,
        });
      }
    }
    expect(sent).toEqual([]);
  });

  it("sends to all who are named, and adds up what became of it", async () => {
    const { call, sent } = await open();
    const params = {
      module: 11,
      pushType: 1,
      json: '{"x":1}',
      users: ["u"],
      sessions: ["s"],
      groups: ["g", "h"],
      keepS: 60,
    };
    expect(await call("Send", params)).toMatchObject({ state: 0, result: '{"sent":4,"dropped":4}' });
    expect(sent.map(({ target, options }) => [target, options])).toEqual([
      [{ users: ["u"] }, { form: "json", keep: { ttlMs: 60_000 } }],
      [{ sessions: ["s"] }, { form: "json" }],
      [{ group: "g" }, { form: "json" }],
      [{ group: "h" }, { form: "json" }],
    ]);
    expect(sent[0]).toMatchObject({ json: '{"x":1}' });
  });

  it("sends in the form that it is given, in both where it is given both", async () => {
    const { call, sent } = await open();
    const protobuf = Buffer.from("bytes").toString("base64");
    await call("Send", { everyone: true, protobuf });
    await call("Send", { everyone: true, protobuf, json: "text", users: ["u"] });
    expect(sent).toEqual([
      { target: { everyone: true }, options: { form: "protobuf" }, json: "bytes", protobuf: "bytes" },
      { target: { everyone: true }, options: { form: "auto" }, json: "text", protobuf: "bytes" },
    ]);
  });

  it("says what is missing", async () => {
    const { call } = await open();
    expect(await call("Send", { everyone: true })).toMatchObject({ state: 1 });
    expect(await call("Send", { json: "{}" })).toMatchObject({ state: 2 });
  });

  it("puts sessions into groups and takes them out", async () => {
    const { call, joined } = await open();
    expect(await call("Join", { group: "g", sessions: ["a", "gone"] })).toMatchObject({
      result: '{"joined":1}',
    });
    expect(await call("Leave", { group: "g", sessions: ["a"] })).toMatchObject({ state: 0, result: "null" });
    expect(joined).toEqual(["+g a", "+g gone", "-g a"]);
  });
});
