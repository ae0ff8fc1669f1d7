/**
 * A message of a generated contract: its table of fields made into JSON and checks; into bytes by protobuf-form.ts.
 * Tables are read at run time instead of code generated for each message: no `new Function`, and a small bundle.
 */
import { checkMessage } from "./check.ts";
import type { JsonValue, MessageType } from "./contract.ts";
import { createLayout, type FieldSpec, type Layout } from "./field.ts";
import { messageFromJson, messageToJson } from "./json-form.ts";

/** A message of a generated contract. */
export type Message<T> = MessageType<T>;

/**
 * Makes a message of its fields. Generated contracts call it; `T` and the fields come from one .proto.
 * @param name the message's name in the .proto
 */
export function defineMessage<T extends object>(
  name: string,
  fields: readonly FieldSpec<keyof T & string>[],
): Message<T> {
  return new TableMessage<T>(createLayout(name, fields));
}

class TableMessage<T extends object> implements Message<T> {
  readonly name: string;
  readonly layout: Layout;

  constructor(layout: Layout) {
    this.name = layout.name;
    this.layout = layout;
  }

  toJson(message: T): JsonValue {
    return messageToJson(this.layout, message, 0);
  }

  fromJson(json: unknown): T {
    return this.#typed(messageFromJson(this.layout, json, "", 0));
  }

  check(message: unknown): asserts message is T {
    checkMessage(this.layout, message, "", 0);
  }

  /** The layout was followed, and the generator wrote it and `T` from one source: here the two meet. */
  #typed(value: object): T {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return value as T;
  }
}
