/**
 * Calls with a key run once, however often they are sent: who sends one again waits for the first one's answer, or gets
 * it. [call-5] Kept in this process's memory: a call that is sent again after a restart runs again.
 *
 * Bounded in time, in number and in bytes, for each owner first: who floods the table loses what is their own.
 */
import { createHash } from "node:crypto";
import { ONCE_LIFETIME_MS, States, type Answer, type Call } from "@mqplay/shared";
import { answerNotRun } from "./answers.ts";
import type { Clock } from "./clock.ts";

/** How much is remembered. */
export interface OnceLimits {
  /** Answers, and their bytes, of one owner. */
  readonly perOwner: { readonly count: number; readonly bytes: number };
  /** The same of all. */
  readonly all: { readonly count: number; readonly bytes: number };
  /** Repetitions of one call that wait for its answer; the rest is refused. */
  readonly waiting: number;
}

// As many as the SDK lets be under way at once; at 10,000 calls per second all are remembered for 10 s, which is how
// long a client may take to come back.
const DEFAULT_LIMITS: OnceLimits = {
  perOwner: { count: 1_024, bytes: 4_194_304 },
  all: { count: 100_000, bytes: 67_108_864 },
  waiting: 8,
};

/** What an entry weighs besides its result: its key, its hash, its places in the tables. */
const ENTRY_BYTES = 400;

/** Whose call it is, which one, and what it says. */
export interface OnceCall {
  /** The user, or the session of somebody who is not logged in. */
  readonly owner: string;
  /** `Module.Func`, with the instance. */
  readonly name: string;
  readonly key: string;
  readonly call: Call;
}

/** A call whose answer is awaited. */
interface Running {
  readonly body: string;
  readonly answer: Promise<Answer>;
  waiting: number;
}

/** A call that has its answer. */
interface Done {
  readonly body: string;
  readonly answer: Answer;
  readonly owner: string;
  readonly bytes: number;
  readonly endsAtMs: number;
}

/** What one owner has in the table. */
interface Share {
  bytes: number;
  /** Oldest first. */
  readonly ids: Set<string>;
}

/** The calls with keys that run or are remembered. */
export class OnceCalls {
  readonly #clock: Clock;
  readonly #limits: OnceLimits;
  readonly #running = new Map<string, Running>();
  /** In the order in which they were answered, which is the order in which they are forgotten. */
  readonly #done = new Map<string, Done>();
  readonly #shares = new Map<string, Share>();
  #bytes = 0;
  #isSweepDue = false;
  /** Calls that were answered without being run again, and answers that were forgotten before their time. */
  readonly stats = { repeated: 0, forgotten: 0 };

  constructor(clock: Clock, limits: OnceLimits = DEFAULT_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Answers that are remembered. */
  get size(): number {
    return this.#done.size;
  }

  /**
   * Answers a call by running it, unless it ran before.
   * @param refuse makes the answer of one that cannot wait
   */
  run(call: OnceCall, start: () => Answer | Promise<Answer>, refuse: () => Answer): Answer | Promise<Answer> {
    const { owner } = call;
    const id = `${owner} ${call.name} ${call.key}`;
    const body = hashOf(call.call);
    const running = this.#running.get(id);
    if (running !== undefined) {
      if (running.body !== body) return answerNotRun("badRequest");
      if (running.waiting >= this.#limits.waiting) return refuse();
      running.waiting += 1;
      this.stats.repeated += 1;
      return running.answer;
    }
    const done = this.#find(id);
    if (done !== undefined) {
      if (done.body !== body) return answerNotRun("badRequest");
      this.stats.repeated += 1;
      return done.answer;
    }
    const answer = start();
    if (!(answer instanceof Promise)) {
      this.#remember(id, owner, body, answer);
      return answer;
    }
    const settled = answer.then((late) => {
      this.#running.delete(id);
      this.#remember(id, owner, body, late);
      return late;
    });
    this.#running.set(id, { body, answer: settled, waiting: 0 });
    return settled;
  }

  #find(id: string): Done | undefined {
    const done = this.#done.get(id);
    return done !== undefined && done.endsAtMs > this.#clock.monotonicMs() ? done : undefined;
  }

  #remember(id: string, owner: string, body: string, answer: Answer): void {
    const { result, state } = answer;
    // Nothing ran: sent again, it may. [answer-3]
    if (result === undefined || state === States.tooManyRequests.state) return;
    const bytes = ENTRY_BYTES + (typeof result === "string" ? 2 * result.length : result.length);
    // A view of a larger buffer would keep all of it.
    const kept = typeof result === "string" ? answer : { ...answer, result: result.slice() };
    this.#forget(id);
    const endsAtMs = this.#clock.monotonicMs() + ONCE_LIFETIME_MS;
    this.#done.set(id, { body, answer: kept, owner, bytes, endsAtMs });
    this.#bytes += bytes;
    let share = this.#shares.get(owner);
    if (share === undefined) this.#shares.set(owner, (share = { bytes: 0, ids: new Set() }));
    share.ids.add(id);
    share.bytes += bytes;
    const { perOwner, all } = this.#limits;
    while (share.ids.size > perOwner.count || share.bytes > perOwner.bytes) this.#forgetEarly(share.ids);
    while (this.#done.size > all.count || this.#bytes > all.bytes) this.#forgetEarly(this.#done.keys());
    if (!this.#isSweepDue) this.#sweepAfter(ONCE_LIFETIME_MS);
  }

  #forgetEarly(ids: Iterable<string>): void {
    for (const oldest of ids) {
      this.stats.forgotten += 1;
      this.#forget(oldest);
      return;
    }
  }

  #forget(id: string): void {
    const done = this.#done.get(id);
    if (done === undefined) return;
    this.#done.delete(id);
    this.#bytes -= done.bytes;
    const share = this.#shares.get(done.owner);
    if (share === undefined) return;
    share.ids.delete(id);
    share.bytes -= done.bytes;
    if (share.ids.size === 0) this.#shares.delete(done.owner);
  }

  #sweepAfter(delayMs: number): void {
    this.#isSweepDue = true;
    this.#clock.after(delayMs, () => this.#sweep());
  }

  #sweep(): void {
    this.#isSweepDue = false;
    const now = this.#clock.monotonicMs();
    for (const [id, { endsAtMs }] of this.#done) {
      if (endsAtMs > now) {
        this.#sweepAfter(endsAtMs - now);
        return;
      }
      this.#forget(id);
    }
  }
}

/** What a call says, in few bytes: its parameters as they came, and in which encoding. */
function hashOf(call: Call): string {
  const params = call.encoding === "json" ? (JSON.stringify(call.params) ?? "") : call.params;
  return createHash("sha256").update(call.encoding).update(params).digest("base64");
}
