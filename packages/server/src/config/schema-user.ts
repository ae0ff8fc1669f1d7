/**
 * The settings of the user module.
 */
import { z } from "zod";
import { integer, setting } from "./setting.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The section `user`. */
export const userSettings = z.strictObject({
  verification: setting(z.enum(["none"]), "none", {
    text: "What registering asks for besides a name and a password: `none`.",
  }),
  singleLogin: setting(z.enum(["kick", "refuse", "allow"]), "kick", {
    text: "What a login does when the account is logged in on another connection: `kick` tells the earlier connection and closes it, `refuse` turns the new login away, `allow` lets both be.",
  }),
  accessTokenTtlMs: integer(
    7 * DAY_MS,
    { min: MINUTE_MS, max: 365 * DAY_MS },
    {
      text: "How long an access token is valid.",
      unit: "ms",
    },
  ),
  refreshTokenTtlMs: integer(
    14 * DAY_MS,
    { min: MINUTE_MS, max: 365 * DAY_MS },
    {
      text: "How long a refresh token is valid; it works once.",
      unit: "ms",
    },
  ),
});
