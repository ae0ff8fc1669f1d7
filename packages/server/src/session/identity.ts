/**
 * How a connection resumes its login: its client id is its access token. [connect-5]
 */
import type { Identity } from "../runtime/caller.ts";

/**
 * Finds the login that a client id stands for. Returns undefined at once when the id has not the form of a token.
 * Never rejects: when the tokens' store is away, the id is one like any other.
 */
export type Resume = (clientId: string) => Promise<Identity | undefined> | undefined;
