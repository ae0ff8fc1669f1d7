import { describe, expect, it } from "vitest";
import type { PushBody } from "../runtime/pushes.ts";
import { settle } from "../runtime/testing/deferred.ts";
import { ManualClock } from "../runtime/testing/manual-clock.ts";
import { createRecordedLog } from "../runtime/testing/recorded-log.ts";
import type { KeptPush, OutboxStore } from "../store/outbox/outbox.ts";
import { createPushService } from "./pushes.ts";
import { createSessionRegistry } from "./registry.ts";
import { createSession, type RecordedSession } from "./testing/recorded-link.ts";

const HOUR_MS = 3_600_000;

/** Keeps pushes in a list; answers a turn later, as a real one does. */
class ListOutbox implements OutboxStore {
  readonly kept: { readonly userId: string; readonly kept: KeptPush; readonly ttlMs: number }[] = [];
  away = false;

  async keep(userId: string, kept: KeptPush, ttlMs: number): Promise<{ readonly dropped: number }> {
    if (this.away) throw new Error("away");
    this.kept.push({ userId, kept, ttlMs });
    return { dropped: 0 };
  }

  async take(userId: string): Promise<readonly KeptPush[]> {
    await Promise.resolve();
    if (this.away) throw new Error("away");
    const taken = this.kept.filter((entry) => entry.userId === userId);
    for (const entry of taken) this.kept.splice(this.kept.indexOf(entry), 1);
    return taken.map(({ kept }) => kept);
  }
}

function say(text: string): PushBody & { made: string[] } {
  const made: string[] = [];
  return {
    made,
    module: 11,
    type: 7,
    json() {
      made.push("json");
      return Buffer.from(`json ${text}`);
    },
    protobuf() {
      made.push("protobuf");
      return Buffer.from(`protobuf ${text}`);
    },
  };
}

function open() {
  const clock = new ManualClock();
  const log = createRecordedLog();
  const sessions = createSessionRegistry({ clock, log }, { singleLogin: "allow" });
  const outbox = new ListOutbox();
  const pushes = createPushService({ sessions, log, outbox });
  const connect = (id: string, topics?: readonly ("p" | "q")[]): RecordedSession => {
    const made = createSession(id, topics);
    sessions.add(made.session);
    return made;
  };
  const login = (id: string, userId: string): void => {
    const loginId = `login of ${id}`;
    sessions.login(id, { userId, loginId, expiresAtMs: clock.nowMs() + HOUR_MS });
  };
  return { clock, log, sessions, outbox, pushes, connect, login };
}

