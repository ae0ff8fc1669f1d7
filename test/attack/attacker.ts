/**
 * Attackers for tests: calls by HTTP from as many addresses of this machine as wanted (all of 127.0.0.0/8 are its own).
 */
import { Agent } from "node:http";
import { request, type Reply } from "../support/http.ts";

/** Somebody at an address. */
export interface Caller {
  readonly address: string;
  /** Calls a function of the User module. */
  user(func: string, params?: object, token?: string): Promise<Answer>;
}

/** What a call came to. */
export interface Answer {
  readonly status: number;
  readonly state: number;
  readonly data: unknown;
  /** The header Retry-After, in ms. */
  readonly retryAfterMs: number | undefined;
}

/** Callers of one server; disposing them closes their connections. */
export class Callers implements AsyncDisposable {
  readonly #port: number;
  readonly #agents = new Map<string, Agent>();

  constructor(port: number) {
    this.#port = port;
  }

  /** Somebody at an address. */
  at(address: string): Caller {
    const agent = this.#agents.get(address) ?? new Agent({ keepAlive: true, localAddress: address });
    this.#agents.set(address, agent);
    return {
      address,
      user: async (func, params, token) => {
        const reply = await request(this.#port, `/call/User/${func}`, {
          method: "POST",
          headers: {
            "Content-Type": "application/json",
            ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          },
          body: params === undefined ? "" : JSON.stringify(params),
          agent,
        });
        return readAnswer(reply);
      },
    };
  }

  /** Somebody at the n-th address of the attackers' network, 127.66.0.0/16. */
  stranger(n: number): Caller {
    return this.at(`127.66.${(n >> 8) % 256}.${n % 256}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents.values()) agent.destroy();
  }
}

function readAnswer({ status, headers, json }: Reply): Answer {
  const body = json();
  const { state, data } =
    typeof body === "object" && body !== null ? { state: 0, data: undefined, ...body } : {};
  const retryAfter = headers["retry-after"];
  return {
    status,
    state: Number(state),
    data,
    retryAfterMs: retryAfter === undefined ? undefined : Number(retryAfter) * 1_000,
  };
}

/** Does the n-th of many things, several at once. */
export async function inLanes(
  count: number,
  lanes: number,
  work: (n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (next < count) await work(next++);
    }),
  );
}
