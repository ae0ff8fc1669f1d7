// What games use; the lines below the rule are for those who bring their own link or host.
export { connect, type Game, type GameEvents, type GameStats } from "./client.ts";
export type { ConnectOptions, Logger, ReconnectOptions, TokenSource } from "./options.ts";
export type { AbortSignalLike, CallOptions } from "./calls/call-options.ts";
export type { FuncCaller, FuncCallers, ModuleClient, ModuleOptions } from "./calls/module-client.ts";
export { customTokens, memoryTokens, type StoredTokens, type TokenStore } from "./session/token-store.ts";
export { localStorageTokens } from "./platform/local-storage.ts";
export type { Tokens } from "./session/keeper.ts";
export type { LoginEnd, LoginState, LoginUser } from "./session/login.ts";
export type { ClosedReason, GameState } from "./link/state.ts";
export type { OrdinaryMessage, OrdinaryMqtt } from "./mqtt.ts";
export type { ReceivedPush } from "./pushes.ts";
export type { Unsubscribe } from "./emitter.ts";
export type { HandshakeTrace, PacketTrace, PacketType, TraceEvent } from "./trace.ts";
export { MqplayError, isMqplayError } from "./errors.ts";
export { User } from "@mqplay/shared";

// ——— for authors of links and hosts ———
export type {
  IncomingPublish,
  Link,
  LinkListener,
  LinkPacket,
  LinkRequest,
  OpenLink,
  OutgoingPublish,
  Subscription,
  TlsOptions,
} from "./link/link.ts";
export type { LinkScheme, LinkTarget } from "./link/target.ts";
export type { HostSocket, OpenSocket, Platform, SocketListener } from "./platform/platform.ts";
export type { Clock } from "./clock.ts";
