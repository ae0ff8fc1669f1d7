/**
 * Child processes as resources: started, waited for by what they print, ended with the test.
 */
import { spawn, type ChildProcess } from "node:child_process";

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  /** Added to this process' environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
}

interface LineWaiter {
  readonly pattern: RegExp;
  resolve(line: string): void;
}

/** A running child process. Disposing it kills it and waits until it is gone. */
export class RunningProcess implements AsyncDisposable {
  /** Resolves when the process has ended and its output is complete; rejects when it could not be started. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #name: string;
  #stdout = "";
  #stderr = "";
  #waiters: LineWaiter[] = [];
  #running = true;

  constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
    this.#name = command;
    this.#child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.#read("stdout");
    this.#read("stderr");
    // A process that ends before it has read its input is told by its exit code, not by EPIPE.
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stdin?.end(options.input ?? "");
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", (cause) => {
        this.#running = false;
        reject(new Error(`${command} could not be started: ${cause.message}`, { cause }));
      });
      this.#child.once("close", (code, signal) => {
        this.#running = false;
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
    // Whoever awaits `ended` gets the error; a process that nobody waits for must not end the test run.
    this.ended.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it has printed so far, both streams. */
  get output(): string {
    return this.#stdout + this.#stderr;
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    this.#child.kill(signal);
  }

  /** Waits for a line, of either stream, printed before or after this call. Rejects at the limit or when it ends. */
  async line(pattern: RegExp, options: { readonly timeoutMs?: number } = {}): Promise<string> {
    const printed = this.output.split("\n").find((line) => pattern.test(line));
    if (printed !== undefined) return printed;
    const timeoutMs = options.timeoutMs ?? 10_000;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await Promise.race([
        new Promise<string>((resolve) => this.#waiters.push({ pattern, resolve })),
        this.ended.then((ended) => {
          throw new Error(
            `${this.#name} ended (${ended.code ?? ended.signal}) before ${pattern}:\n${this.output}`,
          );
        }),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => {
            reject(
              new Error(`${this.#name} did not print ${pattern} within ${timeoutMs} ms:\n${this.output}`),
            );
          }, timeoutMs);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) this.kill("SIGKILL");
    await this.ended.catch(() => undefined);
  }

  #read(stream: "stdout" | "stderr"): void {
    let rest = "";
    this.#child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      if (stream === "stdout") this.#stdout += text;
      else this.#stderr += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#offer(line);
    });
  }

  #offer(line: string): void {
    this.#waiters = this.#waiters.filter((waiter) => {
      if (!waiter.pattern.test(line)) return true;
      waiter.resolve(line);
      return false;
    });
  }
}

/** Starts a process; see {@link RunningProcess}. */
export function startProcess(
  command: string,
  args: readonly string[],
  options?: ProcessOptions,
): RunningProcess {
  return new RunningProcess(command, args, options);
}

/** Runs a process to its end. Kills it at the limit (10 s unless said) and rejects then. */
export async function run(
  command: string,
  args: readonly string[],
  options: ProcessOptions & { readonly timeoutMs?: number } = {},
): Promise<Ended> {
  await using child = startProcess(command, args, options);
  const timeoutMs = options.timeoutMs ?? 10_000;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      child.ended,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`${command} ${args.join(" ")} ran longer than ${timeoutMs} ms:\n${child.output}`));
        }, timeoutMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
