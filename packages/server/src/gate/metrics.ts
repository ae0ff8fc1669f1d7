/**
 * What the gate counts. Plain numbers, because they are touched for every packet; ops/metrics.ts reads them when asked.
 */
import type { CloseReason } from "../session/session.ts";

/** Why a packet of a client was acknowledged but not acted on. */
export type DropReason = "noKey" | "reservedTopic" | "badQos" | "sysTopic" | "retainedLimit";

/** Why a CONNECT was refused, or a connection not taken. */
export type RefuseReason =
  | "protocol"
  | "clientId"
  | "duplicate"
  | "will"
  | "full"
  | "address"
  | "timeout"
  | "unavailable";

/** The gate's counters since start. */
export interface GateMetrics {
  /** Connections that are open now, let in or not. */
  open: number;
  /** Clients that were let in. */
  accepted: number;
  readonly refused: Record<RefuseReason, number>;
  /** Connections that the server ended, by reason. */
  readonly closed: Record<CloseReason, number>;
  /** Handshakes: server strings sent. */
  handshakes: number;
  /** Calls taken on `i` and `f`. */
  calls: number;
  /** Answers written. */
  answers: number;
  /** Pushes written, one for each client and topic. */
  pushes: number;
  readonly dropped: Record<DropReason, number>;
  bytesIn: number;
  bytesOut: number;
}

/** Makes a set of counters at zero. */
export function createGateMetrics(): GateMetrics {
  return {
    open: 0,
    accepted: 0,
    refused: {
      protocol: 0,
      clientId: 0,
      duplicate: 0,
      will: 0,
      full: 0,
      address: 0,
      timeout: 0,
      unavailable: 0,
    },
    closed: {
      replaced: 0,
      kicked: 0,
      takeover: 0,
      shutdown: 0,
      limit: 0,
      protocol: 0,
      loggedOut: 0,
      silent: 0,
    },
    handshakes: 0,
    calls: 0,
    answers: 0,
    pushes: 0,
    dropped: { noKey: 0, reservedTopic: 0, badQos: 0, sysTopic: 0, retainedLimit: 0 },
    bytesIn: 0,
    bytesOut: 0,
  };
}
