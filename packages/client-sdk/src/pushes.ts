/**
 * Pushes: read, and handed to who listens. Mirror of the gate's pushes.
 *
 * The SDK subscribes `p` alone. A JSON push comes there only, a protobuf push comes on `p` and on `q`: so `p` has all of
 * them once, whatever the encoding of the calls, where both would bring every protobuf push twice. [push-1] [push-2]
 * The Go server sends protobuf pushes on `f`; one that comes on two topics all the same is delivered once.
 */
import {
  decodeJsonPush,
  bytesEqual,
  parseJson,
  Topics,
  utf8Decode,
  type Encoding,
  type ModuleContract,
  type Push,
  type PushContract,
} from "@mqplay/shared";
import type { Clock } from "./clock.ts";
import { Emitter, type Unsubscribe } from "./emitter.ts";
import { toMqplayError } from "./errors.ts";
import type { Logger } from "./options.ts";
import { requireProtobuf, type ProtobufForm } from "./protobuf.ts";

/** A push as it came: numbers and bytes. */
export interface ReceivedPush extends Push {
  /** How `content` is written; plain text counts as JSON. */
  readonly encoding: Encoding;
}

/** What {@link Pushes} needs. */
export interface PushesDeps {
  /** Undefined in a build that speaks JSON only: pushes in protobuf then come as bytes alone. */
  readonly protobuf: ProtobufForm | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rethrow: (error: unknown) => void;
  /** The notice that the account logged in elsewhere has come. */
  onKicked(message: string): void;
}

/** How long a push waits for its copy on another topic, in ms: they leave the server together. */
const COPY_WINDOW_MS = 5_000;
/** Pushes that may wait for a copy; the oldest is forgotten first. */
const MAX_COPIES = 64;

const OPEN_BRACE = 0x7b;

interface Seen {
  readonly push: Push;
  readonly isOnP: boolean;
  readonly atMs: number;
}

/** The pushes of one game. */
export class Pushes {
  readonly #deps: PushesDeps;
  readonly #all: Emitter<{ push: ReceivedPush }>;
  readonly #typed: Emitter<Record<string, ReceivedPush>>;
  #seen: Seen[] = [];
  #unreadable = 0;

  constructor(deps: PushesDeps) {
    this.#deps = deps;
    this.#all = new Emitter(deps.rethrow);
    this.#typed = new Emitter(deps.rethrow);
  }

  /** Pushes that could not be read. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Listens to every push, whatever module it is of. */
  onPush(listener: (push: ReceivedPush) => void): Unsubscribe {
    return this.#all.on("push", listener);
  }

  /** Listens to one push of a module. Content that is no such message is reported and dropped. */
  on<T>(module: ModuleContract, push: PushContract<T>, listener: (content: T) => void): Unsubscribe {
    return this.#typed.on(keyOf(module.number, push.number), (received) => {
      const content = this.#decode(`${module.name}.${push.name}`, push, received);
      if (content !== undefined) listener(content.value);
    });
  }

  /** Takes what came on `p` or `q`, or on `f` without being an answer. */
  handleMessage(topic: string, plain: Uint8Array): void {
    const isOnP = topic === Topics.pushJson;
    let push: Push;
    try {
      push = isOnP ? decodeJsonPush(plain) : requireProtobuf(this.#deps.protobuf).decodePush(plain);
    } catch (error) {
      this.#report(`a message on "${topic}" is no push`, error);
      return;
    }
    // No message begins with "{" in protobuf: it would be a group, which nothing writes any more.
    const isJson = isOnP && push.content[0] === OPEN_BRACE;
    if (push.module === 0 && push.type === 0) this.#handleKicked(push);
    if (!isJson && this.#isCopy(push, isOnP)) return;
    const received: ReceivedPush = { ...push, encoding: isJson ? "json" : "protobuf" };
    this.#all.emit("push", received);
    this.#typed.emit(keyOf(push.module, push.type), received);
  }

  #handleKicked(push: Push): void {
    try {
      this.#deps.onKicked(utf8Decode(push.content));
    } catch (error) {
      this.#report("the notice of a login elsewhere is no text", error);
      this.#deps.onKicked("");
    }
  }

  #decode<T>(
    name: string,
    push: PushContract<T>,
    { encoding, content }: ReceivedPush,
  ): { value: T } | undefined {
    try {
      return {
        value:
          encoding === "json"
            ? push.content.fromJson(parseJson(content))
            : requireProtobuf(this.#deps.protobuf).decodeMessage(push.content, content),
      };
    } catch (error) {
      this.#report(`the content of a push ${name} cannot be read`, error);
      return undefined;
    }
  }

  /** Each copy cancels one push of the other kind of topic: a push that is sent twice is delivered twice. */
  #isCopy(push: Push, isOnP: boolean): boolean {
    const atMs = this.#deps.clock.now();
    const recent = this.#seen.filter((seen) => atMs - seen.atMs < COPY_WINDOW_MS);
    const at = recent.findIndex((seen) => seen.isOnP !== isOnP && isSamePush(seen.push, push));
    if (at >= 0) {
      this.#seen = recent.filter((_, index) => index !== at);
      return true;
    }
    this.#seen = [...recent, { push, isOnP, atMs }].slice(-MAX_COPIES);
    return false;
  }

  #report(message: string, error: unknown): void {
    this.#unreadable++;
    this.#deps.logger.warn(message, toMqplayError(error));
  }
}

function isSamePush(a: Push, b: Push): boolean {
  return a.module === b.module && a.type === b.type && bytesEqual(a.content, b.content);
}

function keyOf(module: number, type: number): string {
  return `${module}.${type}`;
}
