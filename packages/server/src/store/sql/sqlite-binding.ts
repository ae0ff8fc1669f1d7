/**
 * Which SQLite: Node's own where it has one that needs no flag, else the package with the same surface. Node 20 has none.
 */

/** A value that SQLite stores. */
export type SqliteValue = null | number | bigint | string | Uint8Array;

/** The part of a prepared statement that this house uses. */
export interface SqliteStatement {
  all(...parameters: SqliteValue[]): unknown[];
  run(...parameters: SqliteValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  iterate(...parameters: SqliteValue[]): IterableIterator<unknown>;
  columns(): readonly unknown[];
}

/** The part of `DatabaseSync` that this house uses. */
export interface SqliteDatabase {
  exec(text: string): void;
  prepare(text: string): SqliteStatement;
  close(): void;
}

interface SqliteBinding {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

/** Opens a database file, or `:memory:`. */
export async function openSqlite(path: string): Promise<SqliteDatabase> {
  const binding = builtInBinding() ?? (await import("@photostructure/sqlite"));
  return new binding.DatabaseSync(path);
}

function isBinding(module: unknown): module is SqliteBinding {
  return (
    typeof module === "object" &&
    module !== null &&
    "DatabaseSync" in module &&
    typeof module.DatabaseSync === "function"
  );
}

function builtInBinding(): SqliteBinding | undefined {
  // Node warns that its SQLite is experimental. Which SQLite we use is our business and not the operator's, so this
  // one line is kept from the console; loading is synchronous, so nothing else can be lost meanwhile.
  const original = Object.getOwnPropertyDescriptor(process, "emitWarning");
  process.emitWarning = () => {};
  try {
    const module: unknown = process.getBuiltinModule("node:sqlite");
    return isBinding(module) ? module : undefined;
  } finally {
    if (original !== undefined) Object.defineProperty(process, "emitWarning", original);
  }
}
