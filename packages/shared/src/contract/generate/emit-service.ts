/**
 * Writes the contract value of a service.
 */
import { docComment } from "./doc-comment.ts";
import type { TypeTable } from "./emit-types.ts";
import {
  pushKey,
  pushesOf,
  type FileModel,
  type FuncModel,
  type Payload,
  type ServiceModel,
} from "./model.ts";
import type { RuntimeNames } from "./runtime-names.ts";

/** Writes a service as a contract. */
export function emitService(
  service: ServiceModel,
  file: FileModel,
  all: TypeTable,
  runtime: RuntimeNames,
): string {
  const funcs = service.funcs.map((func) => emitFunc(func, all));
  const pushes = pushesOf(file).map(
    ({ name, push, comment }) =>
      `${docComment(comment, "    ")}    ${pushKey(service.name, name)}: { name: "${name}", number: ${push}, content: ${name} },\n`,
  );
  const errors = new Map(
    service.funcs.flatMap((func) => func.errors.map((error) => [error.name, emitError(error)])),
  );
  const errorLines = [...errors].map(([name, text]) => `    ${name}: ${text},\n`);
  return (
    `${docComment(service.comment, "")}export const ${service.name} = {\n` +
    `  name: "${service.name}",\n  number: ${service.number},\n` +
    `  funcs: ${block(funcs)},\n  pushes: ${block(pushes)},\n  errors: ${block(errorLines)},\n` +
    `} as const satisfies ${runtime.use("ModuleContract")};`
  );
}

function block(entries: readonly string[]): string {
  return entries.length === 0 ? "{}" : `{\n${entries.join("")}  }`;
}

function emitFunc(func: FuncModel, all: TypeTable): string {
  const errors = func.errors.map((error) => `        ${emitError(error)},\n`);
  return (
    `${docComment(func.comment, "    ")}    ${func.key}: {\n` +
    `      name: "${func.name}",\n` +
    `      number: ${func.number},\n` +
    `      request: ${payload(func.request, all)},\n` +
    `      response: ${payload(func.response, all)},\n` +
    `      access: "${func.access}",\n` +
    `      idempotent: ${func.idempotent},\n` +
    `      sticky: ${func.sticky === null ? "null" : `"${func.sticky}"`},\n` +
    `      errors: [${errors.length === 0 ? "" : `\n${errors.join("")}      `}],\n` +
    `    },\n`
  );
}

function payload(name: Payload, all: TypeTable): string {
  return name === null ? "null" : (all.get(name)?.name ?? name);
}

function emitError({ state, name, msg }: FuncModel["errors"][number]): string {
  return `{ state: ${state}, name: "${name}", msg: ${JSON.stringify(msg)} }`;
}
