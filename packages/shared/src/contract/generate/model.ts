/**
 * What the emitter writes: services, messages and enums as plain data, every type resolved.
 */
import type { Access, ErrorContract } from "../contract.ts";
import type { ScalarName } from "../scalar.ts";

/** Where something was declared. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What a field holds, once its type has been found. */
export type FieldType =
  | { readonly kind: "scalar"; readonly scalar: ScalarName }
  | { readonly kind: "message" | "enum"; readonly target: string };

/** A field's rules, as (mqplay.field) gives them. */
export interface FieldRules {
  readonly required?: true;
  readonly minLen?: number;
  readonly maxLen?: number;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** A field of a message. */
export interface FieldModel {
  readonly name: string;
  readonly number: number;
  readonly type: FieldType;
  readonly shape: "single" | "optional" | "repeated" | "map";
  /** The key's type of a map. */
  readonly keyType: ScalarName | undefined;
  readonly oneof: string | undefined;
  readonly rules: FieldRules;
  readonly comment: string | undefined;
  readonly place: Place;
}

/** A message. Types are known by their full names, like `game.Outer.Inner`. */
export interface MessageModel {
  readonly kind: "message";
  readonly fullName: string;
  /** The name in TypeScript and in errors: without the package, nested ones joined by `_`. */
  readonly name: string;
  readonly fields: readonly FieldModel[];
  /** Its number when it is a push. */
  readonly push: number | undefined;
  readonly comment: string | undefined;
  readonly place: Place;
}

/** An enum. */
export interface EnumModel {
  readonly kind: "enum";
  readonly fullName: string;
  readonly name: string;
  readonly values: readonly {
    readonly name: string;
    readonly number: number;
    readonly comment: string | undefined;
    readonly place: Place;
  }[];
  readonly comment: string | undefined;
  readonly place: Place;
}

/** A function's request or response: a message's full name, or null for google.protobuf.Empty. */
export type Payload = string | null;

/** A function of a service. */
export interface FuncModel {
  readonly name: string;
  /** Its key in the contract: lowerCamelCase. */
  readonly key: string;
  readonly number: number | undefined;
  readonly request: Payload;
  readonly response: Payload;
  readonly access: Access;
  readonly idempotent: boolean;
  readonly sticky: string | null;
  readonly errors: readonly (ErrorContract & { readonly place: Place })[];
  readonly comment: string | undefined;
  readonly place: Place;
}

/** A service. */
export interface ServiceModel {
  readonly name: string;
  readonly number: number | undefined;
  readonly funcs: readonly FuncModel[];
  readonly comment: string | undefined;
  readonly place: Place;
}

/** One .proto. */
export interface FileModel {
  readonly file: string;
  readonly services: readonly ServiceModel[];
  readonly types: readonly (MessageModel | EnumModel)[];
}

/** Makes a lowerCamelCase name of a .proto's: `GetSelfInfo` → `getSelfInfo`, `join_room` → `joinRoom`. */
export function lowerCamel(name: string): string {
  const joined = name.replaceAll(/_+([A-Za-z0-9])/g, (_, next: string) => next.toUpperCase());
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}

/** Names a push's key in the contract: without the service's name in front and `_Response` or `_Push` behind. */
export function pushKey(service: string, message: string): string {
  const bare = message.startsWith(`${service}_`) ? message.slice(service.length + 1) : message;
  return lowerCamel(bare.replace(/_(?:Response|Push)$/, ""));
}

/** The pushes of a file. */
export function pushesOf(file: FileModel): (MessageModel & { readonly push: number })[] {
  return file.types.flatMap((type) =>
    type.kind === "message" && type.push !== undefined ? [{ ...type, push: type.push }] : [],
  );
}
