import { closeSync, constants, openSync } from 'node:fs'
import { openat2, reconfigure, SyscallError } from '../linux/libc.js'

const mib = 1024 ** 2
const pageBytes = 4096
/** The largest message queue of System V, the kernel's own default. */
const queueBytes = 16_384
/** What the kernel takes for one semaphore. */
const semaphoreBytes = 64

/**
 * The file systems in memory that a tenant can write to, and the share of the sandbox's memory that each may hold.
 * What is in them stays when the kernel has killed every process for want of memory: together they leave room for the
 * first process and for one that cleans up. `/dev` has its own bound, in the spec.
 */
const shares = { '/dev/shm': 1 / 2, '/run': 1 / 16 } as const

/** A path of a file system in memory. */
export type MemoryPath = keyof typeof shares

/** What a file system in memory may hold. A file costs about a kibibyte beside its content. */
export function memoryBounds(path: MemoryPath, memoryBytes: number): { bytes: number; inodes: number } {
  const bytes = Math.max(mib, Math.floor(memoryBytes * shares[path]))
  return { bytes, inodes: Math.max(1024, Math.floor(bytes / 16_384)) }
}

/**
 * Brings the file systems in memory of a running sandbox to another size of its memory.
 * @param pid its first process
 * @returns the one that holds too much for that, which stays as it is with those after it; undefined when all fit
 */
export function resizeMemoryFiles(pid: number, memoryBytes: number): MemoryPath | undefined {
  const root = openSync(`/proc/${pid}/root`, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    for (const path of ['/dev/shm', '/run'] as const) {
      const { bytes, inodes } = memoryBounds(path, memoryBytes)
      if (!resize(root, path, { size: String(bytes), nr_inodes: String(inodes) })) return path
    }
    return undefined
  } finally {
    closeSync(root)
  }
}

/** @returns false when it holds more */
function resize(root: number, path: string, settings: Readonly<Record<string, string>>): boolean {
  const [oPath, inRoot, noSymlinks, noMagiclinks] = [0o10000000, 0x10, 0x04, 0x02]
  const flags = oPath | constants.O_DIRECTORY
  const fd = openat2(root, path, { flags, mode: 0, resolve: inRoot | noSymlinks | noMagiclinks })
  try {
    reconfigure(fd, settings)
    return true
  } catch (error) {
    if (error instanceof SyscallError && error.code === 'EINVAL') return false
    throw error
  } finally {
    closeSync(fd)
  }
}

/**
 * What the objects of System V may hold, which outlive their processes as well: segments half of the memory, queues an
 * eighth, semaphores a sixteenth.
 * @returns settings below `/proc/sys/kernel`
 * @see proc_sys_kernel(5)
 */
export function ipcBounds(memoryBytes: number): Readonly<Record<string, string>> {
  return {
    shmall: String(Math.floor(memoryBytes / 2 / pageBytes)),
    msgmni: String(Math.max(8, Math.floor(memoryBytes / 8 / queueBytes))),
    sem: `32000 ${Math.max(32_000, Math.floor(memoryBytes / 16 / semaphoreBytes))} 500 32000`,
  }
}
