// Holds docs/protocol.md, the code and the tests together: every clause that is cited exists, every clause of the
// page is cited where the code obeys it, and every clause has a test that names it in its title.
//
//   node scripts/check-clauses.mjs [folder]     folder: the project, default the one this script is in
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const CLAUSE = /^\s*(?:[-*]\s+|#+\s+)?\*\*\[([a-z0-9]+-\d+)\]\*\*/;
const CITATION = /\[([a-z][a-z0-9]*-\d+)\]/g;
/** A title: the string that opens a call of it, test or describe, with .each(…), .skip, .runIf(…) and the like between. */
const TITLE =
  /\b(?:it|test|describe)(?:\.\w+(?:\((?:[^()]|\([^()]*\))*\))?)*\(\s*(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`)/g;
const SOURCE = /\.(?:ts|mts|tsx|mjs|proto)$/;
const TEST = /\.(?:test|contract)\.ts$/;
const SKIPPED = new Set(["node_modules", "dist", "fixtures", ".turbo"]);
const PAGE = "docs/protocol.md";

/** Lists the source files below a folder. */
function* filesBelow(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (SOURCE.test(entry.name)) yield path;
  }
}

/** Finds each id with the line it first stands on. */
function idsByLine(text, pattern) {
  return text
    .split("\n")
    .flatMap((line, index) =>
      [...line.matchAll(pattern)].map((match) => ({ id: match[1], line: index + 1 })),
    );
}

/** Reads the clauses of the page; tells of ids that stand there twice. */
function readPage(text) {
  const clauses = new Map();
  const problems = [];
  text.split("\n").forEach((line, index) => {
    const id = CLAUSE.exec(line)?.[1];
    if (id === undefined) return;
    if (clauses.has(id))
      problems.push(
        `${PAGE}:${index + 1} [${id}] is defined a second time, first on line ${clauses.get(id)}`,
      );
    else clauses.set(id, index + 1);
  });
  for (const { id, line } of idsByLine(text, CITATION)) {
    if (!clauses.has(id)) problems.push(`${PAGE}:${line} names [${id}], which is no clause`);
  }
  return { clauses, problems };
}

/** Checks a project and returns what is wrong, one line each. */
export function checkClauses(root) {
  const pagePath = join(root, PAGE);
  if (!existsSync(pagePath)) return { problems: [`${PAGE} is missing`], count: 0 };
  const { clauses, problems } = readPage(readFileSync(pagePath, "utf8"));
  if (clauses.size === 0) problems.push(`${PAGE} has no clause: an item that begins with **[name-1]**`);
  const groups = new Set([...clauses.keys()].map((id) => id.replace(/-\d+$/, "")));
  const inCode = new Set();
  const inTitles = new Set();
  for (const path of ["packages", "apps", "test"].flatMap((part) => [...filesBelow(join(root, part))])) {
    const name = relative(root, path);
    const text = readFileSync(path, "utf8");
    // [low-3] in code is only a citation when the page has a group of that name.
    for (const { id, line } of idsByLine(text, CITATION)) {
      if (!groups.has(id.replace(/-\d+$/, ""))) continue;
      if (!clauses.has(id)) problems.push(`${name}:${line} cites [${id}], which ${PAGE} does not have`);
      else if (!TEST.test(name) && !name.startsWith("test")) inCode.add(id);
    }
    if (!TEST.test(name)) continue;
    for (const match of text.matchAll(TITLE)) {
      for (const [, id] of (match[1] ?? match[2] ?? match[3] ?? "").matchAll(CITATION)) inTitles.add(id);
    }
  }
  for (const [id, line] of clauses) {
    if (!inCode.has(id))
      problems.push(`${PAGE}:${line} [${id}] is cited nowhere in the code of packages/ and apps/`);
    if (!inTitles.has(id)) problems.push(`${PAGE}:${line} [${id}] has no test that names it in its title`);
  }
  return { problems, count: clauses.size };
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  const { problems, count } = checkClauses(resolve(process.argv[2] ?? join(import.meta.dirname, "..")));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error(
      `\n${problems.length} clause problem(s). Clauses live in ${PAGE}; cite them as [id] in comments and test titles.`,
    );
    process.exit(1);
  }
  console.log(`${count} clauses: each one cited in code and named by a test.`);
}
