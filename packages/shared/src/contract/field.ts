/**
 * What generated contracts say of a message's fields, and the form in which the other rooms read it.
 */
import { scalarOf, type Scalar, type ScalarName, type ScalarValue } from "./scalar.ts";
import { WireType } from "./wire.ts";

/** What every field says. Rules hold for each element of a repeated field and each value of a map. */
export interface FieldBase<TName extends string = string> {
  /** The field's number on the wire. */
  readonly number: number;
  /** Its name in the .proto, which is its key in programs and in JSON. */
  readonly name: TName;
  /** True when "not there" differs from zero. */
  readonly optional?: true;
  readonly repeated?: true;
  /** The key's type when the field is a map. */
  readonly map?: ScalarName;
  /** The name of the oneof that it belongs to. */
  readonly oneof?: string;
  /** Must be there (messages), must not be zero or empty (everything else). */
  readonly required?: true;
  /** Least and most Unicode characters of a string, or bytes of bytes. */
  readonly minLen?: number;
  readonly maxLen?: number;
  /** Least and greatest number, both allowed. */
  readonly min?: number;
  readonly max?: number;
  /** What a whole string must match. The generator takes only patterns that cannot run away. */
  readonly pattern?: RegExp;
  /** Least and most elements of a repeated field or a map. */
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** A field as a generated contract writes it. */
export type FieldSpec<TName extends string = string> = FieldBase<TName> &
  (
    | { readonly type: ScalarName }
    | { readonly type: "enum"; readonly values: Readonly<Record<string, number>> }
    | { readonly type: "message"; readonly message: () => { readonly layout: Layout } }
  );

/** A field made ready. */
export interface Field {
  readonly spec: FieldBase;
  readonly name: string;
  /** What one value, element or map value is; undefined for messages. */
  readonly scalar: Scalar | undefined;
  /** The layout of one value, element or map value; undefined for scalars. A function, for messages that hold themselves. */
  readonly layout: (() => Layout) | undefined;
  /** What a map's key is; undefined for everything but maps. */
  readonly key: Scalar | undefined;
  /** The rules' range; where there is none, it has no end. */
  readonly min: number;
  readonly max: number;
  readonly shape: "single" | "list" | "map";
  /** True when it is filled in with zero on input and left out on output: no message, no optional, no oneof. */
  readonly hasZero: boolean;
  /** True when a repeated field's elements travel in one run. */
  readonly packed: boolean;
  /** The field's tag, and the tags inside a map's entry. */
  readonly tag: number;
  /** The wire type of one value. */
  readonly wireType: WireType;
}

/** A message's fields, in the forms in which they are looked up. */
export interface Layout {
  /** The message's name in the .proto. */
  readonly name: string;
  readonly fields: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
  /** Positions in `fields` by the fields' names and lowerCamelCase names, both in lower case. */
  readonly byFoldedName: ReadonlyMap<string, number>;
  /** Characters of the longest name. */
  readonly longestName: number;
  /** The members of each oneof. */
  readonly oneofs: ReadonlyMap<string, readonly Field[]>;
  /** The message fields that must be there. */
  readonly required: readonly Field[];
  /** The fields that a message has before anything was read: those with a zero value, and the required messages. */
  readonly preset: readonly Field[];
}

/** Makes a generated message's layout. */
export function createLayout(name: string, specs: readonly FieldSpec[]): Layout {
  const fields = specs.map(resolveField);
  const oneofs = new Map<string, Field[]>();
  for (const field of fields) {
    if (field.spec.oneof !== undefined)
      oneofs.set(field.spec.oneof, [...(oneofs.get(field.spec.oneof) ?? []), field]);
  }
  return {
    name,
    fields,
    byNumber: new Map(fields.map((field) => [field.spec.number, field])),
    // A field's own name goes before another's alias; the generator refuses names that differ only in case.
    byFoldedName: new Map([
      ...fields.map((field, index) => [field.name.replaceAll("_", "").toLowerCase(), index] as const),
      ...fields.map((field, index) => [field.name.toLowerCase(), index] as const),
    ]),
    longestName: Math.max(0, ...fields.map((field) => field.name.length)),
    oneofs,
    required: fields.filter(isRequiredMessage),
    preset: fields.filter((field) => field.hasZero || isRequiredMessage(field)),
  };
}

function isRequiredMessage(field: Field): boolean {
  return field.layout !== undefined && field.shape === "single" && field.spec.required === true;
}

/**
 * Makes a message whose fields all have their zero values.
 * Properties are added one by one: a spread of prepared zeros is no faster, and what is added to it later takes V8 ten
 * times as long.
 */
export function zeroMessage(layout: Layout): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const field of layout.preset) message[field.name] = field.hasZero ? zeroOf(field) : undefined;
  return message;
}

