/**
 * The game's connection as a machine: four states, and which may follow which. Data; tested alone.
 */
import type { MqplayError } from "@mqplay/shared";

/**
 * Why a game is closed for good.
 * - `closed`: the program called close();
 * - `kicked`: the account logged in elsewhere; [push-3]
 * - `failed`: the first connection could not be made;
 * - `lost`: the connection ended and is not, or no longer, being made anew.
 */
export type ClosedReason = "closed" | "kicked" | "failed" | "lost";

/** Where the connection stands. */
export type GameState =
  | { readonly name: "connecting" }
  | { readonly name: "ready" }
  | {
      readonly name: "reconnecting";
      /** Which try this is, from 1. */
      readonly attempt: number;
      /** How long until it is made, in ms. */
      readonly delayMs: number;
      /** What ended the connection, or the try before. */
      readonly error: MqplayError;
    }
  | {
      readonly name: "closed";
      readonly reason: ClosedReason;
      /** What happened; undefined when the program closed it. */
      readonly error: MqplayError | undefined;
    };

type StateName = GameState["name"];

const FOLLOWING: Readonly<Record<StateName, readonly StateName[]>> = {
  connecting: ["ready", "closed"],
  ready: ["reconnecting", "closed"],
  reconnecting: ["reconnecting", "ready", "closed"],
  closed: [],
};

/** Tells whether one state may follow another. Closed is final. */
export function mayFollow(from: StateName, to: StateName): boolean {
  return FOLLOWING[from].includes(to);
}
