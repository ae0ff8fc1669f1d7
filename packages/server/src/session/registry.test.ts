import { jsonCodec, protobufCodec } from "@mqplay/shared";
import { describe, expect, it } from "vitest";
import type { Identity } from "../runtime/caller.ts";
import type { SingleLogin } from "../runtime/sessions.ts";
import { ManualClock } from "../runtime/testing/manual-clock.ts";
import { createRecordedLog } from "../runtime/testing/recorded-log.ts";
import { createSessionRegistry, type SessionRegistry } from "./registry.ts";
import { createSession, type RecordedSession } from "./testing/recorded-link.ts";

const HOUR_MS = 3_600_000;

interface Room {
  readonly sessions: SessionRegistry;
  readonly clock: ManualClock;
  readonly log: ReturnType<typeof createRecordedLog>;
  connect(id: string): RecordedSession;
  identity(userId: string, loginId: string): Identity;
}

function open(singleLogin?: SingleLogin): Room {
  const clock = new ManualClock();
  const log = createRecordedLog();
  const sessions = createSessionRegistry({ clock, log }, singleLogin === undefined ? {} : { singleLogin });
  return {
    sessions,
    clock,
    log,
    connect(id) {
      const made = createSession(id);
      sessions.add(made.session);
      return made;
    },
    identity: (userId, loginId) => ({ userId, loginId, expiresAtMs: clock.nowMs() + 12 * HOUR_MS }),
  };
}

describe("sessions", () => {
  it("are found by id and by user, and forgotten when their connection ends", () => {
    const { sessions, connect, identity } = open();
    const { session } = connect("a");
    expect(sessions.get("a")).toBe(session);
    expect(sessions.ofUser("anna").size).toBe(0);
    expect(sessions.login("a", identity("anna", "login-1"))).toEqual({ outcome: "bound", former: undefined });
    expect([...sessions.ofUser("anna")]).toEqual([session]);
    expect(sessions.size).toBe(1);
    sessions.remove(session);
    sessions.remove(session);
    expect(sessions.get("a")).toBeUndefined();
    expect(sessions.ofUser("anna").size).toBe(0);
    expect(session.identity).toBeUndefined();
    expect(sessions.size).toBe(0);
  });

  it("are online until the login's time is over [user-3]", () => {
    const { sessions, clock, connect, identity } = open();
    connect("a");
    sessions.login("a", identity("anna", "login-1"));
    clock.advance(12 * HOUR_MS - 1);
    expect(sessions.isOnline("anna")).toBe(true);
    expect(sessions.isOnline("anna", "a")).toBe(false);
    clock.advance(1);
    expect(sessions.isOnline("anna")).toBe(false);
  });

  it("get more time when their login is renewed, and not for another login", () => {
    const { sessions, clock, connect, identity } = open();
    const { session } = connect("a");
    sessions.login("a", identity("anna", "login-1"));
    clock.advance(HOUR_MS);
    expect(sessions.renew("a", identity("anna", "login-2"))).toBe(false);
    expect(sessions.renew("b", identity("anna", "login-1"))).toBe(false);
    expect(sessions.renew("a", identity("anna", "login-1"))).toBe(true);
    expect(session.identity?.expiresAtMs).toBe(clock.nowMs() + 12 * HOUR_MS);
  });
});

