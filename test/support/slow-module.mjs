/**
 * A module for tests, number 12, whose calls end when a test wants: named by the setting `modules` of a server that
 * runs as a process of its own, or passed to one in this process. JavaScript, so that a built server can import it.
 */
import { once } from "node:events";
import { implement } from "@mqplay/server";

/**
 * @param {string} name
 * @param {number} number
 */
function func(name, number) {
  return {
    name,
    number,
    request: null,
    response: null,
    access: "public",
    idempotent: false,
    sticky: null,
    errors: [],
  };
}

const contract = {
  name: "Slow",
  number: 12,
  funcs: {
    untilSigterm: func("UntilSigterm", 1),
    forever: func("Forever", 2),
    crash: func("Crash", 3),
    reject: func("Reject", 4),
    untilGone: func("UntilGone", 5),
  },
  pushes: {},
  errors: {},
};

/** Exported for the setting `modules`. */
export const slowModule = implement(
  contract,
  {
    /** Ends a moment after the process was told to stop. */
    untilSigterm: async (call) => {
      const told = once(process, "SIGTERM");
      call.log.info({}, "the call runs");
      await told;
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
    /** Never ends by itself. */
    forever: (call) => {
      call.log.info({}, "the call runs");
      return new Promise(() => undefined);
    },
    /** What a module must not do: it throws where nobody can catch it. */
    crash: () => {
      setImmediate(() => {
        throw new Error("thrown in a timer");
      });
    },
    /** Likewise: it forgets a promise. */
    reject: () => {
      void Promise.reject(new Error("a forgotten promise"));
    },
    /** Ends when its caller goes. */
    untilGone: async (call) => {
      call.log.info({}, "the call runs");
      await once(call.signal, "abort");
      call.log.info({}, "the caller is gone");
    },
  },
  { timeoutMs: 60_000 },
);
