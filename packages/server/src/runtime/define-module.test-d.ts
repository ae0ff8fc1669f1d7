/**
 * What must not compile, and what a handler is given. Checked by tsc; nothing here runs.
 */
import { expectTypeOf } from "vitest";
import type { User } from "@mqplay/shared";
import type { CallUser } from "./context.ts";
import { implement, type CallOf, type Handlers } from "./define-module.ts";
import { fail } from "./fail.ts";
import { Echo, type Say } from "./testing/echo.ts";

const complete: Handlers<typeof Echo> = {
  say: (call, request) => {
    expectTypeOf(call.user).toEqualTypeOf<CallUser | undefined>();
    expectTypeOf(request).toEqualTypeOf<Say>();
    return request;
  },
  whoAmI: async (call) => {
    // The contract says `user`: somebody is logged in.
    expectTypeOf(call.user).toEqualTypeOf<CallUser>();
    return { text: call.user.userId, times: 0 };
  },
  nothing() {},
  inside: async () => {},
};

implement(Echo, complete);
implement(Echo, complete, { limits: { say: { timeoutMs: 1 } }, instance: "east" });

const { say: _say, ...withoutSay } = complete;
// @ts-expect-error a handler is missing
implement(Echo, withoutSay);
// @ts-expect-error a handler is misspelled
implement(Echo, { ...withoutSay, sey: complete.say });
// @ts-expect-error there is no such function
implement(Echo, { ...complete, surplus() {} } satisfies Handlers<typeof Echo>);
// @ts-expect-error a result of the wrong type
implement(Echo, { ...complete, say: () => ({ text: 1, times: 0 }) });
// @ts-expect-error a result where the contract has one is not optional
implement(Echo, { ...complete, say() {} });
// @ts-expect-error limits of a function that there is not
implement(Echo, complete, { limits: { sey: { timeoutMs: 1 } } });
// @ts-expect-error no such general state
fail("tooManyRequest");

expectTypeOf<CallOf<typeof User.funcs.getSelfInfo>["user"]>().toEqualTypeOf<CallUser>();
expectTypeOf<CallOf<typeof User.funcs.login>["user"]>().toEqualTypeOf<CallUser | undefined>();
expectTypeOf<Parameters<Handlers<typeof User>["login"]>[1]>().toEqualTypeOf<{
  readonly username: string;
  readonly password: string;
}>();
