/**
 * The settings of the stores: where data lives, and the limits of what lives there for a while. The limits are those of
 * store/codes, store/attempts and store/outbox with bounds and words.
 */
import { z } from "zod";
import { defaultAttemptLimits, type DelayRule } from "../store/attempts/attempts.ts";
import { defaultCodeLimits, type CodeLimits } from "../store/codes/codes.ts";
import { defaultOutboxLimits, type OutboxLimits } from "../store/outbox/outbox.ts";
import { integer, section, setting } from "./setting.ts";

const DAY_MS = 24 * 3_600_000;

/** The section `store`. */
export const storeSettings = z.strictObject({
  data: setting(z.string().min(1), "./data", {
    text: "Folder of the embedded database; made when missing. `:memory:` keeps accounts in memory only, for tests.",
    env: "MQPLAY_DATA",
    expected: 'a folder, or ":memory:"',
  }),
  accounts: setting(z.string().regex(/^(embedded$|mysql:\/\/.)/), "embedded", {
    text: "Where accounts live: `embedded` (a file in `store.data`, nothing to install) or `mysql://user:password@host:3306/database` for MySQL or MariaDB.",
    env: "MQPLAY_STORE_ACCOUNTS",
    secret: true,
    expected: '"embedded" or "mysql://user:password@host:3306/database"',
  }),
  sessions: setting(z.string().regex(/^(memory$|rediss?(-sentinel|-cluster)?:\/\/.)/), "memory", {
    text: "Where tokens and other short-lived things live: `memory` (a restart ends all logins) or `redis://:password@host:6379/0` (`rediss://` for TLS; `redis-sentinel://…` and `redis-cluster://…` for more than one).",
    env: "MQPLAY_STORE_SESSIONS",
    secret: true,
    expected: '"memory", "redis://host:6379/0" or "rediss://host:6379/0"',
  }),
});

/** The section `codes`. */
export const codeSettings = z.strictObject({
  ttlMs: integer(
    defaultCodeLimits.ttlMs,
    { min: 1_000, max: DAY_MS },
    {
      text: "How long a code lives. The default is 15 minutes.",
      unit: "ms",
    },
  ),
  maxWrongTries: integer(
    defaultCodeLimits.maxWrongTries,
    { min: 1, max: 100 },
    {
      text: "Wrong tries that a code survives; after them a new one must be sent.",
      unit: "tries",
    },
  ),
  intervalMs: integer(
    defaultCodeLimits.intervalMs,
    { min: 0, max: DAY_MS },
    {
      text: "Shortest time between two codes for one number.",
      unit: "ms",
    },
  ),
  maxPerNumberPerDay: integer(
    defaultCodeLimits.maxPerNumberPerDay,
    { min: 1, max: 10_000 },
    {
      text: "Codes for one number in 24 hours. With the tries it bounds guessing.",
      unit: "codes",
    },
  ),
  maxPerAddressPerDay: integer(
    defaultCodeLimits.maxPerAddressPerDay,
    { min: 1, max: 1_000_000 },
    {
      text: "Codes that one network address may ask for in 24 hours; above what a family or a café needs.",
      unit: "codes",
    },
  ),
} satisfies { [K in keyof CodeLimits]: z.ZodType<CodeLimits[K]> });

/** The section `lockout`. */
export const lockoutSettings = z.strictObject({
  account: section(z.strictObject(delayRule(defaultAttemptLimits.account)).prefault({}), {
    text: "Wrong passwords for one account. Those from an address that the account was logged in to from lately are counted by themselves, so that its owner need not wait for strangers who guess.",
  }),
  address: section(z.strictObject(delayRule(defaultAttemptLimits.address)).prefault({}), {
    text: "Wrong passwords from one network address, for whatever accounts.",
  }),
});

function delayRule(defaults: DelayRule) {
  return {
    freeFailures: integer(
      defaults.freeFailures,
      { min: 0, max: 1_000_000 },
      {
        text: "Wrong passwords that cost no waiting.",
        unit: "tries",
      },
    ),
    baseDelayMs: integer(
      defaults.baseDelayMs,
      { min: 1, max: DAY_MS },
      {
        text: "How long to wait after the first one beyond them; each further one doubles it.",
        unit: "ms",
      },
    ),
    maxDelayMs: integer(
      defaults.maxDelayMs,
      { min: 1, max: DAY_MS },
      {
        text: "Longest wait: what an owner who is attacked has to bear.",
        unit: "ms",
      },
    ),
    forgetAfterMs: integer(
      defaults.forgetAfterMs,
      { min: 1_000, max: 30 * DAY_MS },
      {
        text: "How long after the last wrong password all are forgotten.",
        unit: "ms",
      },
    ),
  } satisfies { [K in keyof DelayRule]: z.ZodType<DelayRule[K]> };
}

/** The section `outbox`. */
export const outboxSettings = z.strictObject({
  maxPerUser: integer(
    defaultOutboxLimits.maxPerUser,
    { min: 0, max: 100_000 },
    {
      text: "Pushes kept for one user; one more drops the oldest.",
      unit: "pushes",
    },
  ),
  maxBytesPerUser: integer(
    defaultOutboxLimits.maxBytesPerUser,
    { min: 0, max: 268_435_456 },
    {
      text: "Bytes of content kept for one user; more drops the oldest.",
      unit: "bytes",
    },
  ),
  maxTtlMs: integer(
    defaultOutboxLimits.maxTtlMs,
    { min: 0, max: 365 * DAY_MS },
    {
      text: "Longest time that a push is kept, whatever it asks for. The default is 7 days.",
      unit: "ms",
    },
  ),
  maxBytesInMemory: integer(
    defaultOutboxLimits.maxBytesInMemory,
    { min: 0, max: 17_179_869_184 },
    {
      text: "Bytes kept for all users where `store.sessions` is `memory`; more drops the oldest.",
      unit: "bytes",
    },
  ),
} satisfies { [K in keyof OutboxLimits]: z.ZodType<OutboxLimits[K]> });
