/**
 * What reading one file's declarations needs: names, places, options, faults.
 */
import type protobuf from "protobufjs";
import type { Fault } from "./fault.ts";
import type { Place } from "./model.ts";
import { OptionReader, type OptionOwner, type OptionUse } from "./options.ts";
import type { Source } from "./sources.ts";
import type { TypeNames } from "./type-names.ts";

/** Everything that is needed to read one file's declarations. */
export class FileReader {
  readonly source: Source;
  readonly names: TypeNames;
  readonly options: OptionReader;
  readonly #lines: ReadonlyMap<string, number>;

  constructor(source: Source, names: TypeNames, faults: Fault[]) {
    this.source = source;
    this.names = names;
    this.options = new OptionReader(source.file, source.declarations, faults);
    this.#lines = new Map(source.declarations.list.map(({ path, line }) => [path, line]));
  }

  /** Where a declaration is. */
  place(path: string): Place {
    return { file: this.source.file, line: this.#lines.get(path) ?? 0 };
  }

  /** Adds a fault at a declaration. */
  fault(path: string, detail: string): void {
    this.options.fault(this.place(path).line, detail);
  }

  /** The mqplay options of a declaration. */
  uses(
    kind: OptionOwner,
    path: string,
    object: protobuf.ReflectionObject,
  ): ReadonlyMap<string, readonly OptionUse[]> {
    return this.options.uses(kind, path, object);
  }

  /** A declaration's full name. */
  fullName(path: string): string {
    return this.source.package === "" ? path : `${this.source.package}.${path}`;
  }
}
