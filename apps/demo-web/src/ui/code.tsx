/**
 * A few lines of TypeScript, coloured and ready to copy.
 */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

const token =
  /(?<comment>\/\/[^\n]*)|(?<string>"[^"\n]*")|(?<keyword>\b(?:import|from|const|await|async|try|catch|if|new|return)\b)|(?<number>\b\d[\d_]*\b)/g;

/** Cuts code into pieces with the name of their colour; plain pieces have none. */
function colour(code: string): { text: string; kind: string | undefined }[] {
  const pieces: { text: string; kind: string | undefined }[] = [];
  let end = 0;
  for (const match of code.matchAll(token)) {
    if (match.index > end) pieces.push({ text: code.slice(end, match.index), kind: undefined });
    const kind = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined)?.[0];
    pieces.push({ text: match[0], kind });
    end = match.index + match[0].length;
  }
  pieces.push({ text: code.slice(end), kind: undefined });
  return pieces;
}

/** Shows code under a heading. `label` names it for people who hear the page. */
export function Code({ code, title, label }: { code: string; title: string; label: string }): JSX.Element {
  const copied = useSignal("");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(code);
      copied.value = code;
    } catch {
      // The browser may refuse (no permission, page without focus): the text can still be selected by hand.
      copied.value = "";
    }
  };
  // Browsers offer the clipboard on secure pages and on localhost only.
  const canCopy = "clipboard" in navigator;
  return (
    <div class="code">
      <div class="code-head">
        <h4>{title}</h4>
        {canCopy && (
          <button type="button" class="quiet" aria-label={`Copy: ${label}`} onClick={() => void copy()}>
            {copied.value === code ? "Copied" : "Copy"}
          </button>
        )}
      </div>
      <pre tabIndex={0} role="group" aria-label={label}>
        <code>
          {colour(code).map((piece, index) => (
            <span key={index} class={piece.kind === undefined ? undefined : `code-${piece.kind}`}>
              {piece.text}
            </span>
          ))}
        </code>
      </pre>
    </div>
  );
}
