import { describe, expect, it } from "vitest";
import { Admission, type IdHolder } from "./admission.ts";
import type { ConnectPacket } from "./connect-packet.ts";
import { defaultGateOptions } from "./options.ts";

function connectPacket(clientId: string, more: Partial<ConnectPacket> = {}): ConnectPacket {
  return {
    protocolLevel: 4,
    clientId,
    clientIdBytes: Buffer.from(clientId),
    cleanSession: true,
    keepAliveS: 30,
    willTopic: undefined,
    ...more,
  };
}

function holder(admission: Admission, id: string, overdue = false): IdHolder & { gone: boolean } {
  return {
    gone: false,
    isOverdue: () => overdue,
    giveWay() {
      this.gone = true;
      admission.release(id, this);
    },
  };
}

const id = "abcdefghijklmnopqrstuvwxyz012345";

describe("Admission", () => {
  it.each([
    ["31 bytes", "x".repeat(31), 2],
    ["32 bytes", "x".repeat(32), undefined],
    ["64 bytes", "x".repeat(64), undefined],
    ["65 bytes", "x".repeat(65), 2],
    ["16 characters of 3 bytes", "玩".repeat(16), undefined],
    ["10 characters of 3 bytes", "玩".repeat(10), 2],
    ["22 characters of 3 bytes", "玩".repeat(22), 2],
    ["none at all", "", 2],
    ["a line feed", `${"x".repeat(32)}\n`, 2],
    ["U+0085", `${"x".repeat(32)}\u0085`, 2],
  ])("decides on a client id of %s [connect-2]", (_what, clientId, code) => {
    expect(new Admission(defaultGateOptions).check(connectPacket(clientId))?.code).toBe(code);
  });

  it("refuses wills on reserved topics and below $ [topic-7]", () => {
    const admission = new Admission(defaultGateOptions);
    const codes = ["s", "i", "p", "score", "$SYS/x", "game/x"].map(
      (willTopic) => admission.check(connectPacket(id, { willTopic }))?.code,
    );
    expect(codes).toEqual([5, 5, 5, 5, 5, undefined]);
  });

  it("gives an id to one holder at a time [connect-3]", () => {
    const admission = new Admission(defaultGateOptions);
    const [first, second] = [holder(admission, id), holder(admission, id)];
    expect(admission.claim(id, first, 0)).toBeUndefined();
    expect(admission.claim(id, second, 0)).toMatchObject({ code: 5, reason: "duplicate" });
    expect(first.gone).toBe(false);
    admission.release(id, second);
    expect(admission.claim(id, second, 0), "only its holder frees an id").toBeDefined();
    admission.release(id, first);
    expect(admission.claim(id, second, 0)).toBeUndefined();
  });

  it("lets a holder that is overdue give way [connect-3]", () => {
    const admission = new Admission(defaultGateOptions);
    const dead = holder(admission, id, true);
    admission.claim(id, dead, 0);
    expect(admission.claim(id, holder(admission, id), 0)).toBeUndefined();
    expect(dead.gone).toBe(true);
  });

  it("lets the newcomer take over where the configuration says so [connect-3]", () => {
    const admission = new Admission({ ...defaultGateOptions, duplicateClientId: "takeover" });
    const first = holder(admission, id);
    admission.claim(id, first, 0);
    expect(admission.claim(id, holder(admission, id), 0)).toBeUndefined();
    expect(first.gone).toBe(true);
  });

  it("counts connections in all and by address", () => {
    const admission = new Admission({
      ...defaultGateOptions,
      maxConnections: 3,
      maxConnectionsPerAddress: 2,
    });
    expect(["a", "a", "a", "b", "c"].map((address) => admission.enter(address))).toEqual([
      undefined,
      undefined,
      "address",
      undefined,
      "full",
    ]);
    admission.leave("a");
    expect(admission.enter("a")).toBeUndefined();
  });

  it("counts addresses of one IPv6 network together", () => {
    const admission = new Admission({ ...defaultGateOptions, maxConnectionsPerAddress: 2 });
    const [first, second, third] = ["2001:db8:1:2::1", "2001:db8:1:2:a:b:c:d", "2001:db8:1:2::ffff"] as const;
    expect([admission.enter(first), admission.enter(second)]).toEqual([undefined, undefined]);
    expect(admission.enter(third)).toBe("address");
    expect(admission.enter("2001:db8:1:3::1")).toBeUndefined();
    admission.leave(second);
    expect(admission.enter(third)).toBeUndefined();
  });
});
