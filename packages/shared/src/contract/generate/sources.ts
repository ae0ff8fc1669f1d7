/**
 * Reads .proto files and everything that they import, through a function that the caller gives: no file system here.
 */
import protobuf from "protobufjs";
import { findDeclarations, type Declarations } from "./declarations.ts";
import { contractInvalid, type Fault } from "./fault.ts";

/** A .proto that was read and parsed. */
export interface Source {
  /** Its path, as {@link ReadProto} gave it. */
  readonly file: string;
  readonly package: string;
  /** The paths of what it imports; imports that need no file keep their names. */
  readonly imports: readonly string[];
  readonly declarations: Declarations;
  /** What protobufjs made of it; its types are resolved only within the file. */
  readonly root: protobuf.Root;
}

/** A .proto as it was found. */
export interface ProtoText {
  /** Where it was found: what errors call it. The same file has the same path, by whatever name it is asked for. */
  readonly path: string;
  readonly text: string;
}

/**
 * Finds a .proto; returns undefined when there is none.
 * @param name a path, or the name that an import writes
 * @param importedBy the path of the file that imports it; undefined for a file that was asked for by its path
 */
export type ReadProto = (name: string, importedBy?: string) => ProtoText | undefined;

/** Imports that are known without a file: they declare options or nothing that becomes code. */
const BUILT_IN: ReadonlySet<string> = new Set([
  "mqplay/options.proto",
  "google/protobuf/empty.proto",
  "google/protobuf/descriptor.proto",
]);

/** Reads the files and their imports, each once, in the order in which they were met. @throws MqplayError `contractInvalid` */
export function readSources(names: readonly string[], read: ReadProto): Source[] {
  const sources = new Map<string, Source>();
  const faults: Fault[] = [];
  const visit = (name: string, missing: Fault, importedBy?: string): string => {
    if (BUILT_IN.has(name)) return name;
    const found = read(name, importedBy);
    if (found === undefined) faults.push(missing);
    else if (!sources.has(found.path)) {
      const { source, imports } = parseSource(found.path, found.text, faults);
      sources.set(found.path, source);
      for (const imported of imports) {
        const line = lineOfImport(found.text, imported);
        const detail = `imports "${imported}", which is in none of the include folders (-I)`;
        source.imports.push(visit(imported, { file: found.path, line, detail }, found.path));
      }
    }
    return found?.path ?? name;
  };
  for (const name of names) visit(name, { file: name, line: 0, detail: "there is no such file" });
  if (faults.length > 0) throw contractInvalid(faults);
  return [...sources.values()];
}

/** A source whose imports are still being found. */
type OpenSource = Source & { readonly imports: string[] };

function parseSource(
  file: string,
  text: string,
  faults: Fault[],
): { readonly source: OpenSource; readonly imports: readonly string[] } {
  const declarations = findDeclarations(text);
  const root = new protobuf.Root();
  const before = faults.length;
  const { syntax } = declarations;
  if (syntax?.value !== "proto3") {
    const detail = `only proto3 is supported: begin the file with syntax = "proto3";`;
    faults.push({ file, line: syntax?.line ?? 1, detail });
  } else faults.push(...duplicates(file, declarations));
  let parsed: protobuf.IParserResult | undefined;
  try {
    if (faults.length === before)
      parsed = protobuf.parse(text, root, { keepCase: true, alternateCommentMode: true });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const line = Number(/\(line (\d+)\)/.exec(detail)?.[1] ?? 0);
    faults.push({ file, line, detail: detail.replace(/ \(line \d+\)/, "") });
  }
  return {
    source: { file, package: parsed?.package ?? "", imports: [], declarations, root },
    imports: parsed?.imports ?? [],
  };
}

/** Names and numbers that are given twice in one scope: protobufjs says so without a line, or not at all. */
function duplicates(file: string, { list }: Declarations): Fault[] {
  const faults: Fault[] = [];
  const seen = new Map<string, number>();
  const take = (key: string, line: number, what: string): void => {
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, line);
    else faults.push({ file, line, detail: `${what} is already used on line ${earlier}` });
  };
  for (const { kind, path, name, number, line } of list) {
    // protobufjs drops it without a word.
    if (name === "__proto__")
      faults.push({ file, line, detail: `the ${kind} name ${name} is a name that every object has` });
    const scope = path.slice(0, path.length - name.length);
    // Of enum values the number may come twice only with allow_alias, which contracts have no use for.
    take(`name ${path}`, line, `the name ${path}`);
    if (number !== undefined)
      take(`number ${scope}${number}`, line, `the number ${number} (of ${kind} ${path})`);
  }
  return faults;
}

function lineOfImport(text: string, imported: string): number {
  const index = text.split("\n").findIndex((line) => /^\s*import\b/.test(line) && line.includes(imported));
  return index + 1;
}
