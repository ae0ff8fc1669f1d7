/**
 * Finds what a contract has by the name or number on the wire, and the nearest name when it has no such.
 */
import type { FuncContract, ModuleContract } from "./contract.ts";

/** A contract's functions by wire name and by number: made once for each contract. */
interface FuncIndex {
  readonly byName: ReadonlyMap<string, FuncContract>;
  readonly byNumber: ReadonlyMap<number, FuncContract>;
}

const indexes = new WeakMap<ModuleContract, FuncIndex>();

/**
 * Finds a function of a contract by its name on the wire, exactly, or by its number. [module-2]
 * Returns undefined when the contract has no such function.
 */
export function findFunc(contract: ModuleContract, nameOrNumber: string | number): FuncContract | undefined {
  const index = indexOf(contract);
  return typeof nameOrNumber === "number" ? index.byNumber.get(nameOrNumber) : index.byName.get(nameOrNumber);
}

function indexOf(contract: ModuleContract): FuncIndex {
  const known = indexes.get(contract);
  if (known !== undefined) return known;
  const funcs = Object.values(contract.funcs);
  const index: FuncIndex = {
    byName: new Map(funcs.map((func) => [func.name, func])),
    byNumber: new Map(funcs.map((func) => [func.number, func])),
  };
  indexes.set(contract, index);
  return index;
}

/** Names longer than this get no suggestion; it bounds the work for names that a peer made up. */
const MAX_SUGGESTED_LENGTH = 64;

/**
 * Returns the candidate that a misspelt name most likely meant, or undefined when none is near: at most a third of
 * its characters may be wrong, and case does not count.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > MAX_SUGGESTED_LENGTH) return undefined;
  let nearest: string | undefined;
  // Something must be right: no name of one letter is near to another.
  let least = Math.min(name.length, Math.max(1, Math.floor(name.length / 3)) + 1);
  for (const candidate of candidates) {
    if (candidate.length > MAX_SUGGESTED_LENGTH) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

/** Counts insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? cost) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
