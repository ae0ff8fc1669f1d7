/**
 * From .proto to TypeScript contracts: .proto texts come in, TypeScript texts go out, or an error that names file,
 * line and rule. Node only; the public entry `@mqplay/shared/generate`.
 */
import { readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { buildModel } from "./build.ts";
import { emit, type OutputFile } from "./emit.ts";
import { checkRules } from "./rules.ts";
import { readSources, type ReadProto } from "./sources.ts";

export type { OutputFile } from "./emit.ts";
export type { ProtoText, ReadProto } from "./sources.ts";

/** What {@link generateContracts} may be told. */
export interface GenerateOptions {
  /** The module that generated files import. @default "@mqplay/shared" */
  readonly runtime?: string | ((name: string) => string);
  /** What imports between generated files end in; they exist only where services share messages. @default ".js" */
  readonly extension?: ".js" | ".ts" | "";
  /** Whether modules may have the numbers 1 to 10, which are mqplay's own. @default false */
  readonly builtIn?: boolean;
}

/**
 * Generates the contracts of .proto files.
 * @param files their paths, as `read` knows them
 * @param read finds a .proto, given or imported; see {@link readFrom}
 * @throws MqplayError `contractInvalid`; its detail has a line `file:line: rule` for everything that is wrong
 */
export function generateContracts(
  files: readonly string[],
  read: ReadProto,
  options: GenerateOptions = {},
): OutputFile[] {
  const { runtime = "@mqplay/shared", extension = ".js", builtIn = false } = options;
  const model = buildModel(readSources(files, read));
  checkRules(model, { builtIn });
  return emit(model, { runtime: typeof runtime === "string" ? () => runtime : runtime, extension });
}

/**
 * Returns a reader of .proto files: those asked for by their paths, imports in the first of the folders that has one.
 * @param folders where imports are looked for
 */
export function readFrom(folders: readonly string[]): ReadProto {
  return (name, importedBy) => {
    const paths = importedBy === undefined ? [name] : folders.map((folder) => join(folder, name));
    for (const path of paths) {
      const text = readText(path);
      if (text !== undefined) return { path: normalize(path).replaceAll("\\", "/"), text };
    }
    return undefined;
  };
}

/** Returns a file's text, or undefined when there is no such file. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EISDIR"))
      return undefined;
    throw error;
  }
}
