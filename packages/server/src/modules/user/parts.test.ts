import { describe, expect, it } from "vitest";
import { silentLog } from "../../ops/log.ts";
import { createRecordedLog } from "../../runtime/testing/recorded-log.ts";
import { deferred } from "../../runtime/testing/deferred.ts";
import { ManualClock } from "../../runtime/testing/manual-clock.ts";
import type { Account } from "../../store/accounts/accounts.ts";
import { CallbackCaller } from "./callbacks.ts";
import { createConsoleCodeSender } from "./code-sender.ts";
import { resolveUserOptions } from "./options.ts";
import { Passwords } from "./passwords.ts";
import { Profiles } from "./profiles.ts";
import { openRoom } from "./testing/user-room.ts";
import { createToken, encodeBase62, TOKEN_LENGTH } from "./tokens.ts";

describe("tokens", () => {
  it("are 43 of [0-9A-Za-z], zeros in front, and differ", () => {
    expect(encodeBase62(new Uint8Array(32))).toBe("0".repeat(TOKEN_LENGTH));
    expect(encodeBase62(Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? 62 : 0)))).toBe(
      `${"0".repeat(41)}10`,
    );
    expect(encodeBase62(new Uint8Array(32).fill(255))).toMatch(/^[0-9A-Za-z]{43}$/);
    const tokens = new Set(Array.from({ length: 100 }, () => createToken()));
    expect(tokens.size).toBe(100);
  });
});

describe("passwords", () => {
  const { signal } = new AbortController();

  it("match in either composition of their characters", async () => {
    const passwords = new Passwords({ maxRunningHashes: 2, maxWaitingHashes: 2 }, undefined);
    const hash = await passwords.hash("caf\u00e9s1", signal);
    expect(await passwords.verify("cafe\u0301s1", hash, signal)).toEqual({ matches: true, outdated: false });
    expect(await passwords.verify("cafes1", hash, signal)).toEqual({ matches: false, outdated: false });
    expect(await passwords.verify("cafes1", undefined, signal)).toEqual({ matches: false, outdated: false });
  });

  it("take as long to miss where there is no account as where there is one", async () => {
    const passwords = new Passwords({ maxRunningHashes: 1, maxWaitingHashes: 0 }, undefined);
    const hash = await passwords.hash("secret1", signal);
    const fastest = async (compared: string | undefined): Promise<number> => {
      let leastMs = Infinity;
      for (let turn = 0; turn < 8; turn += 1) {
        const beganMs = performance.now();
        await passwords.verify("wrong", compared, signal);
        leastMs = Math.min(leastMs, performance.now() - beganMs);
      }
      return leastMs;
    };
    // The fastest of some runs, because other programs slow down the rest; the hash itself is most of it.
    const ratio = (await fastest(undefined)) / (await fastest(hash));
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
    const legacy = await fastest(`md5-legacy$${"0".repeat(32)}`);
    expect(legacy / (await fastest(hash))).toBeGreaterThan(0.5);
  });

  it("leave the line when the caller is gone, and give the place to the next", async () => {
    const passwords = new Passwords({ maxRunningHashes: 1, maxWaitingHashes: 1 }, undefined);
    const gone = new AbortController();
    const first = passwords.hash("secret1", signal);
    const second = passwords.hash("secret1", gone.signal);
    gone.abort();
    await expect(second).rejects.toThrow("aborted");
    const third = passwords.hash("secret1", signal);
    expect(await first).toMatch(/^\$argon2id/);
    expect(await third).toMatch(/^\$argon2id/);
    await expect(passwords.hash("secret1", AbortSignal.abort())).rejects.toThrow("aborted");
    expect(await passwords.hash("secret1", signal)).toMatch(/^\$argon2id/);
  });
});

