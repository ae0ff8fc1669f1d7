/**
 * Processes of their own that answer questions: their memory is theirs, and can be measured after a collection.
 */
import { fork } from "node:child_process";
import { setImmediate } from "node:timers/promises";

/** What a process can be asked, by name. */
export type Answers = Readonly<Record<string, (argument: never) => unknown>>;

/** The other end of {@link serve}. */
export interface Child<TAnswers extends Answers> extends AsyncDisposable {
  /** Asks, and waits for the answer. Rejects when the process ends or its answer is an error. */
  ask<K extends keyof TAnswers & string>(
    name: K,
    ...argument: Parameters<TAnswers[K]>
  ): Promise<Awaited<ReturnType<TAnswers[K]>>>;
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Starts a process from a source file. */
export function startChild<TAnswers extends Answers>(file: string): Child<TAnswers> {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let asked = 0;
  let hasEnded = false;
  const child = fork(file, [], {
    execArgv: ["--expose-gc", "--conditions=@mqplay/source", "--import", import.meta.resolve("tsx")],
    serialization: "advanced",
  });
  const ended = new Promise<void>((resolve) => {
    child.on("exit", (code, signal) => {
      hasEnded = true;
      for (const { reject } of waiting.values()) reject(new Error(`${file} ended: ${code ?? signal}`));
      resolve();
    });
  });
  child.on("message", ({ id, value, error }: Reply) => {
    const question = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) question?.resolve(value as never);
    else question?.reject(new Error(error));
  });
  return {
    ask: (name, ...[argument]) =>
      new Promise((resolve, reject) => {
        if (hasEnded) return reject(new Error(`${file} has ended`));
        const id = asked++;
        waiting.set(id, { resolve, reject });
        child.send({ id, name, argument } satisfies Question);
      }),
    async [Symbol.asyncDispose]() {
      if (!hasEnded) child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Answers the questions of the process that started this one. */
export function serve(answers: Answers): void {
  process.on("message", ({ id, name, argument }: Question) => {
    const reply = (more: Omit<Reply, "id">): void => void process.send?.({ id, ...more });
    void (async () => answers[name]?.(argument as never))().then(
      (value) => reply({ value }),
      (error: unknown) =>
        reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
}

/** What is in use after everything that can go has gone, in bytes. */
export async function measureMemory(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
