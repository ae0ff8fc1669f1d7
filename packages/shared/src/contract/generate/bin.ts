#!/usr/bin/env node
/**
 * The command `mqplay-contract`.
 */
import { runCommand } from "./command.ts";

process.exitCode = runCommand(process.argv.slice(2), {
  print: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
});
