import { describe, expect, it } from "vitest";
import { User } from "./generated/user.ts";
import { findFunc, nearestName } from "./registry.ts";

describe("findFunc", () => {
  it("finds a function by its wire name, exactly, and by its number [module-2]", () => {
    expect(findFunc(User, "GetSelfInfo")).toBe(User.funcs.getSelfInfo);
    expect(findFunc(User, 4)).toBe(User.funcs.getSelfInfo);
  });

  it.each([
    "getSelfInfo",
    "getselfinfo",
    "toString",
    "__proto__",
    "constructor",
    "4",
    "",
    0,
    11,
    -1,
    4.5,
    Number.NaN,
  ])("finds nothing for %j", (name) => {
    expect(findFunc(User, name)).toBeUndefined();
  });
});

describe("nearestName", () => {
  const names = Object.values(User.funcs).map((func) => func.name);

  it.each([
    ["login", "Login"],
    ["Logn", "Login"],
    ["Lgoin", "Login"],
    ["Logou", "Logout"],
    ["GetSelfinfos", "GetSelfInfo"],
    ["SendForgotPasswordVerifyCode", "SendForgotPasswordVrifyCode"],
  ])("takes %s for %s", (name, meant) => {
    expect(nearestName(name, names)).toBe(meant);
  });

  it.each(["Fly", "", "X", "a".repeat(10_000)])(
    "has no suggestion for a name like nothing that there is",
    (name) => {
      expect(nearestName(name, names)).toBeUndefined();
    },
  );
});
