// What users of the server import: a server, modules for it, and what both are made of.
export { createServer, type Ports, type Server, type ServerOptions } from "./server.ts";
export type { Listening } from "./listeners.ts";
export type { ListenerKind } from "./config/schema-listen.ts";
export type { Config, ConfigInput } from "./config/schema.ts";
export { loadConfig, resolveConfig, type LoadedConfig, type LoadOptions } from "./config/load.ts";
export {
  implement,
  type CallOf,
  type FuncLimits,
  type Handler,
  type Handlers,
  type ImplementOptions,
  type ServerModule,
} from "./runtime/define-module.ts";
export { fail, type FailOptions } from "./runtime/fail.ts";
export type { Clock } from "./runtime/clock.ts";
export type {
  CallContext,
  CallUser,
  EndedSession,
  ModuleContext,
  UserCallContext,
} from "./runtime/context.ts";
export type {
  KeepPush,
  ModulePushes,
  PushForm,
  PushOptions,
  PushOutcome,
  PushTarget,
} from "./runtime/pushes.ts";
export type {
  ConnectEvent,
  DisconnectEvent,
  LoginEvent,
  LogoutEvent,
  RegisterEvent,
  UserCallbacks,
} from "./modules/user/callbacks.ts";
export {
  createConsoleCodeSender,
  createWebhookCodeSender,
  type CodeMessage,
  type CodeSender,
} from "./modules/user/code-sender.ts";
export type { Sessions } from "./runtime/sessions.ts";
export {
  createLog,
  silentLog,
  type Log,
  type LogFields,
  type LogFormat,
  type LogLevel,
  type LogOptions,
} from "./ops/log.ts";
