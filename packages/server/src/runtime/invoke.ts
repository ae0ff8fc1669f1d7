/**
 * The way of one call, from its names to its answer. Nothing here throws or rejects: each failure becomes an answer,
 * and what the client must not read goes to the log.
 */
import {
  isMqplayError,
  MqplayError,
  readOnceField,
  States,
  toMqplayError,
  type Answer,
  type Call,
  type Encoding,
  type ErrorCode,
  type StateName,
} from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import { ActiveCall, type ModuleServices } from "./active-call.ts";
import { answerBusy, answerError, answerNotRun, answerRan } from "./answers.ts";
import type { Caller, Identity } from "./caller.ts";
import type { Clock } from "./clock.ts";
import { Deadlines, type Deadline } from "./deadline.ts";
import type { ServerModule } from "./define-module.ts";
import { OnceCalls } from "./once.ts";
import type { ModuleRegistry, ServedFunc } from "./registry.ts";
import { decodeParams, encodeResult } from "./validate.ts";

/** What a caller is told to wait when too many calls run, in ms: long enough for most calls to end. */
export const BUSY_RETRY_AFTER_MS = 1_000;

/** Of a call that is sent again when its connection ends: its handler works on, for its caller comes back. [call-5] */
const neverGone = new AbortController().signal;

/** What {@link Invoker} works with. */
export interface InvokerDeps {
  readonly registry: ModuleRegistry;
  readonly servicesOf: (module: ServerModule) => ModuleServices;
  readonly log: Log;
  readonly clock: Clock;
  /** Calls that may run at once, of all functions. */
  readonly maxRunning: number;
}

/** Runs calls one by one, and knows those that run. */
export class Invoker {
  readonly #registry: ModuleRegistry;
  readonly #servicesOf: (module: ServerModule) => ModuleServices;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #maxRunning: number;
  readonly #deadlines: Deadlines;
  readonly #once: OnceCalls;
  readonly stats = { calls: 0, internalErrors: 0, timeouts: 0, lateResults: 0, refused: 0 };
  /** Calls whose handler has not answered yet, those that wait for their turn included. */
  #running = 0;
  #idle: (() => void) | undefined;
  #stopped = false;

  constructor(deps: InvokerDeps) {
    this.#registry = deps.registry;
    this.#servicesOf = deps.servicesOf;
    this.#log = deps.log;
    this.#clock = deps.clock;
    this.#maxRunning = deps.maxRunning;
    this.#deadlines = new Deadlines(deps.clock);
    this.#once = new OnceCalls(deps.clock);
  }

  get running(): number {
    return this.#running;
  }

  invoke(call: Call, caller: Caller): Answer | Promise<Answer> {
    this.stats.calls += 1;
    const served = this.#registry.find(call.module, call.func);
    if (served === "unknown") return answerNotRun("notFound"); // [bad-1]
    if (served === "notServed") return answerNotRun("serverIsDown"); // [bad-2]
    const { access } = served.func.contract;
    if (access === "internal" && caller.via !== "internal") return answerNotRun("notFound"); // [module-4]
    let user = caller.identity;
    if (user !== undefined && user.expiresAtMs <= this.#clock.nowMs()) {
      if (access === "user") return answerNotRun("loginTimeOut"); // [user-3]
      user = undefined;
    }
    if (access === "user" && user === undefined) return answerNotRun("needLogin"); // [module-5]
    let request: unknown;
    let key: string | undefined;
    try {
      request = decodeParams(served.func.contract, call);
      if (served.func.contract.idempotent) key = keyOf(call);
    } catch (error) {
      return this.#answerBadParams(served, error);
    }
    if (key === undefined) return this.#run(served, request, call.encoding, caller, user);
    return this.#runOnce(served, request, call, key, caller, user);
  }

