/**
 * How a connection resumes its login: its client id is its access token. [connect-5]
 */
import type { Log } from "../ops/log.ts";
import type { Identity } from "../runtime/caller.ts";

/**
 * Finds the login that a client id stands for. Returns undefined at once when the id has not the form of a token.
 * Never rejects: an id that is no valid token, or whose token nobody can look up now, is an id like any other.
 */
export type Resume = (clientId: string) => Promise<Identity | undefined> | undefined;

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
  const resume = async (clientId: string): Promise<Identity | undefined> => {
    try {
      return await deps.resolveToken(clientId);
    } catch (error) {
      deps.log.warn({ err: error }, "A client could not resume its login: it must log in again");
      return undefined;
    }
  };
  return (clientId) => (looksLikeToken(clientId) ? resume(clientId) : undefined);
}
