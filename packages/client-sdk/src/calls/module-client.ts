/**
 * A module as a game calls it: one typed function for each function of the contract, and its pushes.
 * Request → check → bytes; answer → response or error. Everything is inferred from the contract.
 */
import {
  codeOfState,
  encodeJsonCall,
  isSuccess,
  nearestName,
  type Answer,
  type ContentOf,
  type DecodedAnswer,
  type Encoding,
  type FuncContract,
  type MessageType,
  type ModuleContract,
  type PushContract,
  type RequestOf,
  type ResponseOf,
} from "@mqplay/shared";
import type { Unsubscribe } from "../emitter.ts";
import { MqplayError, toMqplayError } from "../errors.ts";
import type { CallOptions } from "./call-options.ts";
import { requireProtobuf, type ProtobufForm } from "../protobuf.ts";
import type { OutgoingCall } from "./pending.ts";
import { readRetryAfterMs } from "./retry-after.ts";

/**
 * One function of a module. Rejects with an MqplayError:
 * - `functionError` and the general states' names when the server says so: `state`, `errorName`, and its text as `detail`;
 * - `paramNotAllow` with `path` when the request breaks the contract: nothing was sent;
 * - `callTimeout`, `callAborted`, `connectionLost` with `mayHaveRun`; `notConnected`, `callLimit`: nothing was sent.
 *
 * A function whose contract says `idempotent` is sent again after a cut, within the call's time limit, and runs once.
 */
export type FuncCaller<F> = [RequestOf<F>] extends [void]
  ? (options?: CallOptions) => Promise<ResponseOf<F>>
  : (request: RequestOf<F>, options?: CallOptions) => Promise<ResponseOf<F>>;

/** The functions of a contract. */
export type FuncCallers<M extends ModuleContract> = {
  readonly [K in keyof M["funcs"]]: FuncCaller<M["funcs"][K]>;
};

/** A module's functions, and `on` for its pushes. */
export type ModuleClient<M extends ModuleContract> = FuncCallers<M> & {
  /** Calls `listener` with the content of every such push, until the returned function is called. */
  on<K extends keyof M["pushes"] & string>(
    push: K,
    listener: (content: ContentOf<M["pushes"][K]>) => void,
  ): Unsubscribe;
};

/** How a game wants a module. */
export interface ModuleOptions {
  /**
   * Calls this instance of the module, `Name@instance`, instead of any. [module-2]
   * Such calls are written in JSON, for the two bytes of a protobuf call have no place for it.
   */
  readonly instance?: string;
}

/** What a module client needs. */
export interface ModuleClientDeps {
  /** The name to call it by, with its instance; undefined is the contract's. */
  readonly instanceName?: string | undefined;
  readonly encoding: Encoding;
  /** Undefined in a build that speaks JSON only. */
  readonly protobuf: ProtobufForm | undefined;
  readonly timeoutMs: number;
  /** Makes the key of a call that is to run once. [call-5] */
  createKey(func: FuncContract, request: unknown): string;
  call(call: OutgoingCall): Promise<DecodedAnswer>;
  /** Told of every success before the caller is. */
  readonly onResponse?: ((func: FuncContract, response: unknown) => void) | undefined;
  listen<T>(module: ModuleContract, push: PushContract<T>, listener: (content: T) => void): Unsubscribe;
}

/** Names that programs look for in any object; they are no misspelt functions. */
const NOT_FUNCTIONS: ReadonlySet<string> = new Set([
  "then",
  "toJSON",
  "constructor",
  "asymmetricMatch",
  "nodeType",
  "tagName",
]);

/** Makes the client of a module. */
export function createModuleClient<M extends ModuleContract>(
  contract: M,
  deps: ModuleClientDeps,
): ModuleClient<M> {
  if (Object.hasOwn(contract.funcs, "on")) {
    throw new MqplayError(
      "contractInvalid",
      `${contract.name} has a function "on": that name is taken by its pushes`,
    );
  }
  const members = new Map<PropertyKey, unknown>([
    [
      "on",
      (name: string, listener: (content: unknown) => void) =>
        deps.listen(contract, findPush(contract, name), listener),
    ],
  ]);
  for (const [key, func] of Object.entries(contract.funcs)) {
    const hasRequest = func.request !== null;
    members.set(key, (first: unknown, second: unknown) =>
      callFunc(
        contract,
        func,
        hasRequest ? first : undefined,
        readOptions(hasRequest ? second : first),
        deps,
      ),
    );
  }
  const client: object = new Proxy(Object.fromEntries(members), {
    get(target, key, receiver): unknown {
      if (typeof key === "symbol" || members.has(key) || NOT_FUNCTIONS.has(key))
        return Reflect.get(target, key, receiver);
      return () => Promise.reject(unknownFunc(contract, key));
    },
  });
  if (!isClientOf(contract, client))
    throw new MqplayError("internal", `the client of ${contract.name} is not complete`);
  return client;
}

/** What the loop above cannot say in types: there is a member for each function of the contract, and `on`. */
function isClientOf<M extends ModuleContract>(contract: M, client: object): client is ModuleClient<M> {
  return ["on", ...Object.keys(contract.funcs)].every(
    (key) => typeof Reflect.get(client, key) === "function",
  );
}

