/**
 * Runs calls. In comes a call and who makes it; out goes its one answer. It knows modules, no MQTT and no envelope.
 *
 * The order is always the same: find the module and the function, who may call it, its parameters, its limits, its
 * handler under a time limit, its result. A handler that answers at once is answered at once: no promise is made.
 */
import type { Answer, Call } from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import type { ModuleServices } from "./active-call.ts";
import { answerNotRun } from "./answers.ts";
import type { Caller } from "./caller.ts";
import { systemClock, type Clock } from "./clock.ts";
import type { EndedSession } from "./context.ts";
import type { ServerModule } from "./define-module.ts";
import { Invoker } from "./invoke.ts";
import { createModulePushes } from "./module-pushes.ts";
import { resolveRuntimeOptions, type RuntimeOptions } from "./options.ts";
import type { PushService } from "./pushes.ts";
import { ModuleRegistry } from "./registry.ts";
import type { Sessions } from "./sessions.ts";

export type { Caller } from "./caller.ts";
export type { RuntimeOptions } from "./options.ts";

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
  /** Tells the started modules that a session has ended or lost its login. Never throws; nobody is waited for. */
  sessionEnded(session: EndedSession): void;
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

/**
 * Makes the runtime.
 * @throws MqplayError `contractInvalid` or `configInvalid` when modules or options do not fit together
 */
export function createRuntime(deps: RuntimeDeps, options: RuntimeOptions = {}): Runtime {
  return new ModuleRuntime(deps, options);
}

/** Least time that a module gets to stop, in ms, when its calls have used up the deadline. */
const MIN_MODULE_STOP_MS = 1_000;

/** A module that has been started, and how it is told to end. */
interface StartedModule {
  readonly module: ServerModule;
  readonly controller: AbortController;
}

class ModuleRuntime implements Runtime {
  readonly #modules: readonly ServerModule[];
  readonly #services: ReadonlyMap<ServerModule, ModuleServices>;
  readonly #invoker: Invoker;
  readonly #log: Log;
  readonly #clock: Clock;
  #state: "idle" | "starting" | "running" | "stopping" | "stopped" = "idle";
  #started: StartedModule[] = [];
  #stopping: Promise<void> | undefined;

  constructor(deps: RuntimeDeps, options: RuntimeOptions) {
    const { timeoutMs, maxRunning } = resolveRuntimeOptions(options);
    const { builtInModules, modules, sessions, pushes: pushService } = deps;
    this.#log = deps.log;
    this.#clock = deps.clock ?? systemClock;
    this.#modules = [...builtInModules, ...modules];
    this.#services = new Map(
      this.#modules.map((module) => {
        const { name, number } = module.contract;
        const log = deps.log.child({ module: name });
        return [module, { log, sessions, pushService, pushes: createModulePushes(number, pushService) }];
      }),
    );
    this.#invoker = new Invoker({
      registry: new ModuleRegistry(builtInModules, modules, timeoutMs),
      servicesOf: (module) => this.#servicesOf(module),
      log: deps.log,
      clock: this.#clock,
      maxRunning,
    });
  }

  get running(): number {
    return this.#invoker.running;
  }

  get stats(): RuntimeStats {
    return this.#invoker.stats;
  }

  invoke(call: Call, caller: Caller): Answer | Promise<Answer> {
    if (this.#state !== "running") return answerNotRun("serverIsDown"); // [bad-2]
    return this.#invoker.invoke(call, caller);
  }

  async start(): Promise<void> {
    if (this.#state !== "idle") throw new Error(`the runtime is ${this.#state}; it starts once`);
    this.#state = "starting";
    for (const module of this.#modules) {
      const controller = new AbortController();
      const { log, pushes, sessions } = this.#servicesOf(module);
      this.#started.push({ module, controller });
      try {
        await module.start?.({ log, pushes, sessions, clock: this.#clock, signal: controller.signal });
      } catch (error) {
        await this.#stopModules(MIN_MODULE_STOP_MS);
        this.#state = "stopped";
        throw error;
      }
    }
    this.#state = "running";
  }

  sessionEnded(session: EndedSession): void {
    for (const { module } of this.#started) {
      if (module.sessionEnded !== undefined) void this.#tellEnded(module, session);
    }
  }

  async #tellEnded(module: ServerModule, session: EndedSession): Promise<void> {
    try {
      await module.sessionEnded?.(session);
    } catch (error) {
      this.#log.error({ err: error, module: module.contract.name }, "A module failed at a session's end");
    }
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    await this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#state = "stopping";
    const endsAtMs = this.#clock.monotonicMs() + deadlineMs;
    if (!(await this.#within(deadlineMs, this.#invoker.whenIdle()))) {
      this.#log.warn({ running: this.running }, "Calls that still ran were ended because the server stops");
      this.#invoker.endAll();
    }
    await this.#stopModules(Math.max(MIN_MODULE_STOP_MS, endsAtMs - this.#clock.monotonicMs()));
    this.#state = "stopped";
  }

  /** Stops the started modules, the last one first. One that throws or hangs does not keep the others from it. */
  async #stopModules(limitMs: number): Promise<void> {
    const started = this.#started.toReversed();
    this.#started = [];
    for (const { module, controller } of started) {
      controller.abort(new DOMException("The module is stopped", "AbortError"));
      const { name } = module.contract;
      try {
        const ended = await this.#within(limitMs, Promise.resolve(module.stop?.()));
        if (!ended) this.#log.warn({ module: name, limitMs }, "A module did not stop in time");
      } catch (error) {
        this.#log.error({ err: error, module: name }, "A module failed to stop");
      }
    }
  }

  async #within(limitMs: number, work: Promise<void>): Promise<boolean> {
    let cancel: (() => void) | undefined;
    const limit = new Promise<boolean>(
      (resolve) => (cancel = this.#clock.after(limitMs, () => resolve(false))),
    );
    try {
      return await Promise.race([work.then(() => true), limit]);
    } finally {
      cancel?.();
    }
  }

  #servicesOf(module: ServerModule): ModuleServices {
    const services = this.#services.get(module);
    if (services === undefined) throw new Error(`module ${module.contract.name} is none of this runtime's`);
    return services;
  }
}
