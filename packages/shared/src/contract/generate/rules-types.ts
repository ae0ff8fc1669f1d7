/**
 * The rules for messages and enums.
 */
import { ONCE_FIELD } from "../../codec/once.ts";
import { once, type AddFault } from "./fault.ts";
import type { EnumModel, FileModel, MessageModel } from "./model.ts";
import { badFieldName, badTypeName } from "./reserved.ts";

/** The greatest field number of protobuf, and the range that it keeps for itself. */
const MAX_FIELD_NUMBER = 0x1fff_ffff;
const FIRST_KEPT_NUMBER = 19_000;
const LAST_KEPT_NUMBER = 19_999;

/** Checks messages and enums. */
export function checkTypes(files: readonly FileModel[], add: AddFault): void {
  const takeName = once(add);
  for (const file of files) {
    for (const { name, place } of file.services) takeName(name, place, `the name ${name}`);
    for (const type of file.types) {
      takeName(type.name, type.place, `the name ${type.name}`);
      const problem = badTypeName(type.name);
      if (problem !== undefined) add(type.place, `the ${type.kind} name ${type.name} ${problem}`);
      if (type.kind === "message") checkMessage(type, add);
      else checkEnum(type, add);
    }
  }
}

function checkMessage(message: MessageModel, add: AddFault): void {
  const takeFolded = once(add);
  for (const { name, number, place } of message.fields) {
    const problem = badFieldName(name);
    if (problem !== undefined) add(place, `the field name ${name} ${problem}`);
    // JSON keys match whatever their case, and in lowerCamelCase. [call-2]
    takeFolded(
      name.replaceAll("_", "").toLowerCase(),
      place,
      `the name ${name} differs only in case or underscores from another: it`,
    );
    if (
      number < 1 ||
      number > MAX_FIELD_NUMBER ||
      (number >= FIRST_KEPT_NUMBER && number <= LAST_KEPT_NUMBER)
    ) {
      add(place, `the field number ${number} is not one that protobuf allows`);
    } else if (number === ONCE_FIELD) {
      add(place, `the field number ${number} is the wire's own: it holds the keys of calls`); // [call-5]
    }
  }
}

function checkEnum(type: EnumModel, add: AddFault): void {
  if (type.values[0]?.number !== 0)
    add(type.place, `the first value of ${type.name} must be 0: it is what is not sent`);
  for (const { name, place } of type.values) {
    const problem = badFieldName(name);
    if (problem !== undefined) add(place, `the value name ${name} ${problem}`);
  }
}
