/**
 * A log that tests read.
 */
import type { Log, LogFields } from "../../ops/log.ts";

/** One line. */
export interface RecordedLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  /** Its own fields and those of its log. */
  readonly fields: LogFields;
}

/** A log and its lines. */
export interface RecordedLog extends Log {
  readonly lines: readonly RecordedLine[];
}

/** Makes a log that keeps its lines, and those of its children. */
export function createRecordedLog(): RecordedLog {
  const lines: RecordedLine[] = [];
  const bind = (bound: LogFields): Log => {
    const write =
      (level: RecordedLine["level"]) =>
      (fields: LogFields, message: string): void =>
        void lines.push({ level, message, fields: { ...bound, ...fields } });
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
      child: (fields) => bind({ ...bound, ...fields }),
    };
  };
  return { ...bind({}), lines };
}
