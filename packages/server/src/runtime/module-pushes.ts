/**
 * A module's pushes: its contract's content, checked and encoded at most once per form.
 */
import { encodeMessage, MqplayError, isMqplayError, type PushContract } from "@mqplay/shared";
import type { ModulePushes, PushBody, PushService } from "./pushes.ts";

class ContractPush<T> implements PushBody {
  readonly module: number;
  readonly type: number;
  readonly #push: PushContract<T>;
  readonly #content: T;
  #json: Uint8Array | undefined;
  #protobuf: Uint8Array | undefined;

  constructor(module: number, push: PushContract<T>, content: T) {
    this.module = module;
    this.type = push.number;
    this.#push = push;
    this.#content = content;
  }

  json(): Uint8Array {
    this.#json ??= Buffer.from(JSON.stringify(this.#push.content.toJson(this.#content)));
    return this.#json;
  }

  protobuf(): Uint8Array {
    this.#protobuf ??= encodeMessage(this.#push.content, this.#content);
    return this.#protobuf;
  }
}

/**
 * Makes the body of a push, held to its contract.
 * @throws MqplayError `invalidArgument` when the content breaks the contract
 */
export function createPushBody<T>(module: number, push: PushContract<T>, content: T): PushBody {
  const value: unknown = content;
  try {
    checkContent(push, value);
  } catch (error) {
    // Not as it came: a handler that lets this out must answer Internal, for the caller's parameters were right.
    const detail = isMqplayError(error) ? error.detail : "content breaks its contract";
    throw new MqplayError("invalidArgument", `push ${push.name}: ${detail}`, { cause: error });
  }
  return new ContractPush(module, push, content);
}

function checkContent(push: PushContract, content: unknown): void {
  push.content.check(content);
}

/** Makes the pushes of the module with this number. */
export function createModulePushes(module: number, service: PushService): ModulePushes {
  return {
    send: async (target, push, content, options) =>
      await service.send(target, createPushBody(module, push, content), options),
    join: async (group, sessionId) => await service.join(group, sessionId),
    leave: async (group, sessionId) => await service.leave(group, sessionId),
    sizeOf: async (group) => await service.sizeOf(group),
  };
}
