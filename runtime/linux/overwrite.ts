import { closeSync, openSync, renameSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { basename } from 'node:path'

const pageBytes = 4096

/**
 * Writes a JSON file anew so that a process which is killed meanwhile leaves the old one or the new one, never
 * half of one. What fits a page is written over the old one in a single call, with spaces over what was longer: to
 * replace a file by renaming another makes ext4 write it out at once, and whoever waits then waits for the disk.
 */
export function overwriteJson(file: string, value: unknown): void {
  const text = Buffer.from(JSON.stringify(value))
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined || Math.max(size, text.length) > pageBytes) {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
    return
  }
  const whole = Buffer.concat([text], Math.max(size, text.length)).fill(' ', text.length)
  const fd = openSync(file, 'r+')
  try {
    writeSync(fd, whole, 0, whole.length, 0)
  } finally {
    closeSync(fd)
  }
}

/**
 * Moves a file that cannot be read out of the way, under a name that no earlier one has.
 * @returns that name, without its directory
 */
export function setFileAside(file: string): string {
  const aside = `${file}.unreadable-${new Date().toISOString().replace(/[:.]/g, '-')}`
  renameSync(file, aside)
  return basename(aside)
}
