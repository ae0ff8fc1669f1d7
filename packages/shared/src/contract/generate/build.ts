/**
 * Makes the model of parsed sources: resolves types across files and reads the mqplay options.
 * Rules that need only the finished model are in rules.ts.
 */
import protobuf from "protobufjs";
import { contractInvalid, type Fault } from "./fault.ts";
import { readField } from "./build-field.ts";
import { readFunc } from "./build-func.ts";
import { FileReader } from "./file-reader.ts";
import type { EnumModel, FileModel, MessageModel, ServiceModel } from "./model.ts";
import { TypeNames } from "./type-names.ts";
import type { Source } from "./sources.ts";

/** Builds the model. @throws MqplayError `contractInvalid` with everything that is wrong */
export function buildModel(sources: readonly Source[]): FileModel[] {
  const faults: Fault[] = [];
  const names = new TypeNames(sources);
  const files = sources.map((source) => readFile(new FileReader(source, names, faults)));
  if (faults.length > 0) throw contractInvalid(faults);
  return files;
}

function readFile(reader: FileReader): FileModel {
  const { source } = reader;
  const services: ServiceModel[] = [];
  const types: (MessageModel | EnumModel)[] = [];
  const scope = source.package === "" ? source.root : source.root.lookup(source.package);
  const visit = (namespace: protobuf.NamespaceBase, outer: string): void => {
    for (const object of namespace.nestedArray) {
      const path = outer === "" ? object.name : `${outer}.${object.name}`;
      if (object instanceof protobuf.Service) services.push(readService(reader, path, object));
      else if (object instanceof protobuf.Enum) types.push(readEnum(reader, path, object));
      else if (object instanceof protobuf.Type) {
        types.push(readMessage(reader, path, object));
        visit(object, path);
      }
    }
  };
  if (scope instanceof protobuf.Namespace) visit(scope, "");
  return { file: source.file, services, types };
}

function readService(reader: FileReader, path: string, service: protobuf.Service): ServiceModel {
  const uses = reader.uses("service", path, service);
  return {
    name: service.name,
    number: reader.options.number(uses, "module"),
    funcs: service.methodsArray.map((method) => readFunc(reader, `${path}.${method.name}`, method)),
    comment: service.comment ?? undefined,
    place: reader.place(path),
  };
}

function readMessage(reader: FileReader, path: string, type: protobuf.Type): MessageModel {
  const uses = reader.uses("message", path, type);
  return {
    kind: "message",
    fullName: reader.fullName(path),
    name: path.replaceAll(".", "_"),
    fields: type.fieldsArray.map((field) => readField(reader, path, field)),
    push: reader.options.number(uses, "push"),
    comment: type.comment ?? undefined,
    place: reader.place(path),
  };
}

function readEnum(reader: FileReader, path: string, type: protobuf.Enum): EnumModel {
  reader.uses("enum", path, type);
  return {
    kind: "enum",
    fullName: reader.fullName(path),
    name: path.replaceAll(".", "_"),
    values: Object.entries(type.values).map(([name, number]) => ({
      name,
      number,
      comment: type.comments[name] ?? undefined,
      place: reader.place(`${path}.${name}`),
    })),
    comment: type.comment ?? undefined,
    place: reader.place(path),
  };
}
