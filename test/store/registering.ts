/**
 * Servers that register accounts, as processes of their own; see register-accounts.ts.
 */
import { fileURLToPath } from "node:url";
import { startProcess, type RunningProcess } from "../support/process.ts";

const SCRIPT = fileURLToPath(new URL("./register-accounts.ts", import.meta.url));

/** What to register, and where. */
export interface Registering {
  readonly accounts: string;
  readonly dataDir: string;
  readonly prefix: string;
  readonly count: number;
  readonly concurrency: number;
  /** Which name comes first; servers that race begin at different ones, so that each is ahead somewhere. @default 0 */
  readonly first?: number;
}

/** Starts a process that is ready to register; SIGUSR2 makes it begin. */
export async function startRegistering(what: Registering): Promise<RunningProcess> {
  const child = startProcess(process.execPath, [
    "--import",
    "tsx",
    "--conditions=@mqplay/source",
    SCRIPT,
    what.accounts,
    what.dataDir,
    what.prefix,
    String(what.count),
    String(what.concurrency),
    String(what.first ?? 0),
  ]);
  await child.line(/^ready$/, { timeoutMs: 20_000 });
  return child;
}

/** The names that a process was told are its own, by what it has printed so far. */
export function createdNames(child: RunningProcess): readonly string[] {
  return [...child.output.matchAll(/^created (.*)$/gm)].map(([, name = ""]) => name);
}
