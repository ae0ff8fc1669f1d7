/**
 * The code blocks of a page in Markdown.
 */

/** A fenced code block: ```` ```ts file=src/server.ts ````. */
export interface CodeBlock {
  readonly language: string;
  /** The file that the block is the whole of; undefined where the page names none. */
  readonly file: string | undefined;
  readonly text: string;
  /** The line of the page on which the fence opens, from 1. */
  readonly line: number;
}

const FENCED = /^```(?<language>\w*)(?: file=(?<file>\S+))?\n(?<text>.*?)^```$/gms;

/** Returns the code blocks of a page, in their order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return Array.from(markdown.matchAll(FENCED), ({ index, groups }) => ({
    language: groups?.["language"] ?? "",
    file: groups?.["file"],
    text: groups?.["text"] ?? "",
    line: markdown.slice(0, index).split("\n").length,
  }));
}
