/**
 * A module for tests, number 13: each call of `Ring` pushes to whoever called.
 */
import { implement, type ServerModule } from "@mqplay/server";
import { User } from "@mqplay/shared";

const ring = {
  name: "Ring",
  number: 1,
  request: null,
  response: null,
  access: "user",
  idempotent: false,
  sticky: null,
  errors: [],
} as const;

/** Its contract. */
export const Bell = {
  name: "Bell",
  number: 13,
  funcs: { ring },
  pushes: { rang: { ...User.pushes.onLoginSuccessNotify, name: "Rang", number: 1 } },
  errors: {},
} as const;

/** The module. */
export const bellModule: ServerModule = implement(Bell, {
  ring: (call) => call.push(Bell.pushes.rang, { msg: "rang" }),
});
