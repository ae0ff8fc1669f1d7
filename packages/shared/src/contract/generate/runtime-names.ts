/**
 * What a generated file imports of the runtime, and under which names.
 */

/** What a generated file imports from the runtime, and where those are. */
export type RuntimeModule = (name: "defineMessage" | "Message" | "ModuleContract") => string;

/** What a file uses of the runtime; a message of its own with such a name makes the runtime's come under another. */
export class RuntimeNames {
  readonly #own: ReadonlySet<string>;
  readonly #used = new Set<"defineMessage" | "Message" | "ModuleContract">();

  constructor(own: readonly string[]) {
    this.#own = new Set(own);
  }

  /** Returns the name to write, and remembers to import it. */
  use(name: "defineMessage" | "Message" | "ModuleContract"): string {
    this.#used.add(name);
    return this.#own.has(name) ? `mqplay${name.charAt(0).toUpperCase()}${name.slice(1)}` : name;
  }

  /** The import lines. */
  imports(runtime: RuntimeModule): string[] {
    const byModule = new Map<string, string[]>();
    for (const name of [...this.#used].sort()) {
      const local = this.use(name);
      const item = `${name === "defineMessage" ? "" : "type "}${name}${local === name ? "" : ` as ${local}`}`;
      byModule.set(runtime(name), [...(byModule.get(runtime(name)) ?? []), item]);
    }
    return [...byModule].map(([module, items]) => {
      const allTypes = items.every((item) => item.startsWith("type "));
      const list = allTypes ? items.map((item) => item.slice("type ".length)) : items;
      return `import ${allTypes ? "type " : ""}{ ${list.sort(byName).join(", ")} } from "${module}";`;
    });
  }
}

function byName(a: string, b: string): number {
  return a.replace("type ", "") < b.replace("type ", "") ? -1 : 1;
}
