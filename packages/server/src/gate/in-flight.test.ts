import { describe, expect, it } from "vitest";
import { InFlight } from "./in-flight.ts";

describe("InFlight", () => {
  it("knows whose packet an identifier belongs to", () => {
    const inFlight = new InFlight();
    inFlight.sendOwn(5);
    inFlight.sendBroker(6);
    expect(inFlight.acknowledge(6)).toBe("broker");
    expect(inFlight.acknowledge(5)).toBe("gate");
    expect(inFlight.ownCount).toBe(0);
  });

  it("gives an identifier that both have in flight to the one sent first [answer-1]", () => {
    const brokerFirst = new InFlight();
    brokerFirst.sendBroker(7);
    brokerFirst.sendOwn(7);
    expect([brokerFirst.acknowledge(7), brokerFirst.acknowledge(7)]).toEqual(["broker", "gate"]);
    const gateFirst = new InFlight();
    gateFirst.sendOwn(7);
    gateFirst.sendBroker(7);
    expect([gateFirst.acknowledge(7), gateFirst.acknowledge(7)]).toEqual(["gate", "broker"]);
  });

  it("keeps an acknowledgement that fits nothing from the broker", () => {
    expect(new InFlight().acknowledge(9)).toBe("nobody");
  });

  it("chooses identifiers that are not in flight, and comes round", () => {
    const inFlight = new InFlight();
    const first = inFlight.nextOwnId();
    inFlight.sendOwn(first);
    inFlight.sendBroker(first + 1);
    expect(inFlight.nextOwnId()).toBe(first + 2);
    const seen = new Set<number>();
    for (let i = 0; i < 40_000; i++) seen.add(inFlight.nextOwnId());
    expect(seen.has(first)).toBe(false);
    expect(seen.has(first + 1)).toBe(false);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(0x8000);
    expect(Math.max(...seen)).toBe(0xffff);
  });
});
