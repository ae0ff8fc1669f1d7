/**
 * Runs calls. In comes a call and who makes it; out goes its one answer. It knows modules, no MQTT and no envelope.
 *
 * The order is always the same: find the module and the function, who may call it, its parameters, its limits, its
 * handler under a time limit, its result. A handler that answers at once is answered at once: no promise is made.
 */
import type { Answer, Call } from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import type { Caller } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { ServerModule } from "./define-module.ts";
import type { PushService } from "./pushes.ts";
import type { Sessions } from "./sessions.ts";

export type { Caller } from "./caller.ts";

/** What the runtime works with. */
export interface RuntimeDeps {
  /** The house's own modules, numbers 1 to 10. */
  readonly builtInModules: readonly ServerModule[];
  /** The application's modules, numbers from 11 on. [module-1] */
  readonly modules: readonly ServerModule[];
  readonly sessions: Sessions;
  readonly pushes: PushService;
  readonly log: Log;
  /** @default the machine's own */
  readonly clock?: Clock;
}

/** Runs calls. */
export interface Runtime {
  /** Runs a call. Never throws and never rejects: every failure is an answer. Before start and after stop: ServerIsDown. */
  invoke(call: Call, caller: Caller): Answer | Promise<Answer>;
  /** Starts the modules, in order; when one fails, stops those that are started and rejects. */
  start(): Promise<void>;
  /** Takes no more calls, waits for those that run, at most `deadlineMs`, then ends them and stops the modules. */
  stop(deadlineMs: number): Promise<void>;
  /** Calls that run now. */
  readonly running: number;
  readonly stats: RuntimeStats;
}

/** What the runtime has counted since it was made. */
export interface RuntimeStats {
  readonly calls: number;
  /** Answered Internal: bugs. */
  readonly internalErrors: number;
  /** Answered RequestTimeout. */
  readonly timeouts: number;
  /** Results that came after their call had been answered. */
  readonly lateResults: number;
  /** Refused because too many run. */
  readonly refused: number;
}
