/**
 * The house without its doors: every room that needs no port, made and wired. server.ts opens ports to it; the test
 * server of testing/ brings its clients in by streams within the process.
 */
import { classicProfile, MqplayError } from "@mqplay/shared";
import { loadModules } from "./config/load-modules.ts";
import type { Config } from "./config/schema.ts";
import { createGate, type Gate } from "./gate/gate.ts";
import { createGateMetrics, type GateMetrics } from "./gate/metrics.ts";
import { createPushModule } from "./modules/push/push.ts";
import type { UserCallbacks } from "./modules/user/callbacks.ts";
import {
  createConsoleCodeSender,
  createWebhookCodeSender,
  type CodeSender,
} from "./modules/user/code-sender.ts";
import { createUserModule, type UserModule } from "./modules/user/user.ts";
import type { Log } from "./ops/log.ts";
import type { Clock } from "./runtime/clock.ts";
import type { ServerModule } from "./runtime/define-module.ts";
import { createRuntime, type Runtime } from "./runtime/runtime.ts";
import { createResume } from "./session/identity.ts";
import { createPushService, type LocalPushes } from "./session/pushes.ts";
import { createSessionRegistry, type SessionRegistry } from "./session/registry.ts";
import { createStores, type Stores } from "./store/stores.ts";

/** What an application may bring. */
export interface ApplicationOptions {
  /** The application's own modules, besides those that the setting `modules` names. @default none */
  readonly modules?: readonly ServerModule[];
  /** What the application hears of its users. @default nothing */
  readonly callbacks?: UserCallbacks;
  /** Sends verification codes. @default what the setting `user.codeSender` names */
  readonly codeSender?: CodeSender;
}

/** What the application brings, complete. */
export interface Application {
  readonly modules: readonly ServerModule[];
  readonly codeSender: CodeSender | undefined;
  readonly callbacks: UserCallbacks | undefined;
}

/**
 * Gathers what the application brings and what the configuration names.
 * @throws MqplayError `configInvalid` when a module cannot be loaded, when codes are asked for that nothing sends, or when
 * they would go into the log of a server in production
 */
export async function gatherApplication(
  options: ApplicationOptions,
  config: Config,
  log: Log,
): Promise<Application> {
  const modules = [...(options.modules ?? []), ...(await loadModules(config.modules, process.cwd()))];
  const codeSender = options.codeSender ?? createCodeSender(config, log);
  if (config.user.verification === "code" && codeSender === undefined) {
    throw new MqplayError(
      "configInvalid",
      '"user.verification" is "code", but nothing sends codes: set "user.codeSender"',
      {
        path: "user.codeSender",
      },
    );
  }
  return { modules, codeSender, callbacks: options.callbacks };
}

function createCodeSender({ user }: Config, log: Log): CodeSender | undefined {
  if (user.codeSender === "none") return undefined;
  if (user.codeSender === "console") {
    if (process.env["NODE_ENV"] === "production") {
      throw new MqplayError(
        "configInvalid",
        '"user.codeSender" is "console", which writes codes into the log: NODE_ENV is "production", so name a webhook',
        { path: "user.codeSender" },
      );
    }
    log.warn({}, "verification codes are written into this log: for development only");
    return createConsoleCodeSender(log.child({ room: "user" }));
  }
  return createWebhookCodeSender({
    url: user.codeSender,
    ...(user.codeSenderSecret === "" ? {} : { secret: user.codeSenderSecret }),
  });
}

/** What a house is made of. */
export interface HouseDeps {
  readonly config: Config;
  readonly application: Application;
  /** What every room but the ports tells time by. */
  readonly clock: Clock;
  readonly log: Log;
  /** Told how to close what has been opened, in the order of opening; close it in reverse. */
  readonly opened: (close: () => Promise<void>) => void;
}

/** The rooms. */
export interface House {
  readonly stores: Stores;
  readonly sessions: SessionRegistry;
  readonly pushes: LocalPushes;
  readonly user: UserModule;
  readonly runtime: Runtime;
  readonly gate: Gate;
  readonly gateMetrics: GateMetrics;
}

/** How long replies and clients may take to leave once their calls have ended, in ms. */
export const CLOSE_GRACE_MS = 1_000;

/** Makes the rooms; the stores are not waited for, and the runtime is not started. */
export async function buildHouse({ config, application, clock, log, opened }: HouseDeps): Promise<House> {
  const { modules, codeSender, callbacks } = application;
  const logOf = (room: string): Log => log.child({ room });

  const stores = await openStores(config, clock, logOf("store"));
  opened(() => stores.close());

  const sessionLog = logOf("session");
  const sessions = createSessionRegistry(
    { clock, log: sessionLog },
    { singleLogin: config.user.singleLogin },
  );
  const pushes = createPushService({ sessions, outbox: stores.outbox, log: sessionLog });
  const { legacyPasswordKey } = config.user;
  const legacyPrivateKey = legacyPasswordKey === "" ? undefined : legacyPasswordKey;
  const user = createUserModule(
    { ...stores, sessions, codeSender, callbacks, legacyPrivateKey, clock, log: logOf("user") },
    config.user,
  );
  sessions.watch(user.watcher);
  const runtime = createRuntime(
    {
      builtInModules: [user.module, createPushModule(pushes)],
      modules,
      sessions,
      pushes,
      clock,
      log: logOf("runtime"),
    },
    config.runtime,
  );

  // After the push service: when a module hears of an end, the session is in no group any more.
  sessions.watch({
    disconnected: ({ id }, identity) => runtime.sessionEnded({ sessionId: id, userId: identity?.userId }),
    loggedOut: ({ id }, { userId }) => runtime.sessionEnded({ sessionId: id, userId }),
  });

  const resume = createResume({ resolveToken: (token) => user.resolveToken(token), log: sessionLog });
  const gateMetrics = createGateMetrics();
  const gate = await createGate(
    { runtime, sessions, resume, clock, profile: classicProfile, metrics: gateMetrics, log: logOf("gate") },
    config.gate,
  );
  opened(() => gate.stop(0));
  return { stores, sessions, pushes, user, runtime, gate, gateMetrics };
}

/** Lets running calls end. The gate waits a little longer, so that what the runtime ends is still answered. */
export async function drainHouse({ gate, runtime }: House, drainMs: number): Promise<void> {
  await Promise.all([gate.stop(drainMs + CLOSE_GRACE_MS), runtime.stop(drainMs)]);
}

function openStores({ store, codes, lockout, outbox }: Config, clock: Clock, log: Log): Promise<Stores> {
  const { accounts, sessions, data } = store;
  return createStores(
    { accounts, sessions, dataDir: data, codes, attempts: lockout, outbox },
    { now: () => clock.nowMs(), log },
  );
}
