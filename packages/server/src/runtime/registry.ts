/**
 * Which functions are served here: found by exact name, by number, or as `Name@instance`. [module-2], [call-3]
 * Everything that is wrong with a set of modules is found when it is built, before the first call.
 */
import { LOWEST_GENERAL_STATE, MqplayError, STATE_OK_LEGACY, type ModuleContract } from "@mqplay/shared";
import type { ServerFunc, ServerModule } from "./define-module.ts";
import { Slots } from "./limits.ts";

/** The lowest module number that an application may use. [module-1] */
export const FIRST_APPLICATION_MODULE = 11;

/** Module and function numbers are one byte on the wire, and 0 names none. [call-4] */
const MAX_NUMBER = 255;

/** What names may be: no `@`, which stands before an instance. */
const NAME = /^[A-Za-z][0-9A-Za-z_]{0,63}$/;

/** One function as it is served: looked up once, then read on each call. */
export interface ServedFunc {
  readonly module: ServerModule;
  readonly func: ServerFunc;
  /** `Module.Func`, for logs. */
  readonly name: string;
  readonly timeoutMs: number;
  /** Its own bound on calls at once, where it has one. */
  readonly slots: Slots | undefined;
}

/** Why there is no function: nobody knows it, or nobody serves that instance. */
export type Missing = "unknown" | "notServed";

interface ServedModule {
  readonly module: ServerModule;
  readonly funcs: ReadonlyMap<string | number, ServedFunc>;
}

/** The functions that are served here. */
export class ModuleRegistry {
  readonly #byNumber = new Map<number, ServedModule>();
  readonly #byName = new Map<string, ServedModule>();

  /**
   * @param builtIn the house's own modules, numbers 1 to 10
   * @param modules the application's, numbers from 11 on
   * @param timeoutMs the time limit of functions that name none
   * @throws MqplayError `contractInvalid` when two want the same number or name, or a number is not theirs to use
   */
  constructor(builtIn: readonly ServerModule[], modules: readonly ServerModule[], timeoutMs: number) {
    for (const module of builtIn) this.#add(module, 1, FIRST_APPLICATION_MODULE - 1, timeoutMs);
    for (const module of modules) this.#add(module, FIRST_APPLICATION_MODULE, MAX_NUMBER, timeoutMs);
  }

  /** Finds the function that a call names. */
  find(module: string | number, func: string | number): ServedFunc | Missing {
    const served = typeof module === "number" ? this.#byNumber.get(module) : this.#byName.get(module);
    if (served !== undefined) return served.funcs.get(func) ?? "unknown";
    if (typeof module === "number") return "unknown";
    const at = module.indexOf("@");
    return at > 0 && this.#byName.has(module.slice(0, at)) ? "notServed" : "unknown"; // [bad-1], [bad-2]
  }

  #add(module: ServerModule, lowest: number, highest: number, timeoutMs: number): void {
    const { contract, instance } = module;
    checkContract(contract, lowest, highest);
    const served = serve(module, timeoutMs);
    const sameNumber = this.#byNumber.get(contract.number)?.module.contract;
    if (sameNumber !== undefined && sameNumber.name !== contract.name) {
      throw invalid(contract, `number ${contract.number} is taken by module ${sameNumber.name}`);
    }
    const sameName = this.#byName.get(contract.name)?.module.contract;
    if (sameName !== undefined && sameName.number !== contract.number) {
      throw invalid(contract, `its name is taken by the module with number ${sameName.number}`);
    }
    if (instance === undefined) {
      if (this.#byNumber.get(contract.number)?.module.instance === undefined && sameNumber !== undefined) {
        throw invalid(contract, "is there twice; give each an `instance` or leave one out");
      }
      // The one without an instance is what the bare name means, whoever came first.
      this.#byNumber.set(contract.number, served);
      this.#byName.set(contract.name, served);
      return;
    }
    const full = `${contract.name}@${instance}`;
    if (this.#byName.has(full)) throw invalid(contract, `instance "${instance}" is there twice`);
    this.#byName.set(full, served);
    if (sameNumber === undefined) {
      this.#byNumber.set(contract.number, served);
      this.#byName.set(contract.name, served);
    }
  }
}

function serve(module: ServerModule, defaultTimeoutMs: number): ServedModule {
  const { contract, instance } = module;
  const funcs = new Map<string | number, ServedFunc>();
  for (const func of module.funcs) {
    const { timeoutMs, maxRunning, maxWaiting } = func.limits;
    const served: ServedFunc = {
      module,
      func,
      name: `${contract.name}${instance === undefined ? "" : `@${instance}`}.${func.contract.name}`,
      timeoutMs: timeoutMs ?? module.timeoutMs ?? defaultTimeoutMs,
      slots: maxRunning === undefined ? undefined : new Slots(maxRunning, maxWaiting ?? 0),
    };
    funcs.set(func.contract.name, served);
    funcs.set(func.contract.number, served);
  }
  return { module, funcs };
}

function checkContract(contract: ModuleContract, lowest: number, highest: number): void {
  const { name, number } = contract;
  if (!NAME.test(name)) {
    throw invalid(contract, "its name must be a letter and then letters, digits or underscores");
  }
  if (!Number.isInteger(number) || number < lowest || number > highest) {
    throw invalid(
      contract,
      lowest === 1
        ? `number ${number} is none of the house's own, 1 to ${highest}`
        : `number ${number} is not an application's to use; take one from ${lowest} to ${highest}`,
    );
  }
  const names = new Set<string>();
  const numbers = new Set<number>();
  for (const func of Object.values(contract.funcs)) {
    if (!NAME.test(func.name)) throw invalid(contract, `function name "${func.name}" is not allowed`);
    if (!Number.isInteger(func.number) || func.number < 1 || func.number > MAX_NUMBER) {
      throw invalid(
        contract,
        `function ${func.name} has number ${func.number}; it must be 1 to ${MAX_NUMBER}`,
      );
    }
    if (names.has(func.name)) throw invalid(contract, `function ${func.name} is there twice`);
    if (numbers.has(func.number)) {
      throw invalid(contract, `number ${func.number} of function ${func.name} is another function's`);
    }
    names.add(func.name);
    numbers.add(func.number);
    for (const { state, name: error } of func.errors) {
      // [state-1] 200 is left out because clients take it as success.
      if (
        !Number.isInteger(state) ||
        state < 1 ||
        state >= LOWEST_GENERAL_STATE ||
        state === STATE_OK_LEGACY
      ) {
        throw invalid(
          contract,
          `error ${error} of ${func.name} has state ${state}; it must be 1 to 235, not 200`,
        );
      }
    }
  }
}

function invalid(contract: ModuleContract, detail: string): MqplayError {
  return new MqplayError("contractInvalid", `module ${contract.name} (${contract.number}): ${detail}`);
}
