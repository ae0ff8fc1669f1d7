/**
 * What must and what must not compile. Checked by tsc with everything else; never run.
 */
import {
  User,
  type ErrorContract,
  type FuncContract,
  type MessageType,
  type ModuleContract,
  type PushContract,
  type User_GetSelfInfo_Response,
  type User_Login_Response,
} from "@mqplay/shared";
import { expectTypeOf } from "vitest";
import type { Game } from "../client.ts";
import type { ConnectOptions } from "../options.ts";
import { localStorageTokens } from "../platform/local-storage.ts";
import type { LoginState } from "../session/login.ts";
import { customTokens, memoryTokens } from "../session/token-store.ts";

interface JoinRequest {
  readonly room: string;
  readonly seat?: number | undefined;
}
interface JoinAnswer {
  readonly players: readonly string[];
}
interface Moved {
  readonly x: number;
}

declare const joinRequest: MessageType<JoinRequest>;
declare const joinAnswer: MessageType<JoinAnswer>;
declare const moved: MessageType<Moved>;

const func = { access: "user", idempotent: false, sticky: null, errors: [] } as const;
const Arena = {
  name: "Arena",
  number: 11,
  funcs: {
    join: { ...func, name: "Join", number: 1, request: joinRequest, response: joinAnswer },
    leave: { ...func, name: "Leave", number: 2, request: null, response: null },
  },
  pushes: { moved: { name: "Moved", number: 1, content: moved } },
  errors: { roomFull: { state: 1, name: "roomFull", msg: "Room is full" } },
} as const satisfies ModuleContract;

declare const game: Game;
const arena = game.module(Arena);

// What is inferred.
expectTypeOf(arena.join({ room: "a" })).toEqualTypeOf<Promise<JoinAnswer>>();
expectTypeOf(arena.leave()).toEqualTypeOf<Promise<void>>();
expectTypeOf(arena.join).parameter(0).toEqualTypeOf<JoinRequest>();
expectTypeOf(game.user.login({ username: "a", password: "b" })).toEqualTypeOf<Promise<User_Login_Response>>();
expectTypeOf(game.user.getSelfInfo()).toEqualTypeOf<Promise<User_GetSelfInfo_Response>>();
expectTypeOf(game.user.logout()).toEqualTypeOf<Promise<void>>();
arena.on("moved", (content) => expectTypeOf(content).toEqualTypeOf<Moved>());
game.user.on("onLoginSuccessNotify", ({ msg }) => expectTypeOf(msg).toBeString());

// Options come last, and any AbortSignal fits.
void arena.join({ room: "a", seat: 2 }, { timeoutMs: 5, encoding: "protobuf" });
void arena.leave({ signal: new AbortController().signal });

// What must not compile.
// @ts-expect-error a field is missing
void arena.join({});
// @ts-expect-error a field has another type
void arena.join({ room: 1 });
// @ts-expect-error no such field
void arena.join({ room: "a", colour: "red" });
// @ts-expect-error the request is missing
void arena.join();
// @ts-expect-error a function without parameters takes options only
void arena.leave({ room: "a" });
// @ts-expect-error no such function
void arena.jion({ room: "a" });
// @ts-expect-error no such push
arena.on("moveed", () => {});
// @ts-expect-error no such field in the content
arena.on("moved", ({ y }) => y);
// @ts-expect-error no such encoding
void arena.leave({ encoding: "xml" });
// @ts-expect-error no such field in the answer
void arena.join({ room: "a" }).then(({ seats }) => seats);

// The built-in contract is one like any other.
expectTypeOf(User).toExtend<ModuleContract>();
expectTypeOf(User.funcs.login).toExtend<FuncContract>();
expectTypeOf(User.pushes.onLoginSuccessNotify).toExtend<PushContract>();
expectTypeOf(User.errors.wrongCredentials).toExtend<ErrorContract>();

// Who is logged in, and how it is kept.
if (game.login.name === "loggedIn") expectTypeOf(game.login.user?.userId).toEqualTypeOf<string | undefined>();
if (game.login.name === "over")
  expectTypeOf(game.login.reason).toEqualTypeOf<"loggedOut" | "expired" | "kicked">();
game.on("login", (state) => expectTypeOf(state).toEqualTypeOf<LoginState>());
expectTypeOf(memoryTokens()).toExtend<ConnectOptions["tokens"]>();
expectTypeOf(localStorageTokens("key")).toExtend<ConnectOptions["tokens"]>();
void customTokens({ load: () => undefined, save: async () => {}, clear: () => {} });
// @ts-expect-error a store that cannot forget
void customTokens({ load: () => undefined, save: () => {} });
// @ts-expect-error tokens lack their end
void customTokens({ load: () => ({ token: "a", refreshToken: "b" }), save: () => {}, clear: () => {} });
