import { once } from 'node:events'

/** Prints a value for a program: one line of JSON. */
export const printJson = (value: unknown): void => console.log(JSON.stringify(value))

/** Prints rows below their titles, each column as wide as its widest cell. Control characters are not let through. */
export function printTable(titles: readonly string[], rows: readonly (readonly string[])[]): void {
  const clean = [titles, ...rows].map((row) => row.map(printable))
  const widths = titles.map((_, column) => Math.max(...clean.map((row) => row[column]?.length ?? 0)))
  for (const row of clean) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}

/** Prints one name and value on each line, the values below each other. */
export function printFields(fields: readonly (readonly [string, string])[]): void {
  const width = Math.max(...fields.map(([name]) => name.length))
  for (const [name, value] of fields) console.log(`${`${name}:`.padEnd(width + 2)} ${printable(value)}`)
}

/** What others have named must not move the cursor of whoever lists it. */
export const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\ufffd')

/** Writes bytes and waits while the reader is behind. */
export async function write(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (!stream.write(bytes)) await once(stream, 'drain')
}

let last = async () => {}

/** Has `act` done before this ends because nobody reads its output. */
export function beforeNobodyReads(act: () => Promise<void>): void {
  last = act
}

/** `head` and others stop reading when they have enough: then this ends as a program ends that SIGPIPE kills. */
export function endWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    void last().finally(() => process.exit(141))
  })
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** A size in the largest unit that fits, with one digit after the point below 100: `1.5 GiB`, `2 GiB`, `214 MiB`. */
export function showBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  // What would be shown as 1024 of a unit is 1 of the next.
  for (; Math.round(value) >= 1024 && unit < units.length - 1; unit++) value /= 1024
  const shown = value >= 100 || unit === 0 ? Math.round(value) : Math.round(value * 10) / 10
  return `${shown} ${units[unit]}`
}

export const showMebibytes = (mebibytes: number): string => showBytes(mebibytes * 1024 ** 2)

/** Such as `5 min`, for how long ago something was. */
export function showAge(from: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(from)) / 1000)
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}
