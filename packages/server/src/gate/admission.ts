/**
 * Who is let in: how many connections there may be, and who holds which client id. Decided at once and in one place,
 * so that two CONNECTs with one id in the same turn cannot both win. [connect-2], [connect-3]
 */
import { MAX_CLIENT_ID_BYTES, MIN_CLIENT_ID_BYTES } from "@mqplay/shared";
import { addressKey } from "../store/address-key.ts";
import type { ConnectPacket } from "./connect-packet.ts";
import { ConnackCode } from "./frame.ts";
import type { RefuseReason } from "./metrics.ts";
import type { GateOptions } from "./options.ts";
import { ruleOfPublish } from "./topic-guard.ts";

/** The holder of a client id. */
export interface IdHolder {
  /** Whether the client has been silent for longer than it promised, by the clock `nowMs`. */
  isOverdue(nowMs: number): boolean;
  /** Ends the connection at once; its id is free when this returns. */
  giveWay(overdue: boolean): void;
}

/** Why a CONNECT is refused, and what its CONNACK says. */
export interface Refusal {
  readonly reason: RefuseReason;
  readonly code: number;
}

const badProtocol: Refusal = { reason: "protocol", code: ConnackCode.badProtocol };
const badClientId: Refusal = { reason: "clientId", code: ConnackCode.badClientId };
const duplicate: Refusal = { reason: "duplicate", code: ConnackCode.refused };
const badWill: Refusal = { reason: "will", code: ConnackCode.refused };

// U+0000 to U+001F and U+007F to U+009F (MQTT 3.1.1, 1.5.3). [connect-2]
const CONTROL_CHARACTER = /\p{Cc}/u;

/** The gate's list of who is in. */
export class Admission {
  readonly #options: GateOptions;
  readonly #holders = new Map<string, IdHolder>();
  readonly #byAddress = new Map<string, number>();
  #connections = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Takes a connection in before it has said anything; returns why not, or undefined. IPv6 counts by network. */
  enter(address: string): RefuseReason | undefined {
    if (this.#connections >= this.#options.maxConnections) return "full";
    const key = addressKey(address);
    const ofAddress = this.#byAddress.get(key) ?? 0;
    if (ofAddress >= this.#options.maxConnectionsPerAddress) return "address";
    this.#connections++;
    this.#byAddress.set(key, ofAddress + 1);
    return undefined;
  }

  /** Lets a connection go that {@link enter} took in. */
  leave(address: string): void {
    this.#connections--;
    const key = addressKey(address);
    const left = (this.#byAddress.get(key) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(key, left);
    else this.#byAddress.delete(key);
  }

  /** Decides on a CONNECT by what it says; the id is claimed by {@link claim}. */
  check(packet: ConnectPacket): Refusal | undefined {
    if (packet.protocolLevel !== 3 && packet.protocolLevel !== 4) return badProtocol;
    const { clientId, clientIdBytes } = packet;
    if (
      clientId === undefined ||
      clientIdBytes.length < MIN_CLIENT_ID_BYTES ||
      clientIdBytes.length > MAX_CLIENT_ID_BYTES ||
      CONTROL_CHARACTER.test(clientId)
    ) {
      return badClientId;
    }
    // [topic-7]
    if (packet.willTopic !== undefined && ruleOfPublish(packet.willTopic, this.#options) !== "ordinary")
      return badWill;
    return undefined;
  }

  /** Gives a client id to a holder, or says why not. */
  claim(clientId: string, holder: IdHolder, nowMs: number): Refusal | undefined {
    const current = this.#holders.get(clientId);
    if (current !== undefined) {
      const overdue = current.isOverdue(nowMs);
      if (!overdue && this.#options.duplicateClientId === "refuse") return duplicate;
      current.giveWay(overdue);
    }
    this.#holders.set(clientId, holder);
    return undefined;
  }

  /** Frees a client id, if this holder has it. */
  release(clientId: string, holder: IdHolder): void {
    if (this.#holders.get(clientId) === holder) this.#holders.delete(clientId);
  }
}
