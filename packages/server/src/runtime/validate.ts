/**
 * What stands between the wire and a handler: parameters in, result out, both held to the contract.
 */
import {
  decodeMessage,
  encodeMessage,
  defineMessage,
  isMqplayError,
  MqplayError,
  STATE_OK,
  type Answer,
  type Call,
  type Encoding,
  type FuncContract,
  type MessageType,
} from "@mqplay/shared";
import { answerNothing } from "./answers.ts";

/** What a function without parameters is sent: no fields, but protobuf all the same. [bad-3] */
const Empty: MessageType<object> = defineMessage("google.protobuf.Empty", []);

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
    if (call.encoding === "protobuf") {
      if (func.request !== null) return decodeMessage(func.request, call.params);
      if (call.params.length > 0) decodeMessage(Empty, call.params);
      return undefined;
    }
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
 * @throws MqplayError `internal` when it is not what the contract says: a bug of the handler
 */
export function encodeResult(func: FuncContract, value: unknown, encoding: Encoding): Answer {
  const { response } = func;
  if (response === null) return answerNothing(encoding);
  try {
    checkMessage(response, value);
    const result =
      encoding === "json" ? JSON.stringify(response.toJson(value)) : encodeMessage(response, value);
    return { state: STATE_OK, msg: "", result };
  } catch (error) {
    const detail = isMqplayError(error) ? error.detail : "it cannot be encoded";
    throw new MqplayError("internal", `the result breaks its contract: ${detail}`, { cause: error });
  }
}

function checkMessage(response: MessageType<unknown>, message: unknown): void {
  response.check(message);
}
