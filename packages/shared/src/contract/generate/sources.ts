/**
 * Reads .proto files and everything that they import, through a function that the caller gives: no file system here.
 */
import protobuf from "protobufjs";
import { findDeclarations, type Declarations } from "./declarations.ts";
import { contractInvalid, type Fault } from "./fault.ts";

/** A .proto that was read and parsed. */
export interface Source {
  /** Its name as given or as imported, like `game/arena.proto`. */
  readonly file: string;
  readonly package: string;
  readonly imports: readonly string[];
  readonly declarations: Declarations;
  /** What protobufjs made of it; its types are resolved only within the file. */
  readonly root: protobuf.Root;
}

/** Returns the text of a .proto, or undefined when there is none by that name. */
export type ReadProto = (file: string) => string | undefined;

/** Imports that are known without a file: they declare options or nothing that becomes code. */
const BUILT_IN: ReadonlySet<string> = new Set([
  "mqplay/options.proto",
  "google/protobuf/empty.proto",
  "google/protobuf/descriptor.proto",
]);

/** Reads the files and their imports, each once, in the order in which they were met. @throws MqplayError `contractInvalid` */
export function readSources(files: readonly string[], read: ReadProto): Source[] {
  const sources = new Map<string, Source>();
  const faults: Fault[] = [];
  const queue = files.map((file) => ({ file, from: undefined as Fault | undefined }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { file, from } = next;
    if (sources.has(file) || BUILT_IN.has(file)) continue;
    const text = read(file);
    if (text === undefined) {
      faults.push(from ?? { file, line: 0, detail: "there is no such file" });
      continue;
    }
    const source = parseSource(file, text, faults);
    if (source === undefined) continue;
    sources.set(file, source);
    for (const imported of source.imports) {
      const line = lineOfImport(text, imported);
      const detail = `imports "${imported}", which is in none of the include folders (-I)`;
      queue.push({ file: imported, from: { file, line, detail } });
    }
  }
  if (faults.length > 0) throw contractInvalid(faults);
  return [...sources.values()];
}

function parseSource(file: string, text: string, faults: Fault[]): Source | undefined {
  const declarations = findDeclarations(text);
  const { syntax } = declarations;
  if (syntax?.value !== "proto3") {
    const detail = `only proto3 is supported: begin the file with syntax = "proto3";`;
    faults.push({ file, line: syntax?.line ?? 1, detail });
    return undefined;
  }
  const before = faults.length;
  faults.push(...duplicates(file, declarations));
  if (faults.length > before) return undefined;
  try {
    const root = new protobuf.Root();
    const parsed = protobuf.parse(text, root, { keepCase: true, alternateCommentMode: true });
    return { file, package: parsed.package ?? "", imports: parsed.imports ?? [], declarations, root };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    faults.push({
      file,
      line: Number(/\(line (\d+)\)/.exec(detail)?.[1] ?? 0),
      detail: detail.replace(/ \(line \d+\)/, ""),
    });
    return undefined;
  }
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
