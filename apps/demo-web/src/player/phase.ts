/**
 * Where a player is in the flow, in words, and what comes next.
 */
import type { Step } from "./snippet.ts";

/** Where a player is in the flow. */
export type Phase = "offline" | "connecting" | "reconnecting" | "guest" | "loggedIn";

/** What the next step depends on. */
export interface Progress {
  readonly phase: Phase;
  /** Whether the name in the form has an account, as far as this page knows. */
  readonly isRegistered: boolean;
  /** Whether this login has been asked who it is. */
  readonly hasAsked: boolean;
}

/** Tells what a player would sensibly do next: that button stands out. */
export function nextStep({ phase, isRegistered, hasAsked }: Progress): Step {
  switch (phase) {
    case "offline":
    case "connecting":
    case "reconnecting":
      return "connect";
    case "guest":
      return isRegistered ? "login" : "register";
    case "loggedIn":
      return hasAsked ? "logout" : "whoAmI";
  }
}

/** Says where a player is. `username` is who is logged in. */
export function phaseText(phase: Phase, username: string): string {
  switch (phase) {
    case "offline":
      return "Not connected";
    case "connecting":
      return "Connecting…";
    case "reconnecting":
      return "Connection lost, reconnecting…";
    case "guest":
      return "Connected, nobody logged in";
    case "loggedIn":
      return `Logged in as ${username}`;
  }
}

/** The functions that the steps call. */
export const callNames: Readonly<Partial<Record<Step, string>>> = {
  register: "User.Register",
  login: "User.Login",
  whoAmI: "User.GetSelfInfo",
  logout: "User.Logout",
};

/** How long ago, for people: `8.2 ms`, `41 ms`. */
export function elapsed(sinceMs: number): string {
  const ms = performance.now() - sinceMs;
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${String(Math.round(ms))} ms`;
}
