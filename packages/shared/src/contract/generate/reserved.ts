/**
 * Names that a contract may not use, because they would mean something else in TypeScript, in an object or in the SDK.
 */

/** Words that cannot name a type or a constant, and names of types that generated files use themselves. */
const RESERVED_WORDS: ReadonlySet<string> = new Set(
  (
    "any arguments as async await bigint boolean break case catch class const constructor continue debugger declare " +
    "default delete do else enum eval export extends false finally for from function get if implements import in " +
    "infer instanceof interface is keyof let module namespace never new null number object of package private " +
    "protected public readonly require return satisfies set static string super switch symbol this throw true try " +
    "type typeof undefined unique unknown var void while with yield NaN Infinity Uint8Array"
  ).split(" "),
);

/** What every object has already. */
const PROTOTYPE_NAMES: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** What a module object of the SDK has already; a `then` would make it look like a promise. */
const MODULE_NAMES: ReadonlySet<string> = new Set(["on", "off", "once", "then"]);

/** Says what is wrong with the name of a service, message or enum, or returns undefined. */
export function badTypeName(name: string): string | undefined {
  if (PROTOTYPE_NAMES.has(name)) return "is a name that every object has";
  return RESERVED_WORDS.has(name) ? "is a reserved word in TypeScript" : undefined;
}

/** Says what is wrong with the name of a field or an enum's value, or returns undefined. */
export function badFieldName(name: string): string | undefined {
  return PROTOTYPE_NAMES.has(name) ? "is a name that every object has" : undefined;
}

/** Says what is wrong with the key of a function, push or error, or returns undefined. */
export function badKey(key: string): string | undefined {
  if (MODULE_NAMES.has(key)) return "is a name that the SDK's modules have";
  return badFieldName(key);
}
