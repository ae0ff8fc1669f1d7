/**
 * A module as a test calls it: one typed function for each function of the contract. Requests are sent as they are,
 * whatever the contract demands of them: what it refuses is the server's to refuse, as with any client.
 */
import {
  decodeMessage,
  encodeMessage,
  codeOfState,
  isSuccess,
  jsonCodec,
  MqplayError,
  protobufCodec,
  isMqplayError,
  type Answer,
  type DecodedAnswer,
  type Encoding,
  type FuncContract,
  type MessageType,
  type ModuleContract,
  type RequestOf,
  type ResponseOf,
} from "@mqplay/shared";
import { readRetryAfterMs } from "../runtime/retry-after.ts";

/** How one call is made. */
export interface TestCallOptions {
  /** How long to wait for the answer, in ms of real time: the server's clock stands still. @default 4_000 */
  readonly timeoutMs?: number;
}

/** One function of a module. Rejects with an MqplayError, as the SDK's do. */
export type TestFunc<F> = [RequestOf<F>] extends [void]
  ? (options?: TestCallOptions) => Promise<ResponseOf<F>>
  : (request: RequestOf<F>, options?: TestCallOptions) => Promise<ResponseOf<F>>;

/** The functions of a contract. */
export type TestModule<M extends ModuleContract> = {
  readonly [K in keyof M["funcs"]]: TestFunc<M["funcs"][K]>;
};

/** What calls of a module need of their client. */
export interface ModuleCallsDeps {
  readonly encoding: Encoding;
  /** The module's name with its instance; undefined is the contract's. */
  readonly instanceName: string | undefined;
  call(name: string, plain: Uint8Array, options: TestCallOptions): Promise<DecodedAnswer>;
  /** What the server's log says that a handler threw; undefined when it says nothing. */
  thrownBy(name: string): unknown;
  /** Told of every success before the caller is. */
  onResponse(response: unknown): void;
}

/** Makes the calls of a module. */
export function createModuleCalls<M extends ModuleContract>(
  contract: M,
  deps: ModuleCallsDeps,
): TestModule<M> {
  const calls: object = Object.fromEntries(
    Object.entries(contract.funcs).map(([key, func]) => [
      key,
      (first: unknown, second: unknown) =>
        func.request === null
          ? callFunc(contract, func, undefined, readOptions(first), deps)
          : callFunc(contract, func, first, readOptions(second), deps),
    ]),
  );
  if (!isModuleOf(contract, calls))
    throw new MqplayError("internal", `the calls of ${contract.name} are not complete`);
  return calls;
}

/** What the line above cannot say in types: there is a member for each function of the contract. */
function isModuleOf<M extends ModuleContract>(contract: M, calls: object): calls is TestModule<M> {
  return Object.keys(contract.funcs).every((key) => key in calls);
}

async function callFunc(
  contract: ModuleContract,
  func: FuncContract,
  request: unknown,
  options: TestCallOptions,
  deps: ModuleCallsDeps,
): Promise<unknown> {
  const name = `${deps.instanceName ?? contract.name}.${func.name}`;
  const answer = await deps.call(name, encodeCall(contract, func, request, deps), options);
  if (!isSuccess(answer.state)) throw answerError(name, func, request, answer, deps);
  const response = decodeResponse(func.response, answer);
  deps.onResponse(response);
  return response;
}

function encodeCall(
  contract: ModuleContract,
  func: FuncContract,
  request: unknown,
  { encoding, instanceName }: ModuleCallsDeps,
): Uint8Array {
  const type: MessageType<unknown> | null = func.request;
  if (encoding === "json") {
    const params = type === null ? undefined : type.toJson(request);
    return jsonCodec.encodeCall({ encoding, module: instanceName ?? contract.name, func: func.name, params });
  }
  const params = type === null ? new Uint8Array(0) : encodeMessage(type, request);
  return protobufCodec.encodeCall({ encoding, module: contract.number, func: func.number, params });
}

function decodeResponse(type: MessageType<unknown> | null, { result }: Answer): unknown {
  if (type === null) return undefined;
  return result instanceof Uint8Array
    ? decodeMessage(type, result)
    : type.fromJson(JSON.parse(result ?? "null") ?? {});
}

function answerError(
  name: string,
  func: FuncContract,
  request: unknown,
  answer: Answer,
  deps: ModuleCallsDeps,
): MqplayError {
  const { state, msg } = answer;
  const declared = func.errors.find((error) => error.state === state);
  const code = codeOfState(state);
  const fault = code === "paramNotAllow" ? faultOf(func.request, request) : undefined;
  return new MqplayError(code, fault === undefined ? msg : `${msg}: ${fault.detail}`, {
    state,
    errorName: declared?.name,
    retryAfterMs: readRetryAfterMs(answer),
    path: fault?.path,
    fromPeer: true,
    // The wire keeps what a handler threw to the server; a test wants to see it.
    cause:
      (code === "internal" ? deps.thrownBy(name) : undefined) ??
      new Error(`${name} was answered with state ${state}`),
  });
}

/** What the contract has against a request: the wire says only that there is something. */
function faultOf(type: MessageType<unknown> | null, request: unknown): MqplayError | undefined {
  try {
    type?.check(request);
    return undefined;
  } catch (error) {
    return isMqplayError(error) ? error : undefined;
  }
}

function readOptions(value: unknown): TestCallOptions {
  return typeof value === "object" && value !== null ? value : {};
}