describe("a push", () => {
  it("reaches the session, the sessions, the users or everybody that it is addressed to", async () => {
    const { pushes, connect, login } = open();
    const [a, b, c] = [connect("a"), connect("b"), connect("c")];
    login("a", "anna");
    login("b", "anna");
    await pushes.send({ session: "c" }, say("1"));
    await pushes.send({ sessions: ["a", "c", "c", "gone"] }, say("2"));
    await pushes.send({ user: "anna" }, say("3"));
    await pushes.send({ users: ["anna", "anna", "ben"] }, say("4"));
    await pushes.send({ everyone: true }, say("5"));
    expect(a.link.texts).toEqual(["json 2", "json 3", "json 4", "json 5"]);
    expect(b.link.texts).toEqual(["json 3", "json 4", "json 5"]);
    expect(c.link.texts).toEqual(["json 1", "json 2", "json 5"]);
    expect(pushes.stats).toEqual({ sent: 10, kept: 0, dropped: 2 });
  });

  it("reaches each listener once by default: JSON on p, else protobuf on q, each form made once [push-1] [push-2]", async () => {
    const { pushes, connect } = open();
    const [both, onlyP, onlyQ, none] = [
      connect("both"),
      connect("p", ["p"]),
      connect("q", ["q"]),
      connect("none", []),
    ];
    const body = say("hi");
    expect(await pushes.send({ everyone: true }, body)).toEqual({ sent: 3, kept: 0, dropped: 1 });
    expect(both.link.texts).toEqual(["json hi"]);
    expect(onlyP.link.texts).toEqual(["json hi"]);
    expect(onlyQ.link.texts).toEqual(["protobuf hi"]);
    expect(none.link.texts).toEqual([]);
    expect(body.made).toEqual(["json", "protobuf"]);
  });

  it("goes out in the form that is asked for", async () => {
    const { pushes, connect } = open();
    const { link } = connect("a");
    await pushes.send({ session: "a" }, say("1"), { form: "protobuf" });
    await pushes.send({ session: "a" }, say("2"), { form: "json" });
    expect(link.events).toMatchObject([{ encoding: "protobuf" }, { encoding: "json" }]);
  });

  it("spares the session that is excepted", async () => {
    const { pushes, connect } = open();
    const [a, b] = [connect("a"), connect("b")];
    expect(await pushes.send({ everyone: true }, say("hi"), { exceptSession: "a" })).toMatchObject({
      sent: 1,
    });
    expect(a.link.texts).toEqual([]);
    expect(b.link.texts).toEqual(["json hi"]);
  });

  it("does not reach a user whose login is past its time [user-3]", async () => {
    const { pushes, clock, connect, login } = open();
    const { link } = connect("a");
    login("a", "anna");
    clock.advance(HOUR_MS);
    expect(await pushes.send({ user: "anna" }, say("late"))).toEqual({ sent: 0, kept: 0, dropped: 1 });
    expect(link.texts).toEqual([]);
  });

  it("to very many goes out in batches, to all of them", async () => {
    const { pushes, connect } = open();
    const all = Array.from({ length: 1_201 }, (_, index) => connect(`s${index}`));
    const sending = pushes.send({ everyone: true }, say("hi"));
    expect(all.filter(({ link }) => link.texts.length === 1)).toHaveLength(500);
    expect(await sending).toEqual({ sent: 1_201, kept: 0, dropped: 0 });
    expect(all.every(({ link }) => link.texts.length === 1)).toBe(true);
  });
});

describe("groups", () => {
  it("reach their members until they leave, log out or end", async () => {
    const { pushes, sessions, connect, login } = open();
    const [a, b, c] = [connect("a"), connect("b"), connect("c")];
    login("b", "ben");
    for (const id of ["a", "b", "c"]) expect(pushes.join("room", id)).toBe(true);
    expect(pushes.join("room", "a")).toBe(true);
    expect(pushes.sizeOf("room")).toBe(3);
    await pushes.send({ group: "room" }, say("1"));
    pushes.leave("room", "a");
    pushes.leave("room", "a");
    sessions.logout("b");
    sessions.remove(c.session);
    expect(pushes.sizeOf("room")).toBe(0);
    await pushes.send({ group: "room" }, say("2"));
    for (const { link } of [a, b, c]) expect(link.texts).toEqual(["json 1"]);
    expect(pushes.join("room", "c")).toBe(false);
  });

  it("are bounded for each session, and have names", () => {
    const { pushes, connect } = open();
    connect("a");
    for (let index = 0; index < 64; index += 1) expect(pushes.join(`room ${index}`, "a")).toBe(true);
    expect(pushes.join("one more", "a")).toBe(false);
    expect(pushes.join("", "a")).toBe(false);
    expect(pushes.join("x".repeat(129), "a")).toBe(false);
    pushes.leave("room 0", "a");
    expect(pushes.join("one more", "a")).toBe(true);
  });
});

