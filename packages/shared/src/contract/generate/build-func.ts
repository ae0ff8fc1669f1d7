/**
 * Reads a function of a service.
 */
import type protobuf from "protobufjs";
import type { Access } from "../contract.ts";
import type { FileReader } from "./file-reader.ts";
import { lowerCamel, type FuncModel, type Payload } from "./model.ts";
import { isObject, type OptionUse } from "./options.ts";

const ACCESS: Readonly<Record<string, Access>> = { USER: "user", PUBLIC: "public", INTERNAL: "internal" };

/** Reads an rpc. */
export function readFunc(reader: FileReader, path: string, method: protobuf.Method): FuncModel {
  const uses = reader.uses("rpc", path, method);
  if (method.requestStream === true || method.responseStream === true) {
    reader.fault(path, `${path}: a function takes and returns one message; for a stream declare a push`);
  }
  const idempotent = reader.options.single(uses, "idempotent");
  if (idempotent !== undefined && typeof idempotent.value !== "boolean") {
    reader.options.fault(idempotent.line, "(mqplay.idempotent) must be true or false");
  }
  const sticky = reader.options.single(uses, "sticky");
  if (sticky !== undefined && typeof sticky.value !== "string") {
    reader.options.fault(sticky.line, "(mqplay.sticky) must be the name of a request field");
  }
  return {
    name: method.name,
    key: lowerCamel(method.name),
    number: reader.options.number(uses, "func"),
    request: readPayload(reader, path, method.requestType),
    response: readPayload(reader, path, method.responseType),
    access: readAccess(reader, reader.options.single(uses, "access")),
    idempotent: idempotent?.value === true,
    sticky: typeof sticky?.value === "string" ? sticky.value : null,
    errors: (uses.get("errors") ?? []).flatMap((use) => readError(reader, path, use)),
    comment: method.comment ?? undefined,
    place: reader.place(path),
  };
}

function readPayload(reader: FileReader, path: string, name: string): Payload {
  if (reader.names.isEmpty(reader.source, name)) return null;
  const service = path.slice(0, path.lastIndexOf("."));
  const found = reader.names.find(reader.source, reader.fullName(service), name);
  if (found.kind === "message") return found.fullName;
  const detail =
    found.kind === "unknown" ? `unknown type ${name}${found.hint}` : `${name} is an enum, not a message`;
  reader.fault(path, `${path}: ${detail}`);
  return null;
}

function readAccess(reader: FileReader, use: OptionUse | undefined): Access {
  if (use === undefined) return "user";
  const access =
    typeof use.value === "string" && Object.hasOwn(ACCESS, use.value) ? ACCESS[use.value] : undefined;
  if (access === undefined) {
    reader.options.fault(use.line, `(mqplay.access) is one of ${Object.keys(ACCESS).join(", ")}`);
  }
  return access ?? "user";
}

function readError(reader: FileReader, path: string, use: OptionUse): FuncModel["errors"] {
  const { value, line } = use;
  const fields = isObject(value) ? value : {};
  const { state, name, msg } = { state: fields["state"], name: fields["name"], msg: fields["msg"] };
  const known = Object.keys(fields).every((key) => key === "state" || key === "name" || key === "msg");
  if (typeof state === "number" && typeof name === "string" && typeof msg === "string" && known) {
    return [{ state, name, msg, place: { file: reader.source.file, line } }];
  }
  reader.options.fault(
    line,
    `${path}: an error is written { state: 1, name: "roomFull", msg: "The room is full" }`,
  );
  return [];
}
