/**
 * The protobuf encoding as a client uses it: calls out, answers and pushes in. Handed in at `connect()`, so that a game
 * which speaks JSON only does not carry it (src/json.ts).
 */
import {
  decodeMessage,
  decodeProtobufAnswer,
  decodeProtobufPush,
  encodeMessage,
  encodeProtobufCall,
  type DecodedAnswer,
  type MessageType,
  type ProtobufCall,
  type Push,
} from "@mqplay/shared";
import { MqplayError } from "./errors.ts";

/** What the other rooms need of protobuf. */
export interface ProtobufForm {
  encodeCall(call: ProtobufCall): Uint8Array;
  decodeAnswer(bytes: Uint8Array): DecodedAnswer;
  decodePush(bytes: Uint8Array): Push;
  encodeMessage<T>(type: MessageType<T>, message: T): Uint8Array;
  decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array): T;
}

/** Protobuf. */
export const protobufForm: ProtobufForm = {
  encodeCall: encodeProtobufCall,
  decodeAnswer: decodeProtobufAnswer,
  decodePush: decodeProtobufPush,
  encodeMessage,
  decodeMessage,
};

/** Returns the form. @throws MqplayError `invalidArgument` in a build that has JSON only */
export function requireProtobuf(form: ProtobufForm | undefined): ProtobufForm {
  if (form !== undefined) return form;
  throw new MqplayError(
    "invalidArgument",
    'this build speaks JSON only; "@mqplay/client-sdk" has protobuf, too',
    {
      path: "encoding",
    },
  );
}
