import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'

/** Free memory of the host and what the kernel gives back when asked, in bytes. */
export function availableMemory(): number {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return kib === undefined ? freemem() : Number(kib) * 1024
}
