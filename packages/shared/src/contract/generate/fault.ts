/**
 * What is wrong in a .proto: where, and which rule it breaks. All faults of a run are reported together.
 */
import { MqplayError } from "../../errors.ts";
import type { Place } from "./model.ts";

/** One broken rule. */
export interface Fault {
  /** The .proto as the user named it. */
  readonly file: string;
  /** The line, from 1; 0 when the fault is about the whole file. */
  readonly line: number;
  /** What is wrong and what to do. */
  readonly detail: string;
}

/** Collects faults; every rule adds to it. */
export type AddFault = (place: Place, detail: string) => void;

/** Makes the error of one or more faults, in the order of files and lines. */
export function contractInvalid(faults: readonly Fault[]): MqplayError {
  const ordered = [...faults].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
  const lines = ordered.map(
    ({ file, line, detail }) => `${line === 0 ? file : `${file}:${line}`}: ${detail}`,
  );
  return new MqplayError("contractInvalid", lines.join("\n"));
}

/** Returns a function that reports the second use of a key. */
export function once(add: AddFault): (key: string | number, place: Place, what: string) => void {
  const seen = new Map<string | number, Place>();
  return (key, place, what) => {
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, place);
    else add(place, `${what} is already used at ${earlier.file}:${earlier.line}`);
  };
}
