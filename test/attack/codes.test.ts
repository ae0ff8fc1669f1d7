/**
 * Guessing verification codes, and having them sent over and over. [user-5]
 */
import { describe, expect, test } from "vitest";
import { startServer, type TestServer } from "../support/server.ts";
import { Callers, inLanes } from "./attacker.ts";

const WRONG = 1;
const PHONE = "13912345678";
const BUSY = 1;

/** A server that registers phone numbers, and the codes that it has sent, by number. */
async function start(settings: object = {}): Promise<{ server: TestServer; sent: Map<string, string[]> }> {
  const sent = new Map<string, string[]>();
  const server = await startServer({
    settings: { user: { verification: "code" }, ...settings },
    codeSender: {
      send: async ({ phoneNumber, code }) =>
        void sent.set(phoneNumber, [...(sent.get(phoneNumber) ?? []), code]),
    },
  });
  return { server, sent };
}

/** A code that is not this one. */
function otherThan(code: string | undefined, n: number): string {
  const guess = String(n).padStart(6, "0");
  return guess === code ? "999999" : guess;
}

describe("guessing a code", () => {
  test("of 500 tries at once from many addresses five count, and then the right one is of no use either", async () => {
    const { server, sent } = await start();
    await using _ = server;
    await using callers = new Callers(server.ports.http);
    const owner = callers.at("127.0.0.1");
    expect((await owner.user("GetVerifyCode", { phoneNumber: PHONE })).state).toBe(0);
    const [code] = sent.get(PHONE) ?? [];
    expect(code).toMatch(/^\d{6}$/);

    await inLanes(500, 25, async (n) => {
      const params = { phoneNumber: PHONE, verifyCode: otherThan(code, n) };
      const func = n % 2 === 0 ? "CheckVerifyCodeAvailable" : "ChangePasswordByVerifyCode";
      expect((await callers.stranger(n).user(func, { ...params, password: "my password now" })).state).toBe(
        WRONG,
      );
    });
    await inLanes(20, 5, async (n) => {
      const params = { username: PHONE, password: "my password now", verifyCode: otherThan(code, n) };
      expect((await callers.stranger(n).user("Register", params)).state).toBe(3);
    });
    const right = { phoneNumber: PHONE, verifyCode: code };
    expect((await owner.user("CheckVerifyCodeAvailable", right)).state).toBe(WRONG);
    const registration = { username: PHONE, password: "correct horse", verifyCode: code };
    expect((await owner.user("Register", registration)).state).toBe(3);
    // Nor is there a new one to guess within the minute.
    expect((await owner.user("GetVerifyCode", { phoneNumber: PHONE })).state).toBe(BUSY);
    expect(sent.get(PHONE)).toHaveLength(1);
  });

  test("of two who use the right code at the same time one gets through", async () => {
    const { server, sent } = await start();
    await using _ = server;
    await using callers = new Callers(server.ports.http);
    await callers.at("127.0.0.1").user("GetVerifyCode", { phoneNumber: PHONE });
    const [verifyCode] = sent.get(PHONE) ?? [];
    const registration = { username: PHONE, password: "correct horse", verifyCode };
    const states = await Promise.all(
      Array.from(
        { length: 10 },
        async (_item, n) => (await callers.stranger(n).user("Register", registration)).state,
      ),
    );
    expect(states.toSorted((a, b) => a - b)).toEqual([0, ...Array.from({ length: 9 }, () => 3)]);
  });
});

describe("having codes sent", () => {
  test("to one number from many addresses is stopped at the day's limit of the number", async () => {
    const { server, sent } = await start({ codes: { intervalMs: 0 } });
    await using _ = server;
    await using callers = new Callers(server.ports.http);
    await inLanes(100, 10, async (n) => {
      const func = n % 2 === 0 ? "GetVerifyCode" : "SendForgotPasswordVrifyCode";
      await callers.stranger(n).user(func, { phoneNumber: PHONE });
    });
    expect(sent.get(PHONE)?.length).toBeLessThanOrEqual(server.config.codes.maxPerNumberPerDay);
    expect((await callers.at("127.0.0.1").user("GetVerifyCode", { phoneNumber: PHONE })).state).toBe(BUSY);
  });

  test("to many numbers from one address is stopped at the day's limit of the address", async () => {
    const { server, sent } = await start();
    await using _ = server;
    await using callers = new Callers(server.ports.http);
    const states: number[] = [];
    await inLanes(100, 10, async (n) => {
      const phoneNumber = `1390000${String(n).padStart(4, "0")}`;
      states.push((await callers.stranger(1).user("GetVerifyCode", { phoneNumber })).state);
    });
    const { maxPerAddressPerDay } = server.config.codes;
    expect(states.filter((state) => state === 0)).toHaveLength(maxPerAddressPerDay);
    expect(sent.size).toBe(maxPerAddressPerDay);
    expect((await callers.stranger(2).user("GetVerifyCode", { phoneNumber: PHONE })).state).toBe(0);
  });

  test("for a forgotten password tells nobody whether a number has an account", async () => {
    const { server, sent } = await start();
    await using _ = server;
    await using callers = new Callers(server.ports.http);
    const owner = callers.at("127.0.0.1");
    await owner.user("GetVerifyCode", { phoneNumber: PHONE });
    const [verifyCode] = sent.get(PHONE) ?? [];
    expect(
      (await owner.user("Register", { username: PHONE, password: "correct horse", verifyCode })).state,
    ).toBe(0);
    const stranger = callers.stranger(1);
    const nobody = await stranger.user("SendForgotPasswordVrifyCode", { phoneNumber: "13900000000" });
    expect(nobody.state).toBe(0);
    expect(sent.has("13900000000")).toBe(false);
    const wrong = { verifyCode: "000000", password: "my password now" };
    const known = await stranger.user("ChangePasswordByVerifyCode", { phoneNumber: PHONE, ...wrong });
    const unknown = await stranger.user("ChangePasswordByVerifyCode", {
      phoneNumber: "13900000001",
      ...wrong,
    });
    expect(known).toEqual(unknown);
  });
});
