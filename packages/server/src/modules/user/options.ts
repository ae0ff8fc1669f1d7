/**
 * The user module's settings.
 */
import { MqplayError } from "@mqplay/shared";
import type { PasswordOptions } from "./passwords.ts";
import type { ProfileOptions } from "./profiles.ts";

/** What registering asks for besides a name and a password: nothing, or a code sent to the phone number that is the name. */
export type Verification = "none" | "code";

/** What may be said about the user module. */
export interface UserOptions {
  /** @default "none" */
  readonly verification?: Verification;
  /** How long an access token is valid, in ms. [user-3] @default 7 days */
  readonly accessTokenTtlMs?: number;
  /** How long a refresh token is valid, in ms; not shorter than an access token. [user-3] @default 14 days */
  readonly refreshTokenTtlMs?: number;
  /** How long a session stays logged in, in ms; refreshing its tokens begins it anew. [user-3] @default 12 hours */
  readonly sessionTtlMs?: number;
  /** Password hashes that run at once, 19 MiB and one core each. @default 2 */
  readonly maxRunningHashes?: number;
  /** Password hashes that wait; more are answered TooManyRequests. @default 256, some 1.5 s of waiting */
  readonly maxWaitingHashes?: number;
  /** How long a user's name is believed before it is read again, in ms. @default 60_000 */
  readonly profileTtlMs?: number;
  /** Users whose names are remembered. @default 100_000, some 20 MB */
  readonly maxProfiles?: number;
}

/** The user module's settings, complete. */
export interface ResolvedUserOptions extends Required<UserOptions>, PasswordOptions, ProfileOptions {}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The defaults of {@link UserOptions}. */
export const defaultUserOptions: ResolvedUserOptions = {
  verification: "none",
  accessTokenTtlMs: 7 * DAY_MS,
  refreshTokenTtlMs: 14 * DAY_MS,
  sessionTtlMs: 12 * HOUR_MS,
  maxRunningHashes: 2,
  maxWaitingHashes: 256,
  profileTtlMs: 60_000,
  maxProfiles: 100_000,
};

/** The least that each number may be. */
const LEAST = {
  accessTokenTtlMs: 1_000,
  refreshTokenTtlMs: 1_000,
  sessionTtlMs: 1_000,
  maxRunningHashes: 1,
  maxWaitingHashes: 0,
  profileTtlMs: 0,
  maxProfiles: 1,
} as const satisfies Partial<Record<keyof UserOptions, number>>;

/**
 * Fills in the defaults and checks the ranges.
 * @throws MqplayError `configInvalid` naming the option
 */
export function resolveUserOptions(options: UserOptions): ResolvedUserOptions {
  const resolved = { ...defaultUserOptions, ...options };
  for (const [name, least] of Object.entries(LEAST)) {
    const value: unknown = Reflect.get(resolved, name);
    if (!Number.isSafeInteger(value) || Number(value) < least) {
      throw invalid(name, `expected a whole number from ${least} on, got ${String(value)}`);
    }
  }
  if (resolved.refreshTokenTtlMs < resolved.accessTokenTtlMs) {
    throw invalid("refreshTokenTtlMs", "must not be shorter than user.accessTokenTtlMs");
  }
  return Object.freeze(resolved);
}

function invalid(name: string, detail: string): MqplayError {
  return new MqplayError("configInvalid", `user.${name} ${detail}`, { path: `user.${name}` });
}