describe("a second login", () => {
  it("sends the earlier connection both pushes, takes its login and closes it, in that order [push-3]", () => {
    const { sessions, connect, identity } = open();
    const first = connect("a");
    const second = connect("b");
    sessions.login("a", identity("anna", "login-1"));
    let identityWhenClosed: Identity | undefined = identity("nobody", "x");
    first.link.close = (reason) => {
      identityWhenClosed = first.session.identity;
      first.link.events.push({ closed: reason });
    };
    expect(sessions.login("b", identity("anna", "login-2"))).toEqual({ outcome: "bound", former: undefined });
    expect(first.link.events).toMatchObject([
      { push: { module: 0, type: 0 }, encoding: "json", text: "Other client Login" },
      { push: { module: 2, type: 11 }, encoding: "protobuf", text: "\n\u0013Login Success Push\t" },
      { closed: "kicked" },
    ]);
    expect(identityWhenClosed).toBeUndefined();
    expect(second.link.events).toEqual([]);
    expect([...sessions.ofUser("anna")]).toEqual([second.session]);
  });

  it("sends the bytes that the Go server sends [push-3]", () => {
    const { sessions, connect, identity } = open();
    const { link } = connect("a");
    connect("b");
    sessions.login("a", identity("anna", "login-1"));
    sessions.login("b", identity("anna", "login-2"));
    const [json, notice] = link.events.flatMap((event) => ("push" in event ? [event.push] : []));
    if (json === undefined || notice === undefined) throw new Error("two pushes were expected");
    expect(Buffer.from(jsonCodec.encodePush(json)).toString()).toBe(
      '{"Module":0,"PushType":0,"Content":"T3RoZXIgY2xpZW50IExvZ2lu"}',
    );
    // As recorded, without the zero state that encoders may leave out.
    expect(Buffer.from(protobufCodec.encodePush(notice)).toString("hex")).toMatch(
      /^020b0a150a134c6f67696e20537563636573732050757368091204707573680?(?:1800)?$/,
    );
  });

  it("by a token of the same login replaces the earlier connection, with the pushes, too", () => {
    const { sessions, connect, identity } = open();
    const { link } = connect("a");
    connect("b");
    sessions.login("a", identity("anna", "login-1"));
    sessions.login("b", identity("anna", "login-1"));
    expect(link.texts).toHaveLength(2);
    expect(link.closed).toBe("replaced");
  });

  it("on the same connection pushes nothing to itself", () => {
    const { sessions, connect, identity } = open();
    const { session, link } = connect("a");
    const first = identity("anna", "login-1");
    sessions.login("a", first);
    expect(sessions.login("a", identity("anna", "login-2"))).toEqual({ outcome: "bound", former: first });
    expect(link.events).toEqual([]);
    expect(session.identity?.loginId).toBe("login-2");
  });

  it("on the same connection as another user ends the first login, wherever it is", () => {
    const { sessions, connect, identity } = open("allow");
    const first = identity("anna", "login-1");
    const { session } = connect("a");
    const other = connect("b");
    sessions.login("a", first);
    sessions.login("b", first);
    expect(sessions.login("a", identity("ben", "login-2"))).toEqual({ outcome: "bound", former: first });
    expect(session.identity?.userId).toBe("ben");
    expect(other.session.identity).toBeUndefined();
    expect(other.link.closed).toBe("loggedOut");
    expect(sessions.ofUser("anna").size).toBe(0);
  });

  it("is turned away under refuse while the account is logged in elsewhere, and let in once it is not", () => {
    const { sessions, connect, identity } = open("refuse");
    const first = connect("a");
    connect("b");
    sessions.login("a", identity("anna", "login-1"));
    expect(sessions.login("b", identity("anna", "login-2"))).toEqual({ outcome: "refused" });
    expect(first.link.events).toEqual([]);
    sessions.remove(first.session);
    expect(sessions.login("b", identity("anna", "login-2"))).toMatchObject({ outcome: "bound" });
  });

  it("by a token of the same login is no other client under refuse", () => {
    const { sessions, connect, identity } = open("refuse");
    const first = connect("a");
    connect("b");
    sessions.login("a", identity("anna", "login-1"));
    expect(sessions.login("b", identity("anna", "login-1"))).toMatchObject({ outcome: "bound" });
    expect(first.link.closed).toBe("replaced");
  });

  it("stands beside the first under allow", () => {
    const { sessions, connect, identity } = open("allow");
    const first = connect("a");
    connect("b");
    sessions.login("a", identity("anna", "login-1"));
    sessions.login("b", identity("anna", "login-2"));
    expect(first.link.events).toEqual([]);
    expect(sessions.ofUser("anna").size).toBe(2);
  });

  it("without a connection, as by HTTP, displaces the earlier one all the same", () => {
    const { sessions, connect, identity } = open();
    const { link } = connect("a");
    sessions.login("a", identity("anna", "login-1"));
    expect(sessions.login(undefined, identity("anna", "login-2"))).toMatchObject({ outcome: "bound" });
    expect(link.closed).toBe("kicked");
    expect(sessions.ofUser("anna").size).toBe(0);
  });
});

describe("logins that end", () => {
  it("leave the connection that logged out alone, and close others of the same login", () => {
    const { sessions, connect, identity } = open("allow");
    const first = connect("a");
    const second = connect("b");
    const login = identity("anna", "login-1");
    sessions.login("a", login);
    sessions.login("b", login);
    expect(sessions.logout("a")).toBe(login);
    expect(first.session.identity).toBeUndefined();
    expect(first.link.events).toEqual([]);
    expect(second.link.events).toEqual([{ closed: "loggedOut" }]);
    expect(sessions.logout("a")).toBeUndefined();
    expect(sessions.logout("nobody")).toBeUndefined();
  });

  it("spare the login that is excepted", () => {
    const { sessions, connect, identity } = open("allow");
    const first = connect("a");
    const second = connect("b");
    sessions.login("a", identity("anna", "login-1"));
    sessions.login("b", identity("anna", "login-2"));
    expect(sessions.endUser("anna", { exceptLoginId: "login-2" })).toBe(1);
    expect(first.link.closed).toBe("loggedOut");
    expect(second.link.closed).toBeUndefined();
    expect(sessions.endUser("anna", { openSessionId: "b" })).toBe(1);
    expect(second.link.closed).toBeUndefined();
    expect(second.session.identity).toBeUndefined();
    expect(sessions.endLogin("anna", "login-2")).toBe(0);
  });
});

