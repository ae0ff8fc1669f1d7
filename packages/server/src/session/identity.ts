/**
 * How a connection resumes its login: its client id is its access token. [connect-5]
 */
import type { Log } from "../ops/log.ts";
import type { Identity } from "../runtime/caller.ts";

/**
 * What becomes of a client id that has the form of a token: its login; undefined when it is no valid token, and so an id
 * like any other; `unavailable` when nobody can tell now. A client that was let in without its login would stay without
 * it, so that one is to come again.
 */
export type Resumed = Identity | undefined | "unavailable";

/**
 * Finds the login that a client id stands for. Returns undefined at once when the id has not the form of a token.
 * Never rejects.
 */
export type Resume = (clientId: string) => Promise<Resumed> | undefined;

/** What {@link createResume} works with. */
export interface ResumeDeps {
  /** Finds the login of an access token, or undefined when it is not valid (any more). */
  readonly resolveToken: (token: string) => Promise<Identity | undefined>;
  readonly log: Log;
}

/** The form of our access tokens: 43 of `[0-9A-Za-z]`. Ids that the SDK makes have 32, so they are never looked up. */
const ACCESS_TOKEN = /^[0-9A-Za-z]{43}$/;

/** Tells whether a text has the form of an access token. */
export function looksLikeToken(text: string): boolean {
  return ACCESS_TOKEN.test(text);
}

/** Makes the function that the gate asks for each client id. */
export function createResume(deps: ResumeDeps): Resume {
  const resume = async (clientId: string): Promise<Resumed> => {
    try {
      return await deps.resolveToken(clientId);
    } catch (error) {
      deps.log.warn({ err: error }, "A client could not resume its login: it is sent away to try again");
      return "unavailable";
    }
  };
  return (clientId) => (looksLikeToken(clientId) ? resume(clientId) : undefined);
}
