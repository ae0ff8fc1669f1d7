/**
 * Where a .proto declares what: protobufjs' parser keeps no lines, so the tokens are read a second time for them.
 * What the parser would reject, or drop without a word, is found here by its line.
 */
import protobuf from "protobufjs";

/** Something that a .proto declares. */
export interface Declaration {
  readonly kind: "message" | "enum" | "service" | "oneof" | "rpc" | "field" | "value";
  /** Its name with the names of what it is in, like `Arena.Join`; the package is not part of it. */
  readonly path: string;
  readonly name: string;
  /** The number of a field or an enum's value. */
  readonly number: number | undefined;
  /** The line of its name, from 1. */
  readonly line: number;
}

/** An option of a service, rpc, message or field, in the order of the text. */
export interface OptionPlace {
  /** The path of what it belongs to; empty for the file. */
  readonly owner: string;
  /** Its name without parentheses, like `mqplay.func`. */
  readonly name: string;
  readonly line: number;
}

/** Everything that {@link findDeclarations} found. */
export interface Declarations {
  readonly list: readonly Declaration[];
  readonly options: readonly OptionPlace[];
  /** The `syntax` line's value and line, if there is one; an `edition` counts. */
  readonly syntax: { readonly value: string; readonly line: number } | undefined;
}

const BLOCKS: ReadonlySet<string> = new Set(["message", "enum", "service", "oneof", "extend"]);

/** A token and its line. */
interface Token {
  readonly text: string;
  readonly line: number;
}

/** One open `{`. */
interface Scope {
  readonly kind: string;
  readonly path: string;
}

/** Reads where a .proto declares what. Text that is no .proto gives whatever was found before the fault. */
export function findDeclarations(source: string): Declarations {
  const list: Declaration[] = [];
  const options: OptionPlace[] = [];
  let syntax: Declarations["syntax"];
  const scopes: Scope[] = [{ kind: "file", path: "" }];
  let statement: Token[] = [];

  const declare = (kind: Declaration["kind"], token: Token | undefined, number?: number): string => {
    const outer = scopes.at(-1)?.path ?? "";
    const name = token?.text ?? "";
    const path = outer === "" ? name : `${outer}.${name}`;
    list.push({ kind, path, name, number, line: token?.line ?? 0 });
    return path;
  };

  const closeStatement = (): void => {
    const [first, second] = statement;
    const scope = scopes.at(-1);
    if (first?.text === "syntax" || first?.text === "edition") {
      syntax = { value: (statement[2]?.text ?? "").slice(1), line: first.line };
    } else if (first?.text === "option") {
      options.push(placeOf(statement.slice(1), scope?.path ?? ""));
    } else if (first?.text === "rpc" && scope?.kind === "service") declare("rpc", second);
    else if (scope !== undefined && ["message", "oneof", "enum"].includes(scope.kind)) declareMember(scope);
    statement = [];
  };

  /** A field or an enum's value: the name stands before the first `=`. */
  const declareMember = (scope: Scope): void => {
    const equals = statement.findIndex((token) => token.text === "=");
    const number = Number(statement[equals + 1]?.text);
    if (equals < 1 || ["reserved", "extensions"].includes(statement[0]?.text ?? "")) return;
    // Members of a oneof are fields of the message around it.
    const inOneof = scope.kind === "oneof" ? scopes.pop() : undefined;
    const path = declare(scope.kind === "enum" ? "value" : "field", statement[equals - 1], number);
    if (inOneof !== undefined) scopes.push(inOneof);
    const bracket = statement.findIndex((token) => token.text === "[");
    if (bracket > 0) options.push(...listedOptions(statement.slice(bracket + 1), path));
  };

  for (const token of tokensOf(source)) {
    const opensValue = statement.some((earlier) => earlier.text === "=");
    if (token.text === "{" && !opensValue) {
      const [first, second] = statement;
      const isRpc = first?.text === "rpc";
      const kind = BLOCKS.has(first?.text ?? "") ? (first?.text ?? "") : isRpc ? "rpc" : "other";
      const path =
        kind === "other" || kind === "extend" ? (scopes.at(-1)?.path ?? "") : declare(kindOf(kind), second);
      scopes.push({ kind, path: kind === "oneof" ? (scopes.at(-1)?.path ?? "") : path });
      statement = [];
    } else if (token.text === "}" && !opensValue) {
      if (scopes.length > 1) scopes.pop();
      statement = [];
    } else if (token.text === ";" && isBalanced(statement)) closeStatement();
    else statement.push(token);
  }
  return { list, options, syntax };
}

function kindOf(kind: string): Declaration["kind"] {
  return kind === "message" || kind === "enum" || kind === "service" || kind === "oneof" ? kind : "rpc";
}

/** Tells whether every brace of an option's value is closed: a `;` inside one separates its fields. */
function isBalanced(statement: readonly Token[]): boolean {
  let open = 0;
  for (const { text } of statement) open += text === "{" ? 1 : text === "}" ? -1 : 0;
  return open === 0;
}

function placeOf(tokens: readonly Token[], owner: string): OptionPlace {
  const name: string[] = [];
  for (const { text } of tokens) {
    if (text === "=") break;
    if (text !== "(" && text !== ")") name.push(text);
  }
  return { owner, name: name.join(""), line: tokens[0]?.line ?? 0 };
}

/** The options in a field's brackets: each begins after `[` or a comma that is in no value. */
function listedOptions(tokens: readonly Token[], owner: string): OptionPlace[] {
  const places: OptionPlace[] = [];
  let depth = 0;
  let begins = true;
  for (const [index, { text }] of tokens.entries()) {
    if (begins && depth === 0) places.push(placeOf(tokens.slice(index), owner));
    begins = text === "," && depth === 0;
    if (text === "{" || text === "[") depth += 1;
    if (text === "}" || text === "]") depth -= 1;
    if (depth < 0) break;
  }
  return places;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  const tokenizer = protobuf.tokenize(source, true);
  try {
    for (let text = tokenizer.next(); text !== null; text = tokenizer.next()) {
      const line = tokenizer.line;
      // A string comes as its quote, its content and the quote: one token here, so that no content looks like syntax.
      if (text === '"' || text === "'") {
        tokens.push({ text: `"${tokenizer.next() ?? ""}`, line });
        tokenizer.next();
      } else tokens.push({ text, line });
    }
  } catch {
    // The parser meets the same fault and reports it.
  }
  return tokens;
}
