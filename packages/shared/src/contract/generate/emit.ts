/**
 * Writes TypeScript: one file for each service, and one for each .proto without a service that several of them share.
 * The same model gives the same text, byte for byte.
 */
import { emitService } from "./emit-service.ts";
import { emitType } from "./emit-types.ts";
import type { EnumModel, FileModel, MessageModel } from "./model.ts";
import { RuntimeNames, type RuntimeModule } from "./runtime-names.ts";

/** How files are written. */
export interface EmitOptions {
  readonly runtime: RuntimeModule;
  /** What relative imports end in. */
  readonly extension: ".js" | ".ts" | "";
}

/** A generated file. */
export interface OutputFile {
  /** Its name, without a folder. */
  readonly name: string;
  readonly text: string;
}

type TypeModel = MessageModel | EnumModel;

/** What goes into one generated file. */
interface Unit {
  readonly name: string;
  readonly file: FileModel;
  readonly types: readonly TypeModel[];
}

/** Writes every file. */
export function emit(files: readonly FileModel[], options: EmitOptions): OutputFile[] {
  const units = divide(files);
  return units.map((unit) => ({ name: `${unit.name}.ts`, text: emitUnit(unit, units, files, options) }));
}

/** Decides which types go into which file: those of a .proto that only one service uses go with that service. */
function divide(files: readonly FileModel[]): Unit[] {
  const served = files.filter((file) => file.services.length > 0);
  const users = new Map<FileModel, FileModel[]>();
  for (const file of files) {
    if (file.services.length === 0)
      users.set(
        file,
        served.filter((user) => reachable(user, files).has(file)),
      );
  }
  const units: Unit[] = [];
  for (const file of files) {
    const [service] = file.services;
    if (service !== undefined) {
      const guests = files.filter(
        (guest) => users.get(guest)?.length === 1 && users.get(guest)?.[0] === file,
      );
      units.push({ name: kebab(service.name), file, types: [file, ...guests].flatMap(({ types }) => types) });
    } else if (users.get(file)?.length !== 1) {
      units.push({ name: kebab(baseName(file.file)), file, types: file.types });
    }
  }
  return units.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The files whose types a file's functions and messages use, however far away. */
function reachable(from: FileModel, files: readonly FileModel[]): ReadonlySet<FileModel> {
  const owner = new Map(files.flatMap((file) => file.types.map((type) => [type.fullName, file] as const)));
  const found = new Set<FileModel>([from]);
  for (const file of found) {
    for (const target of referencesOf(file)) {
      const other = owner.get(target);
      if (other !== undefined) found.add(other);
    }
  }
  return found;
}

function referencesOf(file: FileModel): string[] {
  const payloads = file.services.flatMap(({ funcs }) =>
    funcs.flatMap(({ request, response }) => [request, response]),
  );
  return [...payloads.filter((payload) => payload !== null), ...file.types.flatMap(targetsOf)];
}

function targetsOf(type: TypeModel): string[] {
  if (type.kind === "enum") return [];
  return type.fields.flatMap(({ type: field }) => (field.kind === "scalar" ? [] : [field.target]));
}

function emitUnit(
  unit: Unit,
  units: readonly Unit[],
  files: readonly FileModel[],
  options: EmitOptions,
): string {
  const all = new Map(files.flatMap((file) => file.types.map((type) => [type.fullName, type] as const)));
  const runtime = new RuntimeNames([
    ...unit.types.map(({ name }) => name),
    ...unit.file.services.map(({ name }) => name),
  ]);
  // Messages name enums as values, so these come first.
  const ordered = [...unit.types].sort((a, b) => Number(a.kind === "message") - Number(b.kind === "message"));
  const body = ordered.map((type) => emitType(type, all, runtime));
  const [service] = unit.file.services;
  if (service !== undefined) body.push(emitService(service, unit.file, all, runtime));
  const imports = [...runtime.imports(options.runtime), ...siblings(unit, units, options)];
  const header = `// Generated from ${baseName(unit.file.file)}.proto. Do not edit: change the .proto and generate again.`;
  return `${[[header, ...imports].join("\n"), ...body].join("\n\n")}\n`;
}

/** The imports of types that are in other files of the run. */
function siblings(unit: Unit, units: readonly Unit[], options: EmitOptions): string[] {
  const used = new Set([...unit.types.flatMap(targetsOf), ...referencesOf({ ...unit.file, types: [] })]);
  return units.flatMap((other) => {
    if (other === unit) return [];
    const names = other.types.filter((type) => used.has(type.fullName)).map(({ name }) => name);
    if (names.length === 0) return [];
    return [`import { ${names.sort().join(", ")} } from "./${other.name}${options.extension}";`];
  });
}

function baseName(file: string): string {
  return (file.split("/").at(-1) ?? file).replace(/\.proto$/, "");
}

function kebab(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll("_", "-")
    .toLowerCase();
}
