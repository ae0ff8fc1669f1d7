/**
 * The settings of the user module: modules/user/options.ts with bounds and words, and what belongs to logins beside it.
 */
import { z } from "zod";
import { defaultUserOptions as defaults, type ResolvedUserOptions } from "../modules/user/options.ts";
import { SINGLE_LOGIN_POLICIES } from "../runtime/sessions.ts";
import { integer, setting } from "./setting.ts";

const YEAR_MS = 365 * 24 * 3_600_000;

/** Each option of the user module as a setting; the compiler holds the two together. */
const moduleShape = {
  verification: setting(z.enum(["none", "code"]), defaults.verification, {
    text: "What registering asks for besides a name and a password: `none`, or `code`, a code sent to the phone number that is the name (see `user.codeSender`).",
  }),
  accessTokenTtlMs: integer(
    defaults.accessTokenTtlMs,
    { min: 1_000, max: YEAR_MS },
    { text: "How long an access token is valid. The default is 7 days.", unit: "ms" },
  ),
  refreshTokenTtlMs: integer(
    defaults.refreshTokenTtlMs,
    { min: 1_000, max: YEAR_MS },
    {
      text: "How long a refresh token is valid, not shorter than an access token; it works once. The default is 14 days.",
      unit: "ms",
    },
  ),
  sessionTtlMs: integer(
    defaults.sessionTtlMs,
    { min: 1_000, max: YEAR_MS },
    {
      text: "How long a connection stays logged in; refreshing its tokens begins the time anew. The default is 12 hours.",
      unit: "ms",
    },
  ),
  maxRunningHashes: integer(
    defaults.maxRunningHashes,
    { min: 1, max: 64 },
    {
      text: "Passwords that are hashed at once. Each takes one core for some 10 ms and 19 MiB, so this bounds what logins cost the calls of others.",
      unit: "hashes",
    },
  ),
  maxWaitingHashes: integer(
    defaults.maxWaitingHashes,
    { min: 0, max: 100_000 },
    {
      text: "Passwords that wait to be hashed; a login beyond that is answered TooManyRequests. The default is some 1.5 s of waiting.",
      unit: "hashes",
    },
  ),
  profileTtlMs: integer(
    defaults.profileTtlMs,
    { min: 0, max: 3_600_000 },
    {
      text: "How long a user's name is remembered before it is read again. A change made by another server shows after this time.",
      unit: "ms",
    },
  ),
  maxProfiles: integer(
    defaults.maxProfiles,
    { min: 1, max: 10_000_000 },
    { text: "Users whose names are remembered; the default costs some 20 MB.", unit: "users" },
  ),
} satisfies { [K in keyof ResolvedUserOptions]: z.ZodType<ResolvedUserOptions[K]> };

/** The section `user`. */
export const userSettings = z.strictObject({
  ...moduleShape,
  singleLogin: setting(z.enum(SINGLE_LOGIN_POLICIES), "kick", {
    text: "What a login does when the account is logged in on another connection: `kick` tells the earlier connection and closes it, `refuse` turns the new login away, `allow` lets both be.",
  }),
  codeSender: setting(z.string().regex(/^(none$|console$|https?:\/\/.)/), "none", {
    text: 'How verification codes get to people: `none`, `console` (a line in this log: for development only, refused where the environment variable `NODE_ENV` is `production`), or the URL of a webhook of yours that gets `POST {"phoneNumber", "code", "purpose"}`. A program passes its own to `createServer({ codeSender })`.',
    secret: true,
    expected: '"none", "console" or the URL of a webhook',
  }),
  codeSenderSecret: setting(z.string(), "", {
    text: "Sent to the webhook as `Authorization: Bearer …`; empty sends none.",
    env: "MQPLAY_CODE_SENDER_SECRET",
    secret: true,
  }),
  legacyPasswordKey: setting(z.string(), "", {
    text: "The `PrivateKey` of the Go server whose users were imported: with it each of them logs in once by the old hash, which is replaced then. Empty lets none of them in. Keep it secret: until a hash is replaced, it is all that protects it.",
    env: "MQPLAY_LEGACY_PASSWORD_KEY",
    secret: true,
  }),
});
