import type { FuncContract, ModuleContract } from "@mqplay/shared";
import { describe, expect, it } from "vitest";
import { implement, type ServerModule } from "./define-module.ts";
import { ModuleRegistry } from "./registry.ts";
import { createEcho, Echo, echoHandlers } from "./testing/echo.ts";

function func(over: Partial<FuncContract> = {}): FuncContract {
  const { nothing } = Echo.funcs;
  return { ...nothing, ...over };
}

function moduleOf(over: Partial<ModuleContract>): ServerModule {
  const contract: ModuleContract = { name: "Chat", number: 12, funcs: {}, pushes: {}, errors: {}, ...over };
  const handlers = Object.fromEntries(Object.keys(contract.funcs).map((key) => [key, () => undefined]));
  return implement(contract, handlers);
}

function build(builtIn: readonly ServerModule[], modules: readonly ServerModule[]): ModuleRegistry {
  return new ModuleRegistry(builtIn, modules, 1_000);
}

describe("ModuleRegistry", () => {
  it("refuses an application's module with a number below 11 [module-1]", () => {
    expect(() => build([], [moduleOf({ number: 10 })])).toThrow(
      "module Chat (10): number 10 is not an application's to use; take one from 11 to 255",
    );
    expect(() => build([], [moduleOf({ number: 256 })])).toThrow("contractInvalid");
    expect(() => build([moduleOf({ number: 11 })], [])).toThrow("none of the house's own");
    expect(() => build([moduleOf({ number: 2 })], [])).not.toThrow();
  });

  it("refuses two modules with one number or one name", () => {
    expect(() => build([], [moduleOf({}), moduleOf({ name: "Other" })])).toThrow(
      "number 12 is taken by module Chat",
    );
    expect(() => build([], [moduleOf({}), moduleOf({ number: 13 })])).toThrow(
      "its name is taken by the module with number 12",
    );
    expect(() => build([], [moduleOf({}), moduleOf({})])).toThrow("is there twice");
  });

  it("refuses an instance that is there twice", () => {
    const east = () => createEcho({}, { instance: "east" });
    expect(() => build([], [east(), east()])).toThrow('instance "east" is there twice');
    expect(() => build([], [createEcho(), east(), createEcho()])).toThrow("is there twice");
    expect(() => build([], [east(), createEcho()])).not.toThrow();
  });

  it("refuses functions that share a name or a number, or whose number is no byte", () => {
    const a = func({ name: "A", number: 1 });
    expect(() => build([], [moduleOf({ funcs: { a, b: func({ name: "A", number: 2 }) } })])).toThrow(
      "function A is there twice",
    );
    expect(() => build([], [moduleOf({ funcs: { a, b: func({ name: "B", number: 1 }) } })])).toThrow(
      "number 1 of function B is another function's",
    );
    for (const number of [0, 256, 1.5]) {
      expect(() => build([], [moduleOf({ funcs: { a: func({ number }) } })])).toThrow("it must be 1 to 255");
    }
  });

  it("refuses names that a call cannot carry", () => {
    for (const name of ["", "a@b", "1a", "a b", "x".repeat(65)]) {
      expect(() => build([], [moduleOf({ name })])).toThrow("contractInvalid");
      expect(() => build([], [moduleOf({ funcs: { a: func({ name }) } })])).toThrow("contractInvalid");
    }
  });

  it("refuses errors whose state means something else [state-1]", () => {
    for (const state of [0, 200, 236, 255, -1]) {
      const errors = [{ state, name: "bad", msg: "" }];
      expect(() => build([], [moduleOf({ funcs: { a: func({ errors }) } })])).toThrow(`error bad of Nothing`);
    }
  });
});

describe("implement", () => {
  it("names a handler that is missing, and one that no function has", () => {
    const { say: _say, ...rest } = echoHandlers;
    // What the types rule out, JavaScript can still do.
    const implementLoosely = (handlers: object): unknown =>
      Reflect.apply(implement, undefined, [Echo, handlers]);
    expect(() => implementLoosely(rest)).toThrow(
      'module Echo: handler "say" for Say is missing or no function',
    );
    expect(() => implementLoosely({ ...echoHandlers, sayy() {} })).toThrow(
      'handler "sayy" is no function of the contract',
    );
  });

  it("refuses instances that cannot stand in a call, and limits that are none", () => {
    expect(() => createEcho({}, { instance: "a@b" })).toThrow("contractInvalid");
    expect(() => createEcho({}, { limits: { say: { maxRunning: 0 } } })).toThrow("limits.say.maxRunning");
    expect(() => createEcho({}, { limits: { say: { timeoutMs: 0.5 } } })).toThrow("limits.say.timeoutMs");
    expect(() => createEcho({}, { limits: { say: { maxWaiting: -1 } } })).toThrow("limits.say.maxWaiting");
  });
});
