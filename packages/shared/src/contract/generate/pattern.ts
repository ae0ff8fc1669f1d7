/**
 * Which regular expressions a contract may have: those that cannot run away on any text, by a simple rule.
 */

/** Characters of a pattern. */
const MAX_PATTERN_LENGTH = 256;
/**
 * Ways in which a text may be divided among the pattern's variable parts, all of which a near match tries: a few
 * milliseconds of work.
 */
const MAX_WAYS = 200_000;

/**
 * Says why a pattern is refused, or returns undefined when it is fine.
 * @param maxLength characters of the longest text that it is tried on
 */
export function checkPattern(pattern: string, maxLength: number): string | undefined {
  if (pattern.length > MAX_PATTERN_LENGTH)
    return `the pattern has more than ${MAX_PATTERN_LENGTH} characters`;
  try {
    // Only for the syntax; the generated file has it as a literal.
    void new RegExp(`^(?:${pattern})$`, "u");
  } catch (error) {
    // Engines begin their messages differently; the reason stands last.
    const reason = error instanceof Error ? (error.message.split(": ").at(-1) ?? "") : String(error);
    return `the pattern is no regular expression: ${reason}`;
  }
  // What is left of escapes and classes are single characters.
  if (/\\(?:[1-9]|k<)/.test(pattern)) return "the pattern may not refer back to groups";
  if (/\(\?(?:[=!]|<[=!])/.test(pattern)) return "the pattern may not look around";
  return checkRepetition(
    pattern.replaceAll(/\\[pPu]\{[^}]*\}|\\./g, "x").replaceAll(/\[[^\]]*\]/g, "x"),
    maxLength,
  );
}

function checkRepetition(plain: string, maxLength: number): string | undefined {
  let ways = 1;
  const groups: { hasChoice: boolean }[] = [];
  let closed: { hasChoice: boolean } | undefined;
  for (let at = 0; at < plain.length; at += 1) {
    const quantifier = /^(?:[*+]|\?|\{(\d+)(,(\d*))?\})\??/.exec(plain.slice(at));
    if (quantifier === null || plain[at - 1] === "(") {
      closed = plain[at] === ")" ? groups.pop() : undefined;
      if (plain[at] === "(") groups.push({ hasChoice: false });
      if (plain[at] === "|") for (const group of groups) group.hasChoice = true;
      continue;
    }
    at += quantifier[0].length - 1;
    const [least, most] = boundsOf(quantifier);
    if (most > 1 && closed?.hasChoice === true) {
      return "the pattern repeats a group that itself has repetition or alternatives";
    }
    closed = undefined;
    if (least === most) continue;
    for (const group of groups) group.hasChoice = true;
    ways *= Math.min(most - least, maxLength) + 1;
  }
  if (ways <= MAX_WAYS) return undefined;
  return `the pattern can be tried in ${ways} ways on ${maxLength} characters: repeat less, or lower max_len`;
}

function boundsOf(quantifier: RegExpExecArray): [least: number, most: number] {
  const [text, least, comma, most] = quantifier;
  if (text.startsWith("*")) return [0, Infinity];
  if (text.startsWith("+")) return [1, Infinity];
  if (text.startsWith("?")) return [0, 1];
  const from = Number(least);
  return [from, comma === undefined ? from : most === "" ? Infinity : Number(most)];
}