  /** [call-5] */
  #runOnce(
    served: ServedFunc,
    request: unknown,
    call: Call,
    key: string,
    caller: Caller,
    user: Identity | undefined,
  ): Answer | Promise<Answer> {
    const { sessionId, identity, remoteAddress, via } = caller;
    const staying: Caller = { sessionId, identity, remoteAddress, via, signal: neverGone };
    return this.#once.run(
      // Also whose login has timed out since: it is still their connection.
      { owner: identity?.userId ?? sessionId, name: served.name, key, call },
      () => this.#run(served, request, call.encoding, staying, user, key),
      () => this.#refuse(call.encoding),
    );
  }

  /** Resolves when no call runs. */
  async whenIdle(): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  /** Ends all calls that run: they are answered ServerIsDown. */
  endAll(): void {
    this.#stopped = true;
    this.#deadlines.expireAll();
  }

  #run(
    served: ServedFunc,
    request: unknown,
    encoding: Encoding,
    caller: Caller,
    user: Identity | undefined,
    key?: string,
  ): Answer | Promise<Answer> {
    const { slots, func } = served;
    if (this.#running >= this.#maxRunning) return this.#refuse(encoding);
    const active = new ActiveCall(served, caller, user, this.#servicesOf(served.module), key);
    if (slots !== undefined && !slots.tryEnter()) return this.#waitForTurn(served, active, request, encoding);
    try {
      const value = func.handler(active, request);
      if (isThenable(value)) return this.#await(served, active, value, encoding);
      const answer = encodeResult(func.contract, value, encoding);
      slots?.leave();
      active.end();
      return answer;
    } catch (error) {
      slots?.leave();
      active.end();
      return this.answerThrown(served, active, error, encoding);
    }
  }

  #waitForTurn(
    served: ServedFunc,
    active: ActiveCall,
    request: unknown,
    encoding: Encoding,
  ): Answer | Promise<Answer> {
    const { slots, func } = served;
    return new Promise<Answer>((resolve) => {
      const onTurn = (): void => {
        run.started = true;
        // Called within another call's end: nothing may escape into it.
        try {
          this.#settleBy(run, func.handler(active, request));
        } catch (error) {
          run.fail(error);
        }
      };
      const run = new PendingCall(this, served, active, encoding, resolve, () => slots?.giveUp(onTurn));
      if (slots?.wait(onTurn) === true) this.#begin(run);
      else resolve(this.#refuse(encoding));
    });
  }

  #await(
    served: ServedFunc,
    active: ActiveCall,
    value: PromiseLike<unknown>,
    encoding: Encoding,
  ): Promise<Answer> {
    return new Promise<Answer>((resolve) => {
      const run = new PendingCall(this, served, active, encoding, resolve, undefined);
      run.started = true;
      this.#begin(run);
      this.#settleBy(run, value);
    });
  }

  #begin(run: PendingCall): void {
    this.#running += 1;
    run.deadline = this.#deadlines.start(run.served.timeoutMs, () => run.expire());
  }

  #settleBy(run: PendingCall, value: unknown): void {
    if (!isThenable(value)) {
      run.succeed(value);
      return;
    }
    // Wrapped, for a foreign thenable may throw instead of rejecting; a promise is passed through as it is.
    void Promise.resolve(value).then(
      (result) => run.succeed(result),
      (error: unknown) => run.fail(error),
    );
  }

  /** A pending call has its answer. */
  ended(): void {
    this.#running -= 1;
    if (this.#running === 0) this.#idle?.();
  }

  /** What a call gets whose time is up, and what the log gets. */
  answerExpired(served: ServedFunc, active: ActiveCall, started: boolean, encoding: Encoding): Answer {
    const state = this.#stopped ? "serverIsDown" : "requestTimeout";
    if (!this.#stopped) {
      this.stats.timeouts += 1;
      active.log.warn({ timeoutMs: served.timeoutMs, started }, "A call ran into its time limit");
    }
    return started ? answerRan(state, encoding) : answerNotRun(state); // [bad-6]
  }

  answerResult(served: ServedFunc, active: ActiveCall, value: unknown, encoding: Encoding): Answer {
    try {
      return encodeResult(served.func.contract, value, encoding);
    } catch (error) {
      return this.answerThrown(served, active, error, encoding);
    }
  }

  #refuse(encoding: Encoding): Answer {
    this.stats.refused += 1;
    return answerBusy(BUSY_RETRY_AFTER_MS, encoding);
  }

  #answerBadParams(served: ServedFunc, error: unknown): Answer {
    if (isMqplayError(error) && (error.code === "paramParseFail" || error.code === "paramNotAllow")) {
      return answerNotRun(error.code); // [bad-3]
    }
    this.stats.internalErrors += 1;
    this.#log.error({ err: error, call: served.name }, "Decoding a call's parameters failed");
    return answerNotRun("internal");
  }

  /** What a call gets whose handler threw, or returned what it must not. */
  answerThrown(served: ServedFunc, active: ActiveCall, thrown: unknown, encoding: Encoding): Answer {
    // Its connection is gone: nobody reads the answer, and nothing went wrong.
    if (active.isAbortReason(thrown)) return answerRan("requestTimeout", encoding);
    let what = "A handler failed";
    const error = toMqplayError(thrown);
    // What another server told this one is not for this one's clients.
    if (!error.fromPeer) {
      const declared = served.func.contract.errors.find(
        ({ state, name }) => state === error.state && name === error.errorName,
      );
      if (declared !== undefined) return answerError(declared, encoding);
      const general = error.code;
      if (isGeneral(general) && general !== "internal") {
        if (general === "storageError" || general === "serverIsDown") {
          active.log.warn({ err: thrown }, "A call failed because something behind the server did");
        }
        if (general === "tooManyRequests" && error.retryAfterMs !== undefined) {
          return answerBusy(error.retryAfterMs, encoding);
        }
        return answerRan(general, encoding);
      }
      if (error.code === "functionError") {
        what = `A handler threw the error "${error.errorName ?? ""}", which its function does not declare`;
      }
    }
    this.stats.internalErrors += 1;
    active.log.error({ err: thrown }, what); // [bad-5] the text goes here and nowhere else
    return answerRan("internal", encoding);
  }
}

