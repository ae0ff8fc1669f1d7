/**
 * A small contract and what a runtime needs around it, for tests.
 */
import {
  defineMessage,
  States,
  type Answer,
  type Call,
  type Message,
  type ModuleContract,
  type StateName,
} from "@mqplay/shared";
import type { Caller, Identity } from "../caller.ts";
import { implement, type Handlers, type ImplementOptions, type ServerModule } from "../define-module.ts";
import type { PushService } from "../pushes.ts";
import { createRuntime, type Runtime, type RuntimeOptions } from "../runtime.ts";
import type { Sessions } from "../sessions.ts";
import { ManualClock } from "./manual-clock.ts";
import { createRecordedLog, type RecordedLog } from "./recorded-log.ts";

/** A text and a number. */
export interface Say {
  readonly text: string;
  readonly times: number;
}

/** The message of {@link Say}. */
export const Say: Message<Say> = defineMessage("Say", [
  { number: 1, name: "text", type: "string", maxLen: 10 },
  { number: 2, name: "times", type: "int32" },
]);

/** A module of the smallest kind: one function of each access. */
export const Echo = {
  name: "Echo",
  number: 11,
  funcs: {
    say: {
      name: "Say",
      number: 1,
      request: Say,
      response: Say,
      access: "public",
      idempotent: false,
      sticky: null,
      errors: [{ state: 1, name: "tooLoud", msg: "Too loud" }],
    },
    whoAmI: {
      name: "WhoAmI",
      number: 2,
      request: null,
      response: Say,
      access: "user",
      idempotent: true,
      sticky: null,
      errors: [],
    },
    nothing: {
      name: "Nothing",
      number: 3,
      request: null,
      response: null,
      access: "public",
      idempotent: false,
      sticky: null,
      errors: [],
    },
    inside: {
      name: "Inside",
      number: 4,
      request: null,
      response: null,
      access: "internal",
      idempotent: false,
      sticky: null,
      errors: [],
    },
  },
  pushes: { said: { name: "Said", number: 7, content: Say } },
  errors: {
    tooLoud: { state: 1, name: "tooLoud", msg: "Too loud" },
    elsewhere: { state: 2, name: "elsewhere", msg: "Declared by no function" },
  },
} as const satisfies ModuleContract;

/** Handlers that answer at once. */
export const echoHandlers: Handlers<typeof Echo> = {
  say: (_call, request) => request,
  whoAmI: (call) => ({ text: call.user.userId, times: 1 }),
  nothing() {},
  inside() {},
};

/** Makes the module Echo with some handlers of one's own. */
export function createEcho(
  handlers: Partial<Handlers<typeof Echo>> = {},
  options?: ImplementOptions<typeof Echo>,
): ServerModule {
  return implement(Echo, { ...echoHandlers, ...handlers }, options);
}

/** Sessions that nobody asks. */
export const noSessions: Sessions = {
  singleLogin: "kick",
  login: () => ({ outcome: "gone" }),
  logout: () => undefined,
  renew: () => false,
  endLogin: () => 0,
  endUser: () => 0,
  isOnline: () => false,
  markLogin: () => 0,
  stampLogin() {},
};

/** Pushes that reach nobody. */
export const noPushes: PushService = {
  send: () => ({ sent: 0, kept: 0, dropped: 1 }),
  join: () => false,
  leave() {},
  sizeOf: () => 0,
};

/** A runtime and what surrounds it. */
export interface TestRuntime {
  readonly runtime: Runtime;
  readonly clock: ManualClock;
  readonly log: RecordedLog;
}

/** Starts a runtime with these modules. */
export async function startRuntime(
  modules: readonly ServerModule[] = [createEcho()],
  options: RuntimeOptions & { readonly pushes?: PushService } = {},
): Promise<TestRuntime> {
  const clock = new ManualClock();
  const log = createRecordedLog();
  const { pushes = noPushes, ...rest } = options;
  const runtime = createRuntime(
    { builtInModules: [], modules, sessions: noSessions, pushes, log, clock },
    rest,
  );
  await runtime.start();
  return { runtime, clock, log };
}

/** A call in JSON. */
export function json(module: string | number, func: string | number, params?: unknown): Call {
  return { encoding: "json", module, func, params };
}

/** A call in protobuf. */
export function protobuf(module: number, func: number, params = new Uint8Array(0)): Call {
  return { encoding: "protobuf", module, func, params };
}

/** Somebody who is not logged in. */
export function stranger(over: Partial<Caller> = {}): Caller {
  return {
    sessionId: "session-1",
    identity: undefined,
    remoteAddress: "192.0.2.1",
    via: "mqtt",
    signal: new AbortController().signal,
    ...over,
  };
}

/** Somebody who is logged in. */
export function member(identity: Partial<Identity> = {}, over: Partial<Caller> = {}): Caller {
  const complete = {
    userId: "user-1",
    loginId: "login-1",
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    ...identity,
  };
  return stranger({ identity: complete, ...over });
}

/** The answer of a call whose function did not run. */
export function notRun(name: StateName): Answer {
  return { ...States[name], result: undefined };
}

/** The answer of a JSON call whose function ran and failed. */
export function ran(name: StateName): Answer {
  return { ...States[name], result: "null" };
}