function resolveField(spec: FieldSpec): Field {
  // A float is rounded on its way: what was the greatest value allowed must still be allowed when it arrives.
  const round = spec.type === "float" ? Math.fround : (value: number) => value;
  const { min = -Infinity, max = Infinity } = spec;
  const scalar =
    spec.type === "message" ? undefined : spec.type === "enum" ? enumOf(spec.values) : scalarOf(spec.type);
  const list = spec.repeated === true || spec.map !== undefined;
  const packed = spec.repeated === true && scalar !== undefined && scalar.wireType !== WireType.bytes;
  const wireType = scalar?.wireType ?? WireType.bytes;
  return {
    spec,
    name: spec.name,
    scalar,
    layout: spec.type === "message" ? () => spec.message().layout : undefined,
    shape: spec.map !== undefined ? "map" : spec.repeated === true ? "list" : "single",
    key: spec.map === undefined ? undefined : scalarOf(spec.map),
    min: Math.min(min, round(min)),
    max: Math.max(max, round(max)),
    hasZero: list || (scalar !== undefined && spec.optional !== true && spec.oneof === undefined),
    packed,
    tag: ((spec.number << 3) | (packed || spec.map !== undefined ? WireType.bytes : wireType)) >>> 0,
    wireType,
  };
}

/** Returns what a field holds when nothing was sent: fresh for whoever gets it, undefined when it has no zero. */
function zeroOf(field: Field): unknown {
  if (field.key !== undefined) return newMap();
  if (field.spec.repeated === true) return [];
  return field.scalar?.zero();
}

/** Makes an empty map without a prototype, so that a key `__proto__` from the wire is a key like any other. */
export function newMap(): Record<string, unknown> {
  return Object.create(null);
}

/** Tells whether a value can have fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads an own property: what a prototype holds was not sent. */
export function own(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Names a place inside a value, like `items[2].name`. */
export function pathOf(parent: string, key: string): string {
  return parent === "" ? key : `${parent}.${key}`;
}

/** Says what a value is, for errors. Numbers are told, texts are not: they may be secrets. */
export function describeValue(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Reads a map's key from the text that it is in objects, or returns undefined when it is none. */
export function parseKey(key: Scalar, text: string): ScalarValue | undefined {
  const zero = key.zero();
  const value = key.fromJson(
    typeof zero === "number" ? Number(text) : typeof zero === "boolean" ? text === "true" : text,
  );
  // One key has one text: neither "007" nor "0x7" is 7.
  return value !== undefined && String(value) === text ? value : undefined;
}

/** Makes an enum a scalar type: a number in programs and in JSON, where its name is taken as well. */
function enumOf(values: Readonly<Record<string, number>>): Scalar<number> {
  const known = new Set(Object.values(values));
  const int32 = scalarOf("int32");
  // A number that only a newer contract knows reads as zero: an older game goes on, and no program sees a number
  // that its types do not have.
  const knownOrZero = (value: unknown): number => (typeof value === "number" && known.has(value) ? value : 0);
  return {
    expected: `one of ${Object.entries(values)
      .map(([name, value]) => `${name} (${value})`)
      .join(", ")}`,
    wireType: WireType.varint,
    zero: () => 0,
    is: (value): value is number => typeof value === "number" && known.has(value),
    isZero: (value) => value === 0,
    read: (reader) => knownOrZero(int32.read(reader)),
    write: (writer, value) => writer.int32(value),
    toJson: (value) => value,
    fromJson(json) {
      if (typeof json === "string") return Object.hasOwn(values, json) ? values[json] : undefined;
      return int32.is(json) ? knownOrZero(json) : undefined;
    },
  };
}
