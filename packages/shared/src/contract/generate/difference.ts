/**
 * Says where a committed file first differs from what would be generated.
 */

/** Returns where the texts first differ, in words, or undefined when they are the same. */
export function firstDifference(old: string | undefined, text: string): string | undefined {
  if (old === text) return undefined;
  if (old === undefined) return "it is missing";
  const before = old.split("\n");
  const after = text.split("\n");
  const line = after.findIndex((content, index) => content !== before[index]);
  if (line < 0) return `it has ${before.length - after.length} lines too many at its end`;
  return `line ${line + 1} differs\n- ${before[line] ?? "(the end)"}\n+ ${after[line]}`;
}
