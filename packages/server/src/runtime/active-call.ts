/**
 * One call while its handler runs. What few handlers ask for (a signal, a log) is made when it is asked for.
 */
import type { PushContract } from "@mqplay/shared";
import type { Log } from "../ops/log.ts";
import type { CallOrigin, Caller, Identity } from "./caller.ts";
import type { CallContext } from "./context.ts";
import { createPushBody } from "./module-pushes.ts";
import type { ModulePushes, PushOptions, PushService } from "./pushes.ts";
import type { ServedFunc } from "./registry.ts";
import type { Sessions } from "./sessions.ts";

/** What calls of one module share. */
export interface ModuleServices {
  readonly log: Log;
  readonly sessions: Sessions;
  readonly pushService: PushService;
  readonly pushes: ModulePushes;
}

/** One call, as its handler sees it and as the runtime ends it. */
export class ActiveCall implements CallContext {
  readonly user: Identity | undefined;
  readonly once: string | undefined;
  readonly #caller: Caller;
  readonly #served: ServedFunc;
  readonly #services: ModuleServices;
  #controller: AbortController | undefined;
  #log: Log | undefined;
  #abortReason: Error | undefined;
  #ended = false;

  /**
   * @param user the caller's identity when it is still valid
   * @param once the call's key, where it has one [call-5]
   */
  constructor(
    served: ServedFunc,
    caller: Caller,
    user: Identity | undefined,
    services: ModuleServices,
    once?: string,
  ) {
    this.user = user;
    this.once = once;
    this.#caller = caller;
    this.#served = served;
    this.#services = services;
  }

  get sessionId(): string {
    return this.#caller.sessionId;
  }

  get caller(): string {
    return this.user?.userId ?? this.#caller.sessionId;
  }

  get remoteAddress(): string {
    return this.#caller.remoteAddress;
  }

  get via(): CallOrigin {
    return this.#caller.via;
  }

  get pushes(): ModulePushes {
    return this.#services.pushes;
  }

  get sessions(): Sessions {
    return this.#services.sessions;
  }

  get log(): Log {
    this.#log ??= this.#services.log.child({
      call: this.#served.name,
      session: this.#caller.sessionId,
      ...(this.user === undefined ? {} : { user: this.user.userId }),
    });
    return this.#log;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      const { signal } = this.#caller;
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
      else if (signal.aborted) this.#controller.abort(signal.reason);
      else if (!this.#ended) signal.addEventListener("abort", this.#onCallerEnded, { once: true });
    }
    return this.#controller.signal;
  }

  push<T>(push: PushContract<T>, content: T, options?: PushOptions): void {
    const { pushService } = this.#services;
    const body = createPushBody(this.#served.module.contract.number, push, content);
    const sent = pushService.send({ session: this.#caller.sessionId }, body, options);
    if (sent instanceof Promise) {
      sent.catch((error: unknown) => this.log.warn({ err: error, push: push.name }, "A push was lost"));
    }
  }

  /** Tells whether this is what the handler's signal was aborted with: a handler that gave up as it should. */
  isAbortReason(thrown: unknown): boolean {
    const signal = this.#controller?.signal;
    return signal?.aborted === true && thrown === signal.reason;
  }

  /** The time limit struck, or the server stops. */
  abort(reason: Error): void {
    this.#abortReason = reason;
    this.#controller?.abort(reason);
    this.end();
  }

  /** The call has its answer. */
  end(): void {
    this.#ended = true;
    if (this.#controller !== undefined) this.#caller.signal.removeEventListener("abort", this.#onCallerEnded);
  }

  readonly #onCallerEnded = (): void => this.#controller?.abort(this.#caller.signal.reason);
}
