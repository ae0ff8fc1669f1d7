/**
 * Names and passwords that nobody has to invent: one click registers.
 */

const adjectives = [
  "brave",
  "calm",
  "clever",
  "eager",
  "gentle",
  "happy",
  "keen",
  "lucky",
  "nimble",
  "proud",
  "quick",
  "quiet",
  "swift",
  "witty",
];
const animals = [
  "badger",
  "crane",
  "dolphin",
  "falcon",
  "gecko",
  "heron",
  "ibex",
  "lynx",
  "marten",
  "otter",
  "panda",
  "raven",
  "tapir",
  "yak",
];
const digitsAndLetters = "abcdefghjkmnpqrstuvwxyz23456789";

/** A random number below `end`; a hair uneven, which no name minds. */
function below(end: number): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % end;
}

function pick(words: readonly string[]): string {
  return words[below(words.length)] ?? "player";
}

/** A user name like `swift-otter-4821`. */
export function randomUsername(): string {
  return `${pick(adjectives)}-${pick(animals)}-${String(1_000 + below(9_000))}`;
}

/** A password of 12 characters without look-alikes. */
export function randomPassword(): string {
  return Array.from({ length: 12 }, () => digitsAndLetters[below(digitsAndLetters.length)]).join("");
}
