/**
 * A module as its author writes it: a contract and one handler per function.
 */
import {
  MqplayError,
  type FuncContract,
  type ModuleContract,
  type RequestOf,
  type ResponseOf,
} from "@mqplay/shared";
import type { CallContext, EndedSession, ModuleContext, UserCallContext } from "./context.ts";

/** The call as a function's handler gets it: `user` is certain where the contract says `user`. */
export type CallOf<F> = F extends { readonly access: "user" } ? UserCallContext : CallContext;

/** Runs one function. Throw `fail(…)` to answer with an error; anything else that is thrown becomes Internal. */
export type Handler<F> = (call: CallOf<F>, request: RequestOf<F>) => ResponseOf<F> | Promise<ResponseOf<F>>;

/** One handler per function of the contract: a missing or a misspelled one does not compile. */
export type Handlers<M extends ModuleContract> = { readonly [K in keyof M["funcs"]]: Handler<M["funcs"][K]> };

/** Limits of one function. */
export interface FuncLimits {
  /** How long one call may take, in ms. @default the module's `timeoutMs` */
  readonly timeoutMs?: number;
  /** Calls that run at once; more wait. @default no limit of its own */
  readonly maxRunning?: number;
  /** Calls that wait while `maxRunning` run; more are answered TooManyRequests. @default 0 */
  readonly maxWaiting?: number;
}

/** What a module may say beside its handlers. */
export interface ImplementOptions<M extends ModuleContract> {
  /** Makes this `Name@instance`, one of several of its name. [module-2] @default the one without an instance */
  readonly instance?: string;
  /** How long a call may take, in ms. @default the runtime's `timeoutMs` */
  readonly timeoutMs?: number;
  /** Limits per function. */
  readonly limits?: { readonly [K in keyof M["funcs"]]?: FuncLimits };
  /** Runs before the first call. When it throws, the server does not start. */
  readonly start?: (context: ModuleContext) => void | Promise<void>;
  /**
   * Runs when any session ends or loses its login: what the module keeps for it can go, as its groups have already.
   * What it throws is logged and harms nothing.
   */
  readonly sessionEnded?: (session: EndedSession) => void | Promise<void>;
  /** Runs after the last call. */
  readonly stop?: () => void | Promise<void>;
}

/** A handler whose types are those of its contract; the runtime hands it only what the contract's decoder made. */
export interface AnyHandler {
  (call: CallContext, request: unknown): unknown;
}

/** One function, ready to be served. */
export interface ServerFunc {
  readonly contract: FuncContract;
  readonly handler: AnyHandler;
  readonly limits: FuncLimits;
}

/** A module, ready to be served. Made by {@link implement}. */
export interface ServerModule {
  readonly contract: ModuleContract;
  readonly instance: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly funcs: readonly ServerFunc[];
  readonly start: ((context: ModuleContext) => void | Promise<void>) | undefined;
  readonly sessionEnded: ((session: EndedSession) => void | Promise<void>) | undefined;
  readonly stop: (() => void | Promise<void>) | undefined;
}

/** What an instance may be called: it stands behind `@` in a call. */
const INSTANCE_NAME = /^[0-9A-Za-z._-]{1,64}$/;

/**
 * Makes a module of a contract and its handlers.
 * @throws MqplayError `contractInvalid` when a handler is missing, is none of the contract's functions or is no
 * function: what the types rule out in TypeScript is checked for those who write JavaScript
 */
export function implement<M extends ModuleContract>(
  contract: M,
  handlers: Handlers<M>,
  options: ImplementOptions<M> = {},
): ServerModule {
  const { instance } = options;
  if (instance !== undefined && !INSTANCE_NAME.test(instance)) {
    throw invalid(
      contract.name,
      `instance "${instance}" must be 1 to 64 letters, digits, dots, dashes or underscores`,
    );
  }
  const given = new Map<string, unknown>(Object.entries(handlers));
  const funcs = Object.entries(contract.funcs).map(([key, func]): ServerFunc => {
    const handler = given.get(key);
    given.delete(key);
    if (!isHandler(handler)) {
      throw invalid(contract.name, `handler "${key}" for ${func.name} is missing or no function; add it`);
    }
    return { contract: func, handler, limits: checkLimits(contract.name, key, options.limits?.[key] ?? {}) };
  });
  const [surplus] = given.keys();
  if (surplus !== undefined) {
    const known = Object.keys(contract.funcs).join(", ");
    throw invalid(contract.name, `handler "${surplus}" is no function of the contract; there are ${known}`);
  }
  return {
    contract,
    instance,
    timeoutMs: options.timeoutMs,
    funcs,
    start: options.start,
    sessionEnded: options.sessionEnded,
    stop: options.stop,
  };
}

function isHandler(value: unknown): value is AnyHandler {
  return typeof value === "function";
}

function checkLimits(module: string, key: string, limits: FuncLimits): FuncLimits {
  for (const [name, least] of [
    ["timeoutMs", 1],
    ["maxRunning", 1],
    ["maxWaiting", 0],
  ] as const) {
    const value = limits[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= least)) {
      throw invalid(
        module,
        `limits.${key}.${name} expected a whole number from ${least} on, got ${String(value)}`,
      );
    }
  }
  return limits;
}

function invalid(module: string, detail: string): MqplayError {
  return new MqplayError("contractInvalid", `module ${module}: ${detail}`);
}
