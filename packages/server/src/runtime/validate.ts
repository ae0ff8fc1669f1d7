/**
 * What stands between the wire and a handler: parameters in, result out, both held to the contract.
 */
import {
  isMqplayError,
  MqplayError,
  type Answer,
  type Call,
  type Encoding,
  type FuncContract,
} from "@mqplay/shared";
import { answerNothing } from "./answers.ts";

/**
 * Decodes and checks a call's parameters.
 * @throws MqplayError `paramParseFail` when they do not parse [bad-3], `paramNotAllow` when they break a rule of the contract
 */
export function decodeParams(func: FuncContract, call: Call): unknown {
  const request = parseParams(func, call);
  func.request?.check(request);
  return request;
}

function parseParams(func: FuncContract, call: Call): unknown {
  try {
    if (call.encoding === "protobuf") return func.request?.decode(call.params);
    const { params } = call;
    if (params === undefined || params === null) return func.request?.fromJson({});
    if (typeof params !== "object" || Array.isArray(params)) {
      throw new MqplayError("paramParseFail", "params expected an object", { path: "params" });
    }
    return func.request?.fromJson(params);
  } catch (error) {
    if (isMqplayError(error) && error.code === "malformed") {
      throw new MqplayError("paramParseFail", error.detail, { cause: error, path: error.path });
    }
    throw error;
  }
}

/**
 * Encodes what a handler returned.
 * @throws anything, when it is not what the contract says: a bug of the handler
 */
export function encodeResult(func: FuncContract, value: unknown, encoding: Encoding): Answer {
  const { response } = func;
  if (response === null) return answerNothing(encoding);
  const message: unknown = value;
  checkMessage(response, message);
  const result = encoding === "json" ? JSON.stringify(response.toJson(message)) : response.encode(message);
  return { state: 0, msg: "", result };
}

function checkMessage(response: NonNullable<FuncContract["response"]>, message: unknown): void {
  response.check(message);
}
