/**
 * Reads the (mqplay.…) options of one declaration from what protobufjs parsed, and says which it does not know.
 */
import type protobuf from "protobufjs";
import { nearestName } from "../registry.ts";
import type { Declarations } from "./declarations.ts";
import type { Fault } from "./fault.ts";

/** The options that each kind of declaration may have. */
const KNOWN = {
  service: ["module"],
  rpc: ["func", "access", "errors", "idempotent", "sticky"],
  message: ["push"],
  field: ["field"],
  enum: [],
  value: [],
} as const;

/** A kind of declaration that may have options. */
export type OptionOwner = keyof typeof KNOWN;

/** One use of an option. */
export interface OptionUse {
  readonly value: unknown;
  readonly line: number;
}

/** Reads options and collects faults, for the declarations of one file. */
export class OptionReader {
  readonly #file: string;
  readonly #declarations: Declarations;
  readonly #faults: Fault[];

  constructor(file: string, declarations: Declarations, faults: Fault[]) {
    this.#file = file;
    this.#declarations = declarations;
    this.#faults = faults;
  }

  /** Returns every use of the mqplay options of a declaration, by their names without `mqplay.`. */
  uses(
    kind: OptionOwner,
    path: string,
    object: protobuf.ReflectionObject,
  ): ReadonlyMap<string, readonly OptionUse[]> {
    const uses = new Map<string, OptionUse[]>();
    const parsed: readonly unknown[] = Array.isArray(object.parsedOptions) ? object.parsedOptions : [];
    const places = this.#declarations.options.filter((place) => place.owner === path);
    let index = 0;
    for (const entry of parsed) {
      if (!isObject(entry)) continue;
      for (const [key, value] of Object.entries(entry)) {
        const option = key.replaceAll(/[()]/g, "");
        const at = places.findIndex((place, position) => position >= index && place.name.startsWith(option));
        const line = places[at]?.line ?? 0;
        if (at >= 0) index = at + 1;
        if (!option.startsWith("mqplay.")) continue;
        const name = option.slice("mqplay.".length);
        if (this.#isKnown(kind, name, line)) uses.set(name, [...(uses.get(name) ?? []), { value, line }]);
      }
    }
    return uses;
  }

  #isKnown(kind: OptionOwner, name: string, line: number): boolean {
    const known: readonly string[] = KNOWN[kind];
    if (known.includes(name)) return true;
    const nearest = nearestName(name, known);
    const hint =
      nearest === undefined
        ? known.length === 0
          ? `; a ${kind} has none`
          : `; a ${kind} may have ${known.join(", ")}`
        : `; did you mean (mqplay.${nearest})?`;
    this.fault(line, `there is no option (mqplay.${name}) for a ${kind}${hint}`);
    return false;
  }

  /** Adds a fault of this file. */
  fault(line: number, detail: string): void {
    this.#faults.push({ file: this.#file, line, detail });
  }

  /** Returns the one value of an option that may be given once. */
  single(uses: ReadonlyMap<string, readonly OptionUse[]>, name: string): OptionUse | undefined {
    const [use, again] = uses.get(name) ?? [];
    if (again !== undefined) this.fault(again.line, `(mqplay.${name}) is given twice`);
    return use;
  }

  /** Returns an option's number. */
  number(uses: ReadonlyMap<string, readonly OptionUse[]>, name: string): number | undefined {
    const use = this.single(uses, name);
    if (use === undefined) return undefined;
    if (typeof use.value === "number") return use.value;
    this.fault(use.line, `(mqplay.${name}) must be a number`);
    return undefined;
  }
}

/** Tells whether a value is an object with names in it. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
