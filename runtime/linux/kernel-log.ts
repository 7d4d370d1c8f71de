import { closeSync, constants, openSync, readSync } from 'node:fs'
import type { Logger } from '../../common/log.js'

/** A process that the kernel ended at a memory limit. */
export interface OomKill {
  /** Of the process, as a path from the root of the hierarchy. */
  readonly cgroup: string
  /** Its name, which a tenant chose: hostile text. The kernel writes bytes that are not printable as `\x1b`. */
  readonly process: string
}

/** A record is at most 1 KiB of text and as much of other fields; a read with less room fails. */
const recordBytes = 16_384
/** What is read in one turn; the rest waits for the next. The kernel's buffer holds a few thousand. */
const recordsMax = 5000

/**
 * The kernel's log, from now on, for what control groups only count.
 *
 * @see https://docs.kernel.org/admin-guide/dmesg and Documentation/ABI/testing/dev-kmsg
 */
export class KernelLog {
  readonly #fd: number
  readonly #buffer = Buffer.alloc(recordBytes)

  /** @throws Error of the system where the log cannot be read, as in most containers */
  constructor(file = '/dev/kmsg') {
    this.#fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    this.oomKills()
  }

  /** Those since the last call. A burst may be told in part only: the kernel writes ten in five seconds. */
  oomKills(): OomKill[] {
    const kills: OomKill[] = []
    for (let read = 0; read < recordsMax; read++) {
      const record = this.#read()
      if (record === null) break
      const kill = parseOomKill(record)
      if (kill !== null) kills.push(kill)
    }
    return kills
  }

  /** @returns null when there is no more */
  #read(): string | null {
    try {
      const length = readSync(this.#fd, this.#buffer, 0, recordBytes, null)
      return length === 0 ? null : this.#buffer.toString('utf8', 0, length)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      // What was not read in time is gone; the next read gives the oldest that is left.
      if (code === 'EPIPE') return ''
      if (code === 'EAGAIN') return null
      throw error
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** @returns null where the log cannot be read */
export function openKernelLog(log: Logger): KernelLog | null {
  try {
    return new KernelLog()
  } catch (error) {
    log.warn({ error }, "the kernel's log cannot be read: kills at memory limits are told without names")
    return null
  }
}

/**
 * Reads `6,1234,98765,-;oom-kill:constraint=…,task_memcg=/a/b,task=python3,pid=12,uid=0`.
 *
 * @returns null for any other record, for one that a program wrote, and for one that can be read in more than one way
 */
export function parseOomKill(record: string): OomKill | null {
  const [, priority, message = ''] = /^(\d+),[^;]*;([^\n]*)/.exec(record) ?? []
  // Programs cannot write with the kernel's own facility.
  if (priority === undefined || Number(priority) >> 3 !== 0) return null
  const found = /^oom-kill:.*,task_memcg=([^,]*),task=(.*),pid=\d+,uid=-?\d+$/.exec(message)
  if (found === null || message.split(',task_memcg=').length !== 2) return null
  return { cgroup: found[1] ?? '', process: (found[2] ?? '').slice(0, 64) }
}
