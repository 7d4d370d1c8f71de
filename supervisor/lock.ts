import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { flockNow } from '../runtime/linux/libc.js'
import { startTime } from '../runtime/linux/process.js'

/** A process that cannot be mistaken for a later one with the same number. */
export const knownProcess = z.object({ pid: z.int().positive(), startTime: z.int().nonnegative() })
export type KnownProcess = z.infer<typeof knownProcess>

export const isRunning = (one: KnownProcess) => startTime(one.pid) === one.startTime

/** The one supervisor of an instance. Held until it is disposed of, or its process dies. */
export type SupervisorLock = Disposable

/**
 * Makes this process the instance's only supervisor, and writes down who it is.
 * @returns undefined when another one lives
 */
export function takeLock(run: string): SupervisorLock | undefined {
  const file = lockFile(run)
  for (;;) {
    const fd = openLockFile(run)
    if (fd === undefined) continue
    if (!flockNow(fd)) {
      closeSync(fd)
      return undefined
    }
    // Whoever held it before may have removed the file between our two calls.
    if (statSync(file, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return hold(file, fd)
    closeSync(fd)
  }
}

/** Opened to append, because its content belongs to whoever holds the lock. */
function openLockFile(run: string): number | undefined {
  mkdirSync(run, { recursive: true, mode: 0o711 })
  try {
    return openSync(lockFile(run), 'a', 0o644)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined // whoever held it has just removed the directory
    throw error
  }
}

function hold(file: string, fd: number): SupervisorLock {
  writeFileSync(file, JSON.stringify({ pid: process.pid, startTime: startTime(process.pid) ?? 0 }))
  const letGo = () => {
    rmSync(file, { force: true })
    try {
      rmdirSync(dirname(file))
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY')) throw error // something is left there, and has been said
    }
    closeSync(fd)
  }
  return { [Symbol.dispose]: letGo }
}

/** The supervisor that runs now, if one does and it is not this process. */
export function findSupervisor(run: string): KnownProcess | undefined {
  try {
    const found = knownProcess.parse(JSON.parse(readFileSync(lockFile(run), 'utf8')))
    return found.pid !== process.pid && isRunning(found) ? found : undefined
  } catch {
    return undefined // nobody has ever run here, or was killed while it wrote
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

const lockFile = (run: string) => join(run, 'supervisor.pid')
