import { describe, expect, it } from "vitest";
import { createRecordedLog } from "../../runtime/testing/recorded-log.ts";
import { createAdminDoor } from "./admin.ts";

const TOKEN = "correct-admin-token-of-32-chars!";

function open() {
  const log = createRecordedLog();
  const door = createAdminDoor(TOKEN, log);
  if (door === undefined) throw new Error("there is a token");
  return {
    log,
    check: (token: string, address = "192.0.2.1", nowMs = 0) => door.check(token, address, nowMs),
  };
}

describe("the admin token", () => {
  it("is none where the configuration has none, not even an empty one", () => {
    expect(createAdminDoor("", createRecordedLog())).toBeUndefined();
  });

  it("is known as a whole only", () => {
    const { check } = open();
    expect(check(TOKEN)).toEqual({ kind: "admin" });
    for (const token of ["", TOKEN.slice(1), `${TOKEN} `, TOKEN.toUpperCase(), `${TOKEN}${TOKEN}`])
      expect(check(token)).toEqual({ kind: "nobody" });
  });

  it("is not looked at after ten wrong ones from its address, for the rest of a minute", () => {
    const { check, log } = open();
    for (let round = 0; round < 10; round++) expect(check(`wrong${round}`).kind).toBe("nobody");
    expect(check(TOKEN, "192.0.2.1", 15_000)).toEqual({ kind: "tooMany", retryAfterMs: 45_000 });
    expect(check("wrong", "192.0.2.1", 59_999).kind).toBe("tooMany");
    expect(check(TOKEN, "192.0.2.2", 15_000).kind).toBe("admin");
    expect(check(TOKEN, "192.0.2.1", 60_000).kind).toBe("admin");
    expect(log.lines).toMatchObject([{ level: "warn", fields: { address: "192.0.2.1" } }]);
    expect(JSON.stringify(log.lines)).not.toContain("wrong0");
  });

  it("is guarded against an IPv6 network as against one address", () => {
    const { check } = open();
    for (let round = 0; round < 10; round++) check("wrong", `2001:db8::${round}`);
    expect(check(TOKEN, "2001:db8::ffff").kind).toBe("tooMany");
  });

  it("remembers a bounded number of addresses", () => {
    const { check } = open();
    for (let round = 0; round < 10; round++) check("wrong", "192.0.2.1");
    for (let index = 0; index < 10_000; index++) check("wrong", `10.0.${index >> 8}.${index & 255}`);
    expect(check(TOKEN, "192.0.2.1").kind, "forgotten, the oldest").toBe("admin");
    expect(check("wrong", "10.0.0.1").kind).toBe("nobody");
  });
});
