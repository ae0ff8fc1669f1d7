/**
 * The module that the chaos is about, number 14: a call that runs once, one that may not be repeated, numbered pushes.
 */
import { defineMessage, type ModuleContract } from "@mqplay/shared";

/** A call that a client made: whose, and its number among that client's. */
export interface Mark {
  readonly client: number;
  readonly number: number;
}

export const Mark = defineMessage<Mark>("Mark", [
  { number: 1, name: "client", type: "int32" },
  { number: 2, name: "number", type: "int32" },
]);

const usual = { request: Mark, response: Mark, access: "user", sticky: null, errors: [] } as const;

/** Its contract. */
export const Chaos = {
  name: "Chaos",
  number: 14,
  funcs: {
    /** Gives back what it was given. Sent again by nobody. */
    echo: { ...usual, name: "Echo", number: 1, idempotent: false },
    /** The same, and counts how often it ran. Sent again after a cut. */
    count: { ...usual, name: "Count", number: 2, idempotent: true },
    /** Asks for numbered pushes. */
    listen: { ...usual, name: "Listen", number: 3, idempotent: true },
  },
  pushes: { numbered: { name: "Numbered", number: 1, content: Mark } },
  errors: {},
} as const satisfies ModuleContract;
