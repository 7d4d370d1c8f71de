import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'

/** A log grows to this, and one older one of the same size is kept beside it. */
const maxLogBytes = 16 * 1024 * 1024

export const logPath = (home: string, name: string) => join(home, 'logs', `${name}.log`)

/**
 * Opens a log for a child's stdout and stderr. The child writes to the file itself, so that what it says
 * survives the supervisor.
 */
export function openLog(home: string, name: string): number {
  mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o750 })
  return openSync(logPath(home, name), 'a', 0o640)
}

/**
 * Holds every log to its size: what it has goes to `<name>.log.1`, and it begins anew. The writers append, so
 * they go on at the new beginning; what they write between the two steps is lost.
 */
export function boundLogs(home: string, maxBytes = maxLogBytes): void {
  const directory = join(home, 'logs')
  for (const name of readdirSync(directory).filter((one) => one.endsWith('.log'))) {
    const file = join(directory, name)
    if (statSync(file).size <= maxBytes) continue
    try {
      copyFileSync(file, `${file}.1`)
    } catch (error) {
      // On a full disk the older half is given up, or the log would only make it fuller.
      rmSync(`${file}.1`, { force: true })
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    }
    truncateSync(file)
  }
}

/** The last lines of a log from `since`, a size in bytes that it had, on. */
export function tailOf(path: string, since = 0, lines = 20): string {
  const fd = openSync(path, 'r')
  try {
    const { size } = fstatSync(fd)
    const from = Math.max(since <= size ? since : 0, size - 16 * 1024)
    const buffer = Buffer.alloc(size - from)
    readSync(fd, buffer, 0, buffer.length, from)
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } finally {
    closeSync(fd)
  }
}
