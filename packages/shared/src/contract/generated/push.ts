// Generated from push.proto. Do not edit: change the .proto and generate again.
import { type Message, defineMessage } from "../message.ts";
import type { ModuleContract } from "../contract.ts";

export interface Push_Send_Request {
  /** The module whose push it is, as clients see it. */
  readonly module: number;
  /** The push's number within the module. */
  readonly pushType: number;
  /** The content as text: JSON, or plain text. */
  readonly json?: string | undefined;
  /** The content as protobuf. With both, each client gets the one that it listens for. */
  readonly protobuf?: Uint8Array | undefined;
  /** Whom it goes to. A session that is meant in more than one of these ways gets it as often. */
  readonly users: readonly string[];
  readonly sessions: readonly string[];
  readonly groups: readonly string[];
  readonly everyone: boolean;
  /** Keeps it for those of `users` who are away, for so many seconds; 0 does not keep it. */
  readonly keepS: number;
}
export const Push_Send_Request: Message<Push_Send_Request> =
  /* @__PURE__ */ defineMessage("Push_Send_Request", [
    { number: 1, name: "module", type: "int32", min: 0, max: 255 },
    { number: 2, name: "pushType", type: "int32", min: 0, max: 255 },
    { number: 3, name: "json", type: "string", optional: true, maxLen: 131072 },
    { number: 4, name: "protobuf", type: "bytes", optional: true, maxLen: 131072 },
    { number: 5, name: "users", type: "string", repeated: true, maxLen: 64, maxItems: 10000 },
    { number: 6, name: "sessions", type: "string", repeated: true, maxLen: 64, maxItems: 10000 },
    { number: 7, name: "groups", type: "string", repeated: true, maxLen: 128, maxItems: 1000 },
    { number: 8, name: "everyone", type: "bool" },
    { number: 9, name: "keepS", type: "int32", min: 0, max: 2592000 },
  ]);

export interface Push_Send_Response {
  /** Sessions that it was sent to. */
  readonly sent: number;
  /** Users who were away and for whom it is kept. */
  readonly kept: number;
  /** Sessions that do not listen, and users who were away and for whom it is not kept. */
  readonly dropped: number;
}
export const Push_Send_Response: Message<Push_Send_Response> =
  /* @__PURE__ */ defineMessage("Push_Send_Response", [
    { number: 1, name: "sent", type: "int32" },
    { number: 2, name: "kept", type: "int32" },
    { number: 3, name: "dropped", type: "int32" },
  ]);

export interface Push_Group_Request {
  readonly group: string;
  readonly sessions: readonly string[];
}
export const Push_Group_Request: Message<Push_Group_Request> =
  /* @__PURE__ */ defineMessage("Push_Group_Request", [
    { number: 1, name: "group", type: "string", minLen: 1, maxLen: 128 },
    { number: 2, name: "sessions", type: "string", repeated: true, maxLen: 64, maxItems: 10000 },
  ]);

export interface Push_Group_Response {
  /** Sessions that are in the group now; the others have ended, or are in too many groups. */
  readonly joined: number;
}
export const Push_Group_Response: Message<Push_Group_Response> =
  /* @__PURE__ */ defineMessage("Push_Group_Response", [
    { number: 1, name: "joined", type: "int32" },
  ]);

/** Pushes on behalf of trusted programs. */
export const Push = {
  name: "Push",
  number: 3,
  funcs: {
    /** Sends one push to sessions, users, groups or everyone. */
    send: {
      name: "Send",
      number: 1,
      request: Push_Send_Request,
      response: Push_Send_Response,
      access: "internal",
      idempotent: false,
      sticky: null,
      errors: [
        { state: 1, name: "noContent", msg: "Neither json nor protobuf was given" },
        { state: 2, name: "noTarget", msg: "Nobody to push to was named" },
      ],
    },
    /** Puts sessions into a group until they leave, lose their login or end. */
    join: {
      name: "Join",
      number: 2,
      request: Push_Group_Request,
      response: Push_Group_Response,
      access: "internal",
      idempotent: true,
      sticky: null,
      errors: [],
    },
    /** Takes sessions out of a group. */
    leave: {
      name: "Leave",
      number: 3,
      request: Push_Group_Request,
      response: null,
      access: "internal",
      idempotent: true,
      sticky: null,
      errors: [],
    },
  },
  pushes: {},
  errors: {
    noContent: { state: 1, name: "noContent", msg: "Neither json nor protobuf was given" },
    noTarget: { state: 2, name: "noTarget", msg: "Nobody to push to was named" },
  },
} as const satisfies ModuleContract;