describe("kept pushes", () => {
  it("wait for a user who is away and come after the next login, in order, before newer ones", async () => {
    const { pushes, sessions, outbox, connect, login } = open();
    const keep = { ttlMs: HOUR_MS };
    for (const text of ["1", "2"]) {
      expect(await pushes.send({ user: "anna" }, say(text), { keep })).toEqual({
        sent: 0,
        kept: 1,
        dropped: 0,
      });
    }
    expect(outbox.kept.map(({ ttlMs, kept }) => [ttlMs, kept.encoding])).toEqual([
      [HOUR_MS, "protobuf"],
      [HOUR_MS, "protobuf"],
    ]);
    const { session, link } = connect("a");
    login("a", "anna");
    sessions.listening(session);
    const newer = pushes.send({ user: "anna" }, say("3"), { keep });
    await newer;
    expect(link.texts).toEqual(["protobuf 1", "protobuf 2", "json 3"]);
    expect(outbox.kept).toEqual([]);
  });

  it("wait until the client listens, not only until it is logged in", async () => {
    const { pushes, sessions, connect, login } = open();
    await pushes.send({ user: "anna" }, say("1"), { keep: { ttlMs: 1_000 } });
    const { session, link } = connect("a");
    login("a", "anna");
    await settle();
    expect(link.texts).toEqual([]);
    sessions.listening(session);
    await settle();
    expect(link.texts).toEqual(["protobuf 1"]);
  });

  it("come at once to a user who logs in on a connection that listens already", async () => {
    const { pushes, sessions, connect, login } = open();
    await pushes.send({ user: "anna" }, say("1"), { form: "json", keep: { ttlMs: 1_000 } });
    const { session, link } = connect("a");
    sessions.listening(session);
    login("a", "anna");
    await settle();
    expect(link.texts).toEqual(["json 1"]);
  });

  it("are kept for a user who is there and listens to nothing", async () => {
    const { pushes, outbox, connect, login } = open();
    connect("a", []);
    login("a", "anna");
    expect(await pushes.send({ user: "anna" }, say("1"), { keep: { ttlMs: 1_000 } })).toMatchObject({
      kept: 1,
    });
    expect(outbox.kept).toHaveLength(1);
  });

  it("reject when they cannot be kept, and stay where they are when they cannot be fetched", async () => {
    const { pushes, sessions, outbox, log, connect, login } = open();
    const keep = { ttlMs: 1_000 };
    await pushes.send({ user: "anna" }, say("1"), { keep });
    outbox.away = true;
    await expect(pushes.send({ user: "anna" }, say("2"), { keep })).rejects.toThrow("away");
    const { session, link } = connect("a");
    sessions.listening(session);
    login("a", "anna");
    await settle();
    expect(log.lines).toMatchObject([{ level: "warn", fields: { user: "anna" } }]);
    outbox.away = false;
    sessions.logout("a");
    login("a", "anna");
    await settle();
    expect(link.texts).toEqual(["protobuf 1"]);
  });

  it("are dropped and counted where the push does not ask to be kept", async () => {
    const { pushes, outbox } = open();
    expect(await pushes.send({ user: "anna" }, say("1"))).toEqual({ sent: 0, kept: 0, dropped: 1 });
    expect(outbox.kept).toEqual([]);
    expect(pushes.stats.dropped).toBe(1);
  });

  it("does not hold a login up while it asks for what was kept", async () => {
    const clock = new ManualClock();
    const log = createRecordedLog();
    const sessions = createSessionRegistry({ clock, log });
    const asked: string[] = [];
    const outbox: OutboxStore = {
      keep: async () => ({ dropped: 0 }),
      take: (userId) => {
        asked.push(userId);
        return new Promise(() => {}); // a store that never answers
      },
    };
    createPushService({ sessions, log, outbox });
    const { session } = createSession("a", ["p"]);
    const identity = { userId: "u", loginId: "l", expiresAtMs: clock.nowMs() + HOUR_MS };
    sessions.add(session);
    expect(sessions.login("a", identity).outcome).toBe("bound");
    expect(asked).toEqual([]);
    sessions.listening(session);
    expect(asked).toEqual(["u"]);
    // Already listening, a session is asked for at its login, which is bound in the same turn all the same.
    sessions.logout("a");
    expect(sessions.login("a", { ...identity, loginId: "m" }).outcome).toBe("bound");
  });
});
