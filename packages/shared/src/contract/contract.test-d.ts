// Types of generated contracts: everything here is checked by plain tsc; what must not compile says so.
import { expectTypeOf } from "vitest";
import type { ContentOf, ModuleContract, RequestOf, ResponseOf } from "./contract.ts";
import {
  Arena,
  JoinRequest,
  MoveRequest,
  type Team,
  type Arena_Moved_Push,
  type JoinAnswer,
} from "./generate/fixtures/generated/arena.ts";
import {
  User,
  User_Register_Request,
  type User_Register_Response,
  type User_TokenInfo,
} from "./generated/user.ts";
import { defineMessage } from "./message.ts";
import { decodeMessage, encodeMessage } from "./protobuf-form.ts";

/** A caller as the SDK has it: everything is inferred from the contract. */
declare function call<K extends keyof typeof User.funcs>(
  key: K,
  request: RequestOf<(typeof User.funcs)[K]>,
): ResponseOf<(typeof User.funcs)[K]>;
declare function fail(error: (typeof User.errors)[keyof typeof User.errors]): never;
declare const anyContract: ModuleContract;

// A contract is a ModuleContract, and its parts are known literally.
expectTypeOf(User).toExtend<ModuleContract>();
expectTypeOf(Arena).toExtend<typeof anyContract>();
expectTypeOf(Arena.number).toEqualTypeOf<11>();
expectTypeOf(Arena.funcs.join.access).toEqualTypeOf<"user">();
expectTypeOf(Arena.funcs.listRooms.name).toEqualTypeOf<"list_rooms">();
expectTypeOf<keyof typeof Arena.funcs>().toEqualTypeOf<"join" | "move" | "listRooms" | "close">();
expectTypeOf<keyof typeof Arena.errors>().toEqualTypeOf<"roomFull" | "noSuchRoom">();
expectTypeOf<(typeof Arena.funcs.join.errors)[number]["name"]>().toEqualTypeOf<"roomFull" | "noSuchRoom">();

// Requests, responses and contents are inferred; nothing is void.
expectTypeOf<RequestOf<typeof Arena.funcs.join>>().toEqualTypeOf<JoinRequest>();
expectTypeOf<ResponseOf<typeof Arena.funcs.join>>().toEqualTypeOf<JoinAnswer>();
expectTypeOf<RequestOf<typeof Arena.funcs.listRooms>>().toBeVoid();
expectTypeOf<ResponseOf<typeof Arena.funcs.move>>().toBeVoid();
expectTypeOf<ContentOf<typeof Arena.pushes.moved>>().toEqualTypeOf<Arena_Moved_Push>();
expectTypeOf(call("register", { username: "a", password: "b" })).toEqualTypeOf<User_Register_Response>();
expectTypeOf<User_Register_Response["tokenInfo"]>().toEqualTypeOf<User_TokenInfo>();
expectTypeOf<User_Register_Request["openId"]>().toEqualTypeOf<string | undefined>();
expectTypeOf<JoinAnswer["seat"]>().toEqualTypeOf<bigint>();
expectTypeOf<MoveRequest["turn_by"]>().toEqualTypeOf<number | undefined>();
expectTypeOf<Team>().toEqualTypeOf<0 | 1 | -2>();
fail(User.errors.accountTaken);

// Optional fields may be left out or be undefined.
call("register", { username: "a", password: "b", openId: undefined });
call("logout", undefined);

// @ts-expect-error a required field is missing
call("login", { username: "a" });
// @ts-expect-error a field has the wrong type
call("login", { username: "a", password: 1 });
// @ts-expect-error there is no such field
call("login", { username: "a", password: "b", passwrd: "b" });
// @ts-expect-error there is no such function
call("logn", { username: "a", password: "b" });
// @ts-expect-error a function without parameters takes none
call("getSelfInfo", { userId: "x" });
// @ts-expect-error the error belongs to another module
fail(Arena.errors.roomFull);
// @ts-expect-error there is no such error
void User.errors.roomFull;
// @ts-expect-error an enum takes its own numbers only
encodeMessage(JoinRequest, { room: "a", team: 2 });
// @ts-expect-error 64-bit numbers are bigint
encodeMessage(MoveRequest, { tick: 1 });
// @ts-expect-error an empty message has no fields
encodeMessage(User.funcs.getVerifyCode.response, { code: "1234" });
// @ts-expect-error messages are read-only
decodeMessage(User_Register_Request, new Uint8Array()).username = "x";
// @ts-expect-error contracts are read-only
User.number = 3;
// @ts-expect-error a table of fields names the message's fields only
defineMessage<{ readonly a: number }>("M", [{ number: 1, name: "b", type: "int32" }]);
// @ts-expect-error a field's type is one that there is
defineMessage<{ readonly a: number }>("M", [{ number: 1, name: "a", type: "int33" }]);
