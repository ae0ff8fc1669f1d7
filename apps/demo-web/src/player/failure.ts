/**
 * An error as a sentence, with the wire's own words for it beside.
 */
import { isMqplayError } from "@mqplay/shared";
import type { Step } from "./snippet.ts";

/** What the panel shows when a step fails. */
export interface Failure {
  readonly sentence: string;
  /** Like `state 1` and `wrongCredentials`. */
  readonly tags: readonly string[];
}

const couldNot: Readonly<Record<Step, string>> = {
  connect: "Could not connect",
  register: "Could not register",
  login: "Could not log in",
  whoAmI: "Could not ask who this is",
  logout: "Could not log out",
  push: "Could not take a push",
  disconnect: "Could not disconnect",
};

/** Says what failed and why. */
export function sentenceOf(step: Step, error: unknown): Failure {
  if (!isMqplayError(error)) {
    return {
      sentence: `${couldNot[step]}: ${error instanceof Error ? error.message : "unknown error"}`,
      tags: [],
    };
  }
  const tags = [error.errorName ?? error.code];
  if (error.state !== undefined) tags.unshift(`state ${String(error.state)}`);
  return { sentence: `${couldNot[step]}: ${ended(error.detail)}`, tags };
}

/** A text as a sentence of its own: capital first, full stop last. */
export function asSentence(text: string): string {
  return ended(text.charAt(0).toUpperCase() + text.slice(1));
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
