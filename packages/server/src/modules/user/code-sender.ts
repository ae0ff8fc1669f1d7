/**
 * How a verification code reaches a phone: by the log in development, by a webhook to whatever sends messages, or by
 * what an application plugs in.
 */
import { MqplayError } from "@mqplay/shared";
import type { Log } from "../../ops/log.ts";
import type { CodePurpose } from "../../store/codes/codes.ts";

/** A code on its way. */
export interface CodeMessage {
  readonly phoneNumber: string;
  /** Six digits. Never log them. */
  readonly code: string;
  readonly purpose: CodePurpose;
}

/** Sends codes. */
export interface CodeSender {
  /** Sends a code. Rejects when it could not; the caller then is answered ServerIsDown. */
  send(message: CodeMessage, signal: AbortSignal): Promise<void>;
}

/** Writes codes to the log, in the line's text: for development, where nobody else reads the log. */
export function createConsoleCodeSender(log: Log): CodeSender {
  return {
    async send({ phoneNumber, code, purpose }) {
      log.info({ purpose }, `Verification code for ${phoneNumber}: ${code}`);
    },
  };
}

/** Where codes are posted to. */
export interface WebhookOptions {
  /** Gets `POST {"phoneNumber", "code", "purpose"}` and answers 2xx once the message is on its way. */
  readonly url: string;
  /** Sent as `Authorization: Bearer …`. @default none */
  readonly secret?: string | undefined;
  /** How long it may take, in ms. @default 5_000 */
  readonly timeoutMs?: number;
}

/** Long enough for a provider, and well below a call's own time limit. */
const DEFAULT_WEBHOOK_TIMEOUT_MS = 5_000;

/** Posts codes as JSON to a URL. */
export function createWebhookCodeSender(options: WebhookOptions): CodeSender {
  const { url, secret, timeoutMs = DEFAULT_WEBHOOK_TIMEOUT_MS } = options;
  const headers = {
    "content-type": "application/json",
    ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
  };
  return {
    async send(message, signal) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const body = JSON.stringify(message);
      // The code must reach this address only: a redirect is an error.
      const reply = await fetch(url, { method: "POST", headers, body, signal: limit, redirect: "error" });
      await reply.body?.cancel();
      if (!reply.ok) {
        throw new MqplayError(
          "serverIsDown",
          `the code webhook answered ${reply.status}; it must answer 2xx`,
        );
      }
    },
  };
}
