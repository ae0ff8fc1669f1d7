/**
 * What went wrong, in words for a player.
 */
import { isMqplayError } from "@mqplay/client-sdk";
import { Arena } from "../contracts/arena.ts";
import { asSentence } from "../../src/player/failure.ts";

const WORDS: Readonly<Record<string, string>> = {
  [Arena.errors.roomFull.name]: "This room is full. Try again when somebody has left, or open another room.",
  [Arena.errors.tooManyRooms.name]: "All rooms are taken. Join one that is open.",
};

/** Says it in a sentence. */
export function sentenceFor(error: unknown): string {
  if (!isMqplayError(error))
    return asSentence(error instanceof Error ? error.message : "something went wrong");
  if (error.path === "name")
    return "A name has up to 20 letters, digits and spaces, and begins with a letter or a digit.";
  if (error.code === "connectFailed") return `The server cannot be reached: ${error.detail}.`;
  return WORDS[error.errorName ?? ""] ?? asSentence(error.detail);
}
