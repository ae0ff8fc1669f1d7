/**
 * What a setting is: a zod schema with a default, and the words about it. The schema is built of these;
 * errors and the reference page read them back.
 */
import { z } from "zod";

/** The words about one setting or one section. */
export interface SettingDoc {
  /** What it does, why its default is what it is. Markdown, one paragraph. */
  readonly text: string;
  /** What a number counts: `ms`, `s`, `bytes`, … */
  readonly unit?: string;
  /** The environment variable that overrides it. */
  readonly env?: string;
  /** True when its value may hold a password: then no message shows it. */
  readonly secret?: boolean;
  /** What a value must look like, where the type alone does not say it. */
  readonly expected?: string;
}

/** The words about every setting, by its schema. */
export const settingDocs = z.registry<SettingDoc>();

/** A setting of any type with its default and its words. */
export function setting<T extends z.ZodType>(
  schema: T,
  value: z.util.NoUndefined<z.output<T>>,
  doc: SettingDoc,
): z.ZodDefault<T> {
  const withDefault: z.ZodDefault<T> = z._default(schema, value);
  settingDocs.add(withDefault, doc);
  return withDefault;
}

/** A setting that has no default: only entries of lists have such. */
export function required<T extends z.ZodType>(schema: T, doc: SettingDoc): T {
  settingDocs.add(schema, doc);
  return schema;
}

/** A whole number within bounds. */
export function integer(
  value: number,
  bounds: { readonly min: number; readonly max: number },
  doc: SettingDoc,
): z.ZodDefault<z.ZodInt> {
  return setting(z.int().min(bounds.min).max(bounds.max), value, doc);
}

/** True or false. */
export function flag(value: boolean, doc: SettingDoc): z.ZodDefault<z.ZodBoolean> {
  return setting(z.boolean(), value, doc);
}

/** Adds the words to a section: `section(z.strictObject({ … }).prefault({}), { text })`; leaving it out means all its defaults. */
export function section<T extends z.ZodPrefault<z.ZodObject>>(schema: T, doc: SettingDoc): T {
  settingDocs.add(schema, doc);
  return schema;
}