/** A call whose answer comes later. Whatever happens first decides; the rest is dropped. [answer-5] */
class PendingCall {
  readonly served: ServedFunc;
  deadline: Deadline | undefined;
  /** True once the handler has been called. */
  started = false;
  readonly #invoker: Invoker;
  readonly #active: ActiveCall;
  readonly #encoding: Encoding;
  readonly #giveUp: (() => void) | undefined;
  #resolve: ((answer: Answer) => void) | undefined;

  constructor(
    invoker: Invoker,
    served: ServedFunc,
    active: ActiveCall,
    encoding: Encoding,
    resolve: (answer: Answer) => void,
    giveUp: (() => void) | undefined,
  ) {
    this.#invoker = invoker;
    this.served = served;
    this.#active = active;
    this.#encoding = encoding;
    this.#resolve = resolve;
    this.#giveUp = giveUp;
  }

  succeed(value: unknown): void {
    this.served.slots?.leave();
    if (this.#resolve === undefined) return this.#late(undefined);
    this.#answer(this.#invoker.answerResult(this.served, this.#active, value, this.#encoding));
  }

  fail(error: unknown): void {
    this.served.slots?.leave();
    if (this.#resolve === undefined) return this.#late(error);
    this.#answer(this.#invoker.answerThrown(this.served, this.#active, error, this.#encoding));
  }

  /** The time limit struck. A handler that runs keeps its slot until it ends: it is still at work. */
  expire(): void {
    const { started } = this;
    if (!started) this.#giveUp?.();
    const answer = this.#invoker.answerExpired(this.served, this.#active, started, this.#encoding);
    this.#answer(answer);
    this.#active.abort(new DOMException("The call's time limit struck", "TimeoutError"));
  }

  #answer(answer: Answer): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.deadline?.cancel();
    this.#active.end();
    this.#invoker.ended();
    resolve?.(answer);
  }

  #late(error: unknown): void {
    this.#invoker.stats.lateResults += 1;
    this.#active.log.debug(
      error === undefined ? {} : { err: error },
      "A result came after its call had been answered",
    );
  }
}

/** The key of a call, where it has one. @throws MqplayError `paramParseFail` when it has something else in its place */
function keyOf(call: Call): string | undefined {
  if (call.encoding === "json") return call.once;
  try {
    return readOnceField(call.params);
  } catch (cause) {
    throw new MqplayError("paramParseFail", toMqplayError(cause).detail, { cause, path: "once" });
  }
}

function isGeneral(code: ErrorCode): code is StateName {
  return Object.hasOwn(States, code);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
