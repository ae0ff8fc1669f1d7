// Generated from counter.proto. Do not edit: change the .proto and generate again.
import { type Message, type ModuleContract, defineMessage } from "@mqplay/shared";

export interface CounterName {
  readonly name: string;
}
export const CounterName: Message<CounterName> = /* @__PURE__ */ defineMessage("CounterName", [
  { number: 1, name: "name", type: "string", required: true, maxLen: 16 },
]);

export interface AddRequest {
  readonly name: string;
  readonly by: number;
}
export const AddRequest: Message<AddRequest> = /* @__PURE__ */ defineMessage("AddRequest", [
  { number: 1, name: "name", type: "string", required: true, maxLen: 16 },
  { number: 2, name: "by", type: "int32", min: 1, max: 100 },
]);

export interface CounterValue {
  readonly name: string;
  readonly value: number;
}
export const CounterValue: Message<CounterValue> = /* @__PURE__ */ defineMessage("CounterValue", [
  { number: 1, name: "name", type: "string" },
  { number: 2, name: "value", type: "int32" },
]);

/** A counter that the client watches has changed. */
export interface Changed {
  readonly name: string;
  readonly value: number;
  readonly changed_by: string;
}
export const Changed: Message<Changed> = /* @__PURE__ */ defineMessage("Changed", [
  { number: 1, name: "name", type: "string" },
  { number: 2, name: "value", type: "int32" },
  { number: 3, name: "changed_by", type: "string" },
]);

/** Counters that players share. */
export const Counter = {
  name: "Counter",
  number: 11,
  funcs: {
    /** Watches a counter: every change of it is pushed. */
    watch: {
      name: "Watch",
      number: 1,
      request: CounterName,
      response: CounterValue,
      access: "user",
      idempotent: false,
      sticky: null,
      errors: [],
    },
    /** Adds to a counter. */
    add: {
      name: "Add",
      number: 2,
      request: AddRequest,
      response: CounterValue,
      access: "user",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 1, name: "full", msg: "The counter is full" },
      ],
    },
    /** Waits until a counter has reached a value. */
    await: {
      name: "Await",
      number: 3,
      request: CounterValue,
      response: null,
      access: "user",
      idempotent: false,
      sticky: null,
      errors: [],
    },
  },
  pushes: {
    /** A counter that the client watches has changed. */
    changed: { name: "Changed", number: 1, content: Changed },
  },
  errors: {
    full: { state: 1, name: "full", msg: "The counter is full" },
  },
} as const satisfies ModuleContract;
