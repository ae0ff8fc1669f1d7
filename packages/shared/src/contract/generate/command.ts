/**
 * What the command `mqplay-contract` does: reads its arguments and .proto files, writes contracts or checks them.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { isMqplayError } from "../../errors.ts";
import { firstDifference } from "./difference.ts";
import { generateContracts, readFrom, readText, type OutputFile } from "./generate.ts";

const HELP = `Usage: mqplay-contract <file.proto>… --out <folder> [options]

Writes one TypeScript contract for each service.

  --out <folder>        where contracts go
  --check               write nothing; exit 1 when a contract there is not up to date
  -I, --include <dir>   where imports are looked for, besides the files' own folders; may be repeated
  --extension <.js|.ts> what imports between contracts end in [.js]; none unless services share messages
  --runtime <module>    the module that contracts import [@mqplay/shared]
  --built-in            allow module numbers 1 to 10, which are mqplay's own
  -h, --help            show this
`;

/** What the arguments say. */
interface Command {
  readonly protos: readonly string[];
  readonly out: string;
  readonly isCheck: boolean;
  readonly outputs: readonly OutputFile[];
}

/** Where the command says something. */
export interface Terminal {
  print(text: string): void;
  complain(text: string): void;
}

/** Runs the command and returns its exit code: 0 done, 1 not up to date or a broken rule, 2 wrong arguments. */
export function runCommand(args: readonly string[], terminal: Terminal): number {
  try {
    const command = readCommand(args);
    if (command === "help") {
      terminal.print(HELP);
      return 0;
    }
    return command.isCheck ? check(command, terminal) : write(command, terminal);
  } catch (error) {
    if (isMqplayError(error) && error.code === "contractInvalid") {
      terminal.complain(error.detail);
      return 1;
    }
    if (error instanceof Error && "code" in error) {
      terminal.complain(`mqplay-contract: ${error.message}\n\n${HELP}`);
      return 2;
    }
    throw error;
  }
}

function readCommand(args: readonly string[]): Command | "help" {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: "string" },
      check: { type: "boolean", default: false },
      include: { type: "string", short: "I", multiple: true, default: [] },
      extension: { type: "string", default: ".js" },
      runtime: { type: "string", default: "@mqplay/shared" },
      "built-in": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { out, extension } = values;
  if (out === undefined || positionals.length === 0) throw wrongUse("give .proto files and --out <folder>");
  if (extension !== ".js" && extension !== ".ts") throw wrongUse("--extension is .js or .ts");
  const folders = [...new Set([...positionals.map((file) => dirname(file)), ...values.include])];
  const outputs = generateContracts(positionals, readFrom(folders), {
    extension,
    runtime: values.runtime,
    builtIn: values["built-in"],
  });
  return { protos: positionals, out, isCheck: values.check, outputs };
}

/** An error with a code, as parseArgs throws them. */
function wrongUse(message: string): Error {
  return Object.assign(new Error(message), { code: "ERR_USAGE" });
}

function write({ out, outputs }: Command, terminal: Terminal): number {
  mkdirSync(out, { recursive: true });
  for (const { name, text } of outputs) {
    const path = join(out, name);
    const isNew = readText(path) !== text;
    if (isNew) writeFileSync(path, text);
    terminal.print(`${isNew ? "wrote" : "unchanged"} ${path}`);
  }
  return 0;
}

function check({ protos, out, outputs }: Command, terminal: Terminal): number {
  const stale = outputs.filter(({ name, text }) => {
    const path = join(out, name);
    const difference = firstDifference(readText(path), text);
    if (difference !== undefined) terminal.complain(`${path} is not up to date: ${difference}`);
    return difference !== undefined;
  });
  if (stale.length > 0) terminal.complain(`Run: mqplay-contract ${protos.join(" ")} --out ${out}`);
  return stale.length > 0 ? 1 : 0;
}
