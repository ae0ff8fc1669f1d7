/**
 * Turns a comment of a .proto into a doc comment.
 */

/** Writes a doc comment, or nothing. */
export function docComment(comment: string | undefined, indent: string): string {
  if (comment === undefined || comment.trim() === "") return "";
  const lines = comment
    .replaceAll("*/", "*\\/")
    .split("\n")
    .map((line) => line.trimEnd());
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}
