import { z } from 'zod'

/** How many bytes a text takes in UTF-8, at the API and in the database. */
export const utf8Bytes = (text: string): number => new TextEncoder().encode(text).length

/**
 * A record with so many entries at most, whose names and values together are no longer than `bytes`. Everything that
 * a tenant may store is bounded: what is stored for one costs all of them memory and disk.
 */
export function boundedRecord<K extends z.ZodType<string, string>, V extends z.ZodType<string, string>>(
  key: K,
  value: V,
  { entries, bytes }: { readonly entries: number; readonly bytes: number },
) {
  return z
    .record(key, value)
    .superRefine((record, context) => {
      const all = Object.entries(record)
      if (all.length > entries) {
        context.addIssue({
          code: 'custom',
          message: `has ${all.length} entries; at most ${entries} are allowed`,
        })
      }
      const size = all.reduce((sum, [name, text]) => sum + utf8Bytes(name) + utf8Bytes(String(text)), 0)
      if (size > bytes) {
        context.addIssue({ code: 'custom', message: `holds ${size} bytes; at most ${bytes} are allowed` })
      }
    })
    .meta({ maxProperties: entries, description: `at most ${entries} entries and ${bytes} bytes together` })
}

/** Text that PostgreSQL can hold: its JSON takes neither NUL nor half of a surrogate pair. */
export const storableText = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\0\p{Surrogate}]*$/u, 'must not contain NUL or half of a surrogate pair')

/** Labels that a caller gives a sandbox or a run. Lists show them. */
export const metadata = boundedRecord(storableText(64), storableText(512), { entries: 64, bytes: 16_384 })
