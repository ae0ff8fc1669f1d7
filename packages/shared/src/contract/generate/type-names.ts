/**
 * Finds what a type's name in a .proto means: from the innermost scope outwards, in the file and what it imports.
 */
import type { Source } from "./sources.ts";
import { nearestName } from "../registry.ts";

/** A type that was found. */
export interface FoundType {
  readonly kind: "message" | "enum";
  readonly fullName: string;
}

/** What is found by a name that means nothing here. */
export interface UnknownType {
  readonly kind: "unknown";
  /** What to do about it, as the rest of a sentence; empty when nothing comes to mind. */
  readonly hint: string;
}

/** google.protobuf.Empty: no message of a contract, but nothing at all. */
const EMPTY = "google.protobuf.Empty";

/** Every type of a run, and who may see it. */
export class TypeNames {
  /** Types by full name, with the file that declares each. */
  readonly #types = new Map<string, { readonly kind: "message" | "enum"; readonly file: string }>();
  readonly #sources: ReadonlyMap<string, Source>;

  constructor(sources: readonly Source[]) {
    this.#sources = new Map(sources.map((source) => [source.file, source]));
    for (const source of sources) {
      for (const { kind, path } of source.declarations.list) {
        const fullName = source.package === "" ? path : `${source.package}.${path}`;
        if (kind === "message" || kind === "enum") this.#types.set(fullName, { kind, file: source.file });
      }
    }
  }

  /** Tells whether a name is google.protobuf.Empty, imported. */
  isEmpty(source: Source, name: string): boolean {
    return name.replace(/^\./, "") === EMPTY && source.imports.includes("google/protobuf/empty.proto");
  }

  /** Finds a type. `scope` is the full name of what the name stands in. */
  find(source: Source, scope: string, name: string): FoundType | UnknownType {
    const visible = this.#visibleFrom(source);
    for (const fullName of candidates(scope, name)) {
      const type = this.#types.get(fullName);
      if (type !== undefined && visible.has(type.file)) return { kind: type.kind, fullName };
    }
    return { kind: "unknown", hint: this.#hint(source, scope, name) };
  }

  /** The file itself and what it imports; what those import is theirs. */
  #visibleFrom(source: Source): ReadonlySet<string> {
    return new Set([source.file, ...source.imports.filter((file) => this.#sources.has(file))]);
  }

  #hint(source: Source, scope: string, name: string): string {
    if (name.replace(/^\./, "") === EMPTY) return `: import "google/protobuf/empty.proto"`;
    for (const fullName of candidates(scope, name)) {
      const type = this.#types.get(fullName);
      if (type !== undefined) return `: import "${type.file}"`;
    }
    const visible = this.#visibleFrom(source);
    const known = [...this.#types].filter(([, type]) => visible.has(type.file)).map(([fullName]) => fullName);
    const nearest = nearestName(name, known);
    return nearest === undefined ? "" : `: did you mean ${nearest}?`;
  }
}

/** The full names that a name may mean, the nearest scope first. */
function candidates(scope: string, name: string): string[] {
  if (name.startsWith(".")) return [name.slice(1)];
  const parts = scope === "" ? [] : scope.split(".");
  return Array.from({ length: parts.length + 1 }, (_, outer) =>
    [...parts.slice(0, parts.length - outer), name].join("."),
  );
}