describe("races", () => {
  it("binds no login that was ended between its lookup and now [connect-5]", () => {
    const ends: ((sessions: SessionRegistry, room: Room) => void)[] = [
      (sessions) => void sessions.endLogin("anna", "login-1"),
      (sessions) => void sessions.endUser("anna"),
      (sessions) => void sessions.endUser("anna", { exceptLoginId: "login-2" }),
      (sessions, { identity }) => void sessions.login(undefined, identity("anna", "login-2"), ["login-1"]),
    ];
    for (const end of ends) {
      const room = open();
      const { sessions, connect, identity } = room;
      const { session } = connect("a");
      const mark = sessions.markLogin();
      const resumed = identity("anna", "login-1");
      sessions.stampLogin(resumed, mark);
      end(sessions, room);
      expect(sessions.login("a", resumed)).toEqual({ outcome: "stale" });
      expect(session.identity).toBeUndefined();
      expect(sessions.ofUser("anna").size).toBe(0);
    }
  });

  it("lets the login that began later win, whichever is bound first", () => {
    for (const laterFirst of [true, false]) {
      const { sessions, connect, identity } = open();
      connect("a");
      connect("b");
      const [earlier, later] = [identity("anna", "login-1"), identity("anna", "login-2")];
      for (const login of [earlier, later]) sessions.stampLogin(login, sessions.markLogin());
      const bindEarlier = () => sessions.login("a", earlier, []);
      const bindLater = () => sessions.login("b", later, ["login-1"]);
      for (const bind of laterFirst ? [bindLater, bindEarlier] : [bindEarlier, bindLater]) bind();
      expect([...sessions.ofUser("anna")].map(({ id }) => id)).toEqual(["b"]);
    }
  });

  it("binds a login whose lookup began after others ended, or that was spared", () => {
    const { sessions, connect, identity } = open();
    connect("a");
    const early = sessions.markLogin();
    sessions.endUser("ben");
    sessions.endLogin("anna", "login-0");
    sessions.endUser("anna", { exceptLoginId: "login-1" });
    const spared = identity("anna", "login-1");
    sessions.stampLogin(spared, early);
    expect(sessions.login("a", spared)).toMatchObject({ outcome: "bound" });
    sessions.endUser("anna");
    const later = identity("anna", "login-2");
    sessions.stampLogin(later, sessions.markLogin());
    expect(sessions.login("a", later)).toMatchObject({ outcome: "bound" });
  });

  it("takes a login for ended when more have ended since than it remembers", () => {
    const { sessions, connect, identity } = open();
    connect("a");
    const resumed = identity("anna", "login-1");
    sessions.stampLogin(resumed, sessions.markLogin());
    for (let index = 0; index < 1_025; index += 1) sessions.endLogin("ben", `login-${index}`);
    expect(sessions.login("a", resumed)).toEqual({ outcome: "stale" });
  });

  it("leaves nothing behind when the connection ended during its login", () => {
    const { sessions, connect, identity } = open();
    const { session } = connect("a");
    sessions.remove(session);
    expect(sessions.login("a", identity("anna", "login-1"))).toEqual({ outcome: "gone" });
    expect(sessions.ofUser("anna").size).toBe(0);
    expect(session.identity).toBeUndefined();
  });
});

describe("watchers", () => {
  it("hear of connections, logins and ends in order", () => {
    const { sessions, connect, identity } = open();
    const heard: string[] = [];
    sessions.watch({
      connected: (session) => heard.push(`connected ${session.id}`),
      disconnected: (session, who) => heard.push(`disconnected ${session.id} ${who?.userId ?? "-"}`),
      loggedIn: (session, { userId }) => heard.push(`in ${session.id} ${userId}`),
      loggedOut: (session, { userId }, reason) => heard.push(`out ${session.id} ${userId} ${reason ?? "-"}`),
      reachable: (session) => heard.push(`reachable ${session.id}`),
    });
    const { session } = connect("a");
    sessions.listening(session);
    sessions.login("a", identity("anna", "login-1"));
    sessions.listening(session);
    const second = connect("b");
    sessions.login("b", identity("anna", "login-2"));
    sessions.listening(second.session);
    sessions.logout("b");
    sessions.remove(second.session);
    sessions.remove(session);
    expect(heard).toEqual([
      "connected a",
      "in a anna",
      "reachable a",
      "connected b",
      "out a anna kicked",
      "in b anna",
      "reachable b",
      "out b anna -",
      "disconnected b -",
      "disconnected a -",
    ]);
  });

  it("harm nothing by throwing", () => {
    const { sessions, log, connect } = open();
    sessions.watch({
      connected() {
        throw new Error("no");
      },
    });
    connect("a");
    expect(sessions.size).toBe(1);
    expect(log.lines).toMatchObject([{ level: "error" }]);
  });
});