/** Which function is called, and by what names. */
interface Callee {
  readonly contract: ModuleContract;
  readonly func: FuncContract;
  /** The module's name as it is called, with its instance. */
  readonly module: string;
  /** `Module.Func`, for messages. */
  readonly name: string;
  readonly protobuf: ProtobufForm | undefined;
}

async function callFunc(
  contract: ModuleContract,
  func: FuncContract,
  request: unknown,
  options: CallOptions,
  deps: ModuleClientDeps,
): Promise<unknown> {
  const module = deps.instanceName ?? contract.name;
  const encoding = deps.instanceName === undefined ? (options.encoding ?? deps.encoding) : "json";
  const { protobuf } = deps;
  const callee: Callee = { contract, func, module, name: `${module}.${func.name}`, protobuf };
  const once = func.idempotent ? deps.createKey(func, request) : undefined;
  const answer = await deps.call({
    name: callee.name,
    encoding,
    module: contract.number,
    func: func.number,
    plain: encodeCall(callee, request, encoding, once),
    timeoutMs: resolveTimeout(options.timeoutMs ?? deps.timeoutMs, callee.name),
    signal: options.signal,
    hasKey: once !== undefined,
  });
  if (!isSuccess(answer.state)) throw answerError(callee, answer);
  const response = decodeResponse(callee, answer, encoding);
  deps.onResponse?.(func, response);
  return response;
}

function encodeCall(
  { contract, func, module, name, protobuf: form }: Callee,
  request: unknown,
  encoding: Encoding,
  once: string | undefined,
): Uint8Array {
  const type: MessageType<unknown> | null = func.request;
  if (type !== null) checkRequest(name, type, request);
  if (encoding === "json") {
    const params = type === null ? undefined : type.toJson(request);
    return encodeJsonCall({ encoding, module, func: func.name, params, once });
  }
  const protobuf = requireProtobuf(form);
  const params = type === null ? new Uint8Array(0) : protobuf.encodeMessage(type, request);
  return protobuf.encodeCall({ encoding, module: contract.number, func: func.number, params, once });
}

function checkRequest(name: string, type: MessageType<unknown>, request: unknown): void {
  try {
    type.check(request);
  } catch (cause) {
    const { code, detail, path } = toMqplayError(cause);
    throw new MqplayError(code, `${name} was not sent: ${detail}`, { cause, path, mayHaveRun: false });
  }
}

function decodeResponse({ func, name, protobuf }: Callee, answer: Answer, encoding: Encoding): unknown {
  const type: MessageType<unknown> | null = func.response;
  if (type === null) return undefined;
  const { result } = answer;
  try {
    if (encoding === "json") {
      const json: unknown = typeof result === "string" ? JSON.parse(result) : null;
      return type.fromJson(json ?? {});
    }
    return requireProtobuf(protobuf).decodeMessage(
      type,
      result instanceof Uint8Array ? result : new Uint8Array(0),
    );
  } catch (cause) {
    const { detail } = toMqplayError(cause);
    throw new MqplayError("malformed", `the result of ${name} cannot be read: ${detail}`, {
      cause,
      mayHaveRun: true,
    });
  }
}

/** The server's text becomes the detail, as a game may show it; which call it was says the cause. */
function answerError({ func, name, protobuf }: Callee, answer: Answer): MqplayError {
  const { state, msg } = answer;
  const declared = func.errors.find((error) => error.state === state);
  const words = declared === undefined ? "" : ` (${declared.name})`;
  return new MqplayError(codeOfState(state), msg === "" ? (declared?.msg ?? `state ${state}`) : msg, {
    state,
    errorName: declared?.name,
    retryAfterMs: readRetryAfterMs(answer, protobuf),
    fromPeer: true,
    cause: new Error(`${name} was answered with state ${state}${words}`),
  });
}

function resolveTimeout(timeoutMs: number, name: string): number {
  if (Number.isFinite(timeoutMs) && timeoutMs > 0 && timeoutMs <= 2_147_483_647) return timeoutMs;
  throw new MqplayError(
    "invalidArgument",
    `${name} was not sent: "timeoutMs" must be more than 0 ms, got ${String(timeoutMs)}`,
    {
      path: "timeoutMs",
      mayHaveRun: false,
    },
  );
}

function readOptions(value: unknown): CallOptions {
  return typeof value === "object" && value !== null ? value : {};
}

function findPush(contract: ModuleContract, name: string): PushContract {
  const push = Object.hasOwn(contract.pushes, name) ? contract.pushes[name] : undefined;
  if (push !== undefined) return push;
  const detail = unknownName(contract.name, "push", name, Object.keys(contract.pushes));
  throw new MqplayError("invalidArgument", detail, { path: name });
}

function unknownFunc(contract: ModuleContract, name: string): MqplayError {
  const detail = unknownName(contract.name, "function", name, Object.keys(contract.funcs));
  return new MqplayError("notFound", detail, { path: name, mayHaveRun: false });
}

function unknownName(module: string, kind: string, name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? "" : `, did you mean "${nearest}"?`;
  const list = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
  return `${module} has no ${kind} "${name}"${hint === "" ? ";" : hint} ${list}`;
}
