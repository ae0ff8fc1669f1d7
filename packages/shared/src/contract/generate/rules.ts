/**
 * The rules that a contract must keep, checked on the finished model: numbers, names, and what belongs together.
 */
import { LOWEST_GENERAL_STATE, STATE_OK_LEGACY } from "../../state.ts";
import { contractInvalid, once, type AddFault, type Fault } from "./fault.ts";
import { pushKey, pushesOf, type FileModel, type FuncModel, type Place, type ServiceModel } from "./model.ts";
import { checkTypes } from "./rules-types.ts";
import { badKey, badTypeName } from "./reserved.ts";

/** The first module number of applications; those below are built in. [module-1] */
const FIRST_OWN_MODULE = 11;

/** The greatest number that fits the one byte that the wire has for it. [call-4] */
const MAX_BYTE = 255;

/** What rules may be bent. */
export interface RuleOptions {
  /** Whether modules may have the numbers 1 to 10. For mqplay's own. */
  readonly builtIn: boolean;
}

/** Checks every rule. @throws MqplayError `contractInvalid` with everything that is wrong */
export function checkRules(files: readonly FileModel[], options: RuleOptions): void {
  const faults: Fault[] = [];
  const add: AddFault = ({ file, line }, detail) => void faults.push({ file, line, detail });
  checkServices(files, options, add);
  for (const file of files) {
    for (const service of file.services) checkService(service, file, files, add);
    checkPushes(file, add);
  }
  checkTypes(files, add);
  if (faults.length > 0) throw contractInvalid(faults);
}

function isByte(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= MAX_BYTE;
}

function checkServices(files: readonly FileModel[], options: RuleOptions, add: AddFault): void {
  const takeName = once(add);
  const takeNumber = once(add);
  for (const { services } of files) {
    const [, second] = services;
    if (second !== undefined)
      add(second.place, "a .proto has one service: its pushes could belong to either");
    for (const { name, number, place } of services) {
      takeName(name, place, `the module name ${name}`);
      const problem = badTypeName(name);
      if (problem !== undefined) add(place, `the service name ${name} ${problem}`);
      if (number === undefined) {
        add(place, `service ${name} has no number: add option (mqplay.module) = ${FIRST_OWN_MODULE};`);
        continue;
      }
      takeNumber(number, place, `the module number ${number}`);
      const first = options.builtIn ? 1 : FIRST_OWN_MODULE;
      if (!isByte(number) || number < first) {
        const why = isByte(number) ? "; 1 to 10 are built in" : "";
        add(place, `the module number ${number} is not one of ${first} to ${MAX_BYTE}${why}`);
      }
    }
  }
}

function checkService(
  service: ServiceModel,
  file: FileModel,
  files: readonly FileModel[],
  add: AddFault,
): void {
  const takeNumber = once(add);
  const takeKey = once(add);
  const errors = new Map<string, { readonly state: number; readonly msg: string; readonly place: Place }>();
  for (const func of service.funcs) {
    const path = `${service.name}.${func.name}`;
    const problem = badKey(func.key);
    if (problem !== undefined) add(func.place, `the function name ${func.key} ${problem}`);
    takeKey(func.key, func.place, `the function name ${func.key}`);
    if (func.number === undefined) add(func.place, `${path} has no number: add option (mqplay.func) = 1;`);
    else {
      takeNumber(func.number, func.place, `the function number ${func.number}`);
      if (!isByte(func.number))
        add(func.place, `the function number ${func.number} is not one of 1 to ${MAX_BYTE}`);
    }
    checkErrors(func, errors, add);
    checkSticky(func, path, files, add);
  }
  if (service.funcs.length === 0 && pushesOf(file).length === 0) {
    add(service.place, `service ${service.name} has neither functions nor pushes`);
  }
}

function checkErrors(
  func: FuncModel,
  known: Map<string, { readonly state: number; readonly msg: string; readonly place: Place }>,
  add: AddFault,
): void {
  const takeState = once(add);
  const takeName = once(add);
  for (const { state, name, msg, place } of func.errors) {
    if (!Number.isInteger(state) || state < 1 || state >= LOWEST_GENERAL_STATE || state === STATE_OK_LEGACY) {
      const top = LOWEST_GENERAL_STATE - 1;
      add(
        place,
        `the error state ${state} is not one of 1 to ${top} without ${STATE_OK_LEGACY}, which means success`,
      );
    }
    takeState(state, place, `the error state ${state} of ${func.name}`);
    takeName(name, place, `the error name ${name} of ${func.name}`);
    const problem = /^[a-z][A-Za-z0-9]*$/.test(name) ? badKey(name) : "is not lowerCamelCase";
    if (problem !== undefined) add(place, `the error name ${name} ${problem}`);
    const earlier = known.get(name);
    if (earlier === undefined) known.set(name, { state, msg, place });
    else if (earlier.state !== state || earlier.msg !== msg) {
      add(
        place,
        `the error ${name} has another state or text at ${earlier.place.file}:${earlier.place.line}`,
      );
    }
  }
}

function checkSticky(func: FuncModel, path: string, files: readonly FileModel[], add: AddFault): void {
  if (func.sticky === null) return;
  const request = files.flatMap((file) => file.types).find((type) => type.fullName === func.request);
  const field =
    request?.kind === "message" ? request.fields.find(({ name }) => name === func.sticky) : undefined;
  if (field === undefined)
    add(func.place, `${path} sticks to ${func.sticky}, which is no field of its request`);
  else if (field.shape !== "single" || field.oneof !== undefined || field.type.kind !== "scalar") {
    add(func.place, `${path} sticks to ${func.sticky}, which is not a single scalar that is always there`);
  }
}

function checkPushes(file: FileModel, add: AddFault): void {
  const takeNumber = once(add);
  const takeKey = once(add);
  const [service] = file.services;
  for (const { name, push, place } of pushesOf(file)) {
    if (service === undefined) {
      add(place, `${name} is a push, but its file has no service that it could belong to`);
      continue;
    }
    const key = pushKey(service.name, name);
    const problem = badKey(key);
    if (problem !== undefined) add(place, `the push name ${key} ${problem}`);
    takeKey(key, place, `the push name ${key}`);
    takeNumber(push, place, `the push number ${push}`);
    if (!isByte(push)) add(place, `the push number ${push} is not one of 1 to ${MAX_BYTE}`);
  }
}
