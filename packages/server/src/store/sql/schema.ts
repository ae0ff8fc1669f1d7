/**
 * The tables, as the queries see them. How they come to be is in migrations.ts.
 */
import type { Generated, Kysely } from "kysely";

/** One row of `mqplay_accounts`. */
export interface AccountsTable {
  id: string;
  name: string;
  /** Written and compared, never read: MySQL would give bytes back. */
  name_key: string;
  password_hash: string;
  phone: string | null;
  open_id: string | null;
  created_at_ms: number;
  /** 0 or 1: SQLite has no booleans. */
  frozen: Generated<number>;
}

/** One row of `mqplay_schema`: a migration that has been applied. */
export interface SchemaTable {
  version: number;
  applied_at_ms: number;
}

/** Every table that this package owns; the prefix keeps them apart from a game's own in a shared database. */
export interface Tables {
  mqplay_accounts: AccountsTable;
  mqplay_schema: SchemaTable;
}

/** The two kinds of SQL that the tables live in. */
export type SqlKind = "sqlite" | "mysql";

/** A database that the SQL stores work on, whichever kind it is. */
export interface SqlDatabase {
  readonly kind: SqlKind;
  /** What the log and error messages call it. No credentials. */
  readonly label: string;
  readonly db: Kysely<Tables>;
  /** Resolves when every write that has been committed so far survives a loss of power. */
  durable(): Promise<void>;
  /** Tells whether an error means that the database is away, rather than that it refused. */
  readonly isAway: (error: unknown) => boolean;
  /** Tells whether an error means that a unique index has the value already. */
  readonly isDuplicate: (error: unknown) => boolean;
  /** Ends every connection. Final; may be called twice. */
  close(): Promise<void>;
}
