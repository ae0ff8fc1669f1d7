import { describe, expect, test } from "vitest";
import { createLog, silentLog, type Log, type LogFormat, type LogLevel } from "./log.ts";

function capture(format: LogFormat = "json", level: LogLevel = "debug"): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: createLog({ level, format, write: (line) => lines.push(line) }), lines };
}

/** A line without its time. */
function untimed(line: string | undefined): string {
  return (line ?? "").replace(/^\d\d:\d\d:\d\d\.\d{3} /, "");
}

describe("secrets in the log", () => {
  test("are hidden wherever they stand, however they are written", () => {
    const { log, lines } = capture();
    log.info(
      { password: "hunter2", params: { Refresh_Token: "hunter2", list: [{ verifyCode: "hunter2" }] } },
      "a call",
    );
    log
      .child({ token: "hunter2" })
      .child({ key: "hunter2" })
      .warn({ Authorization: "Bearer hunter2" }, "another");
    expect(lines).toHaveLength(2);
    expect(lines.join("")).not.toContain("hunter2");
    expect(lines[0]).toContain('"password":"[hidden]"');
  });

  test("do not hide in bytes, in deep places or in the fields of an error", () => {
    const { log, lines } = capture();
    const error = Object.assign(new Error("refused"), { token: "hunter2", code: "ECONNREFUSED" });
    log.error({ err: error, bytes: Buffer.from("hunter2"), a: { b: { c: { d: { e: "hunter2" } } } } }, "no");
    expect(lines.join("")).not.toContain("hunter2");
    expect(lines.join("")).toContain('"code":"ECONNREFUSED"');
    expect(lines.join("")).toContain('"bytes":"[7 bytes]"');
  });

  test("an access token that serves as a client id is shown in part", () => {
    const { log, lines } = capture();
    log.info({ clientId: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG" }, "hello");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ clientId: "abcdef…" });
  });
});

describe("a line", () => {
  test("in JSON has level, time, fields and message", () => {
    const { log, lines } = capture();
    log.child({ room: "gate" }).info({ port: 1883 }, "listening");
    const line: unknown = JSON.parse(lines[0] ?? "");
    expect(line).toMatchObject({ level: "info", room: "gate", port: 1883, message: "listening" });
    expect(line).toHaveProperty("time", expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/));
  });

  test("in text is one that a person reads", () => {
    const { log, lines } = capture("text");
    log.child({ room: "gate" }).info({ port: 1883, name: "two words" }, "listening");
    expect(untimed(lines[0])).toBe('info  gate: listening  port=1883 name="two words"\n');
  });

  test("in text cannot be faked by what came from outside", () => {
    const { log, lines } = capture("text");
    log.info({ name: "x\n12:00:00.000 error fake", evil: "\u001B[2J" }, "a\r\nb");
    expect(lines).toHaveLength(1);
    const text = lines[0]?.trimEnd() ?? "";
    for (const control of ["\n", "\r", "\u001B"]) expect(text).not.toContain(control);
  });

  test("in text shows an error with its stack and its causes below", () => {
    const { log, lines } = capture("text");
    log.error({ err: new Error("outer", { cause: new Error("inner") }) }, "it broke");
    expect(untimed(lines[0])).toMatch(
      /^error it broke\n {4}Error: outer\n {8}at .+\n(.+\n)* {4}caused by Error: inner\n/,
    );
  });

  test("below the level is not written", () => {
    const { log, lines } = capture("json", "warn");
    log.debug({}, "d");
    log.info({}, "i");
    log.child({ a: 1 }).info({}, "ci");
    log.warn({}, "w");
    log.error({}, "e");
    expect(lines).toHaveLength(2);
    expect(capture("json", "silent").lines).toHaveLength(0);
  });

  test("of the silent log is none", () => {
    expect(silentLog.child({ a: 1 })).toBe(silentLog);
    expect(() => silentLog.error({}, "nothing")).not.toThrow();
  });
});
