// What users of the contracts and of both ends need; the lines below the rule are for those who write an end.
export {
  MqplayError,
  isMqplayError,
  toMqplayError,
  codeOfState,
  type ErrorCode,
  type MqplayErrorInit,
} from "./errors.ts";
export {
  States,
  STATE_OK,
  STATE_OK_LEGACY,
  LOWEST_GENERAL_STATE,
  isSuccess,
  stateName,
  stateNames,
  type StateName,
  type StateEntry,
} from "./state.ts";
export type {
  Access,
  ContentOf,
  ErrorContract,
  FuncContract,
  JsonValue,
  MessageType,
  ModuleContract,
  PushContract,
  RequestOf,
  ResponseOf,
} from "./contract/contract.ts";
// Everything of user.proto: the contract `User` and its messages, each a type and a value.
export * from "./contract/generated/user.ts";
// The contract of the module Push; `Push` itself is the shape of a push, below.
export { Push as PushModule } from "./contract/generated/push.ts";
// What generated contracts are made with.
export { defineMessage, type Message } from "./contract/message.ts";
export type { FieldSpec, Layout } from "./contract/field.ts";
export { decodeMessage, encodeMessage } from "./contract/protobuf-form.ts";

// ——— for authors of an end ———
export { findFunc, nearestName } from "./contract/registry.ts";
export type { Answer, Call, Encoding, JsonCall, ProtobufCall, Push } from "./message.ts";
export { Topics, classifyTopic, isPrivateTopic, type PrivateTopic, type TopicClass } from "./topics.ts";
export { MalformedCall, type Codec, type DecodedAnswer, type ReplyTo } from "./codec/codec.ts";
export { decodeJsonAnswer, decodeJsonPush, encodeJsonCall, jsonCodec } from "./codec/json.ts";
export { isJsonObject, parseJson, type JsonObject } from "./codec/json-text.ts";
export {
  decodeProtobufAnswer,
  decodeProtobufPush,
  encodeProtobufCall,
  protobufCodec,
} from "./codec/protobuf.ts";
export { isOnceKey, readOnceField } from "./codec/once.ts";
export { classicProfile, createClassicProfile, traceClassicKey } from "./profile/classic/profile.ts";
export type { ClassicKeyTrace } from "./profile/classic/key.ts";
export { fromBase64, toBase64, utf8Decode, utf8Encode } from "#host";
export type { Host } from "./host/host.ts";
export { bytesEqual } from "./util/bytes.ts";
export { plainChannel, type Profile, type SealedChannel } from "./profile/profile.ts";
export {
  DEFAULT_CALL_TIMEOUT_MS,
  MAX_CALL_ID_BYTES,
  MAX_CLIENT_ID_BYTES,
  MAX_JSON_DEPTH,
  MIN_CLIENT_ID_BYTES,
  ONCE_LIFETIME_MS,
  SERVER_STRING_BYTES,
} from "./limits.ts";
