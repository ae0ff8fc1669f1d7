/**
 * Whether the server can serve, and if not, what is missing. Asked by `/readyz`.
 */
import type { Log } from "./log.ts";

/** Where in its life the server is. */
export type Phase = "starting" | "running" | "stopping";

/** What `/readyz` says. */
export interface Readiness {
  readonly status: "ready" | "notReady";
  /** What is missing, by part of the server; left out when nothing is. */
  readonly missing?: Readonly<Record<string, string>>;
}

/** Answers whether the server can serve. */
export interface Health {
  /** The server's life has come to its next phase. */
  enter(phase: Phase): void;
  readonly phase: Phase;
  /** True from the moment that the server was asked to stop. */
  readonly stopping: boolean;
  /** Asks every part. Never rejects; takes as long as the slowest part, at most {@link CHECK_TIMEOUT_MS}. */
  ready(): Promise<Readiness>;
}

/** Asks one part whether it works; rejects when it does not. */
export type Check = () => Promise<unknown>;

/** How long a part may take to answer, in ms: a probe's own limit is rarely shorter. */
export const CHECK_TIMEOUT_MS = 1_000;

/** Makes the server's health. @param checks one for each part that may be away, by the part's name */
export function createHealth(checks: Readonly<Record<string, Check>>, log: Log): Health {
  let phase: Phase = "starting";
  let underWay: Promise<Readiness> | undefined;
  let away: ReadonlySet<string> = new Set();

  /** Says once that a part went away and once that it is back, however often it is asked. */
  function tell(now: ReadonlyMap<string, unknown>): void {
    for (const [part, error] of now)
      if (!away.has(part)) log.warn({ part, err: error }, "a part of the server does not answer");
    for (const part of away) if (!now.has(part)) log.info({ part }, "a part of the server answers again");
    away = new Set(now.keys());
  }

  async function ask(): Promise<Readiness> {
    if (phase === "stopping") return { status: "notReady", missing: { server: "is shutting down" } };
    const failures = new Map<string, unknown>();
    await Promise.all(
      Object.entries(checks).map(async ([part, check]) => {
        try {
          await withTimeout(check);
        } catch (error) {
          failures.set(part, error);
        }
      }),
    );
    // While it starts, whoever waits for a part says so itself.
    if (phase === "running") tell(failures);
    const starting = phase === "starting" ? { server: "is starting" } : {};
    // Errors of stores name hosts and users: they are for the log.
    const away = Object.fromEntries([...failures.keys()].map((part) => [part, "does not answer"]));
    const missing = { ...starting, ...away };
    return Object.keys(missing).length === 0 ? { status: "ready" } : { status: "notReady", missing };
  }

  return {
    enter(next) {
      phase = next;
    },
    get phase() {
      return phase;
    },
    get stopping() {
      return phase === "stopping";
    },
    ready() {
      // Many probes at once cost the stores one question.
      underWay ??= ask().finally(() => (underWay = undefined));
      return underWay;
    },
  };
}

async function withTimeout(check: Check): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), late]);
  } finally {
    clearTimeout(timer);
  }
}