describe("profiles", () => {
  const account = (name: string): Account => ({
    id: "u-1",
    name,
    nameKey: name,
    passwordHash: "",
    phone: undefined,
    openId: undefined,
    createdAtMs: 0,
    frozen: false,
  });

  it("are read once for many who ask at once, and forgotten in their order when there are too many", async () => {
    let reads = 0;
    const findById = async (id: string) => {
      reads += 1;
      return { ...account("anna"), id };
    };
    const profiles = new Profiles({ findById }, new ManualClock(), { profileTtlMs: 1_000, maxProfiles: 2 });
    await Promise.all([profiles.get("u-1"), profiles.get("u-1")]);
    expect(reads).toBe(1);
    await profiles.get("u-2");
    await profiles.get("u-3");
    expect(profiles.size).toBe(2);
    expect(profiles.peek("u-1")).toBeUndefined();
    expect(profiles.peek("u-3")).toMatchObject({ name: "anna" });
  });

  it("do not remember what was read before the account changed", async () => {
    const query = deferred<Account>();
    const profiles = new Profiles({ findById: () => query.promise }, new ManualClock(), {
      profileTtlMs: 1_000,
      maxProfiles: 2,
    });
    const early = profiles.get("u-1");
    profiles.forget("u-1");
    query.resolve(account("old name"));
    expect(await early).toMatchObject({ name: "old name" });
    expect(profiles.peek("u-1")).toBeUndefined();
  });

  it("may be old while the accounts are away, are not asked for at every call then, and never outlive a change", async () => {
    const clock = new ManualClock();
    let away = false;
    let reads = 0;
    const findById = async () => {
      reads += 1;
      if (away) throw new Error("the accounts are away");
      return account("anna");
    };
    const profiles = new Profiles({ findById }, clock, { profileTtlMs: 60_000, maxProfiles: 2 });
    await profiles.get("u-1");
    away = true;
    clock.advance(60_000);
    for (let turn = 0; turn < 3; turn += 1) expect(await profiles.get("u-1")).toMatchObject({ name: "anna" });
    expect(reads).toBe(2);
    clock.advance(1_000);
    await profiles.get("u-1");
    expect(reads).toBe(3);
    await expect(profiles.get("u-2")).rejects.toThrow("away");
    profiles.forget("u-1");
    await expect(profiles.get("u-1")).rejects.toThrow("away");
  });
});

describe("options", () => {
  it("have the protocol's lifetimes by default [user-3]", () => {
    const day = 24 * 3_600_000;
    expect(resolveUserOptions({})).toMatchObject({
      verification: "none",
      accessTokenTtlMs: 7 * day,
      refreshTokenTtlMs: 14 * day,
      sessionTtlMs: 12 * 3_600_000,
    });
  });

  it("are refused out of range, by name", () => {
    expect(() => resolveUserOptions({ sessionTtlMs: 1 })).toThrow(
      "user.sessionTtlMs expected a whole number",
    );
    expect(() => resolveUserOptions({ maxRunningHashes: 1.5 })).toThrow("user.maxRunningHashes");
    expect(() => resolveUserOptions({ refreshTokenTtlMs: 1_000, accessTokenTtlMs: 2_000 })).toThrow(
      "user.refreshTokenTtlMs must not be shorter",
    );
  });
});

describe("callbacks", () => {
  it("hear of connections, accounts and logins", async () => {
    const heard: string[] = [];
    const room = await openRoom({
      deps: {
        callbacks: {
          onConnect: ({ sessionId }) => void heard.push(`connect ${sessionId}`),
          onRegister: ({ name }) => void heard.push(`register ${name}`),
          onLogin: ({ sessionId }) => void heard.push(`login ${sessionId ?? "http"}`),
          onLogout: ({ sessionId, reason }) => void heard.push(`logout ${sessionId ?? "-"} ${reason ?? "-"}`),
          onDisconnect: ({ sessionId, userId }) =>
            void heard.push(`disconnect ${sessionId} ${userId ?? "-"}`),
        },
      },
    });
    room.connect("a");
    await room.register("a", "anna");
    const { session } = room.connect("b");
    await room.call("b", "Login", { username: "anna", password: "secret1" });
    await room.call("x", "Login", { username: "anna", password: "secret1" }, { via: "http" });
    room.sessions.remove(session);
    expect(heard).toEqual([
      "connect a",
      "register anna",
      "login a",
      "connect b",
      "logout a kicked",
      "login b",
      "logout b kicked",
      "login http",
      "disconnect b -",
    ]);
  });

  it("break no call by throwing or rejecting; the log has it", async () => {
    const log = createRecordedLog();
    const caller = new CallbackCaller(
      {
        onConnect() {
          throw new Error("thrown");
        },
        onRegister: () => Promise.reject(new Error("rejected")),
      },
      log,
    );
    caller.connected({ id: "a", remoteAddress: "" });
    caller.registered({ userId: "u", name: "anna", remoteAddress: "" });
    await Promise.resolve();
    expect(log.lines).toMatchObject([
      { level: "error", fields: { callback: "onConnect" } },
      { level: "error", fields: { callback: "onRegister" } },
    ]);
  });
});

describe("the sender for development", () => {
  it("writes the code into the log's text, where a developer finds it", async () => {
    const log = createRecordedLog();
    const { signal } = new AbortController();
    const message = { phoneNumber: "13912345678", code: "123456", purpose: "register" } as const;
    await createConsoleCodeSender(log).send(message, signal);
    expect(log.lines).toMatchObject([
      { level: "info", message: "Verification code for 13912345678: 123456" },
    ]);
    await expect(createConsoleCodeSender(silentLog).send(message, signal)).resolves.toBeUndefined();
  });
});
