import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { signal } from '../runtime/linux/process.js'
import { isRunning, type KnownProcess, knownProcess } from './lock.js'

const records = z.record(z.string(), knownProcess)
const file = (run: string) => join(run, 'children.json')
const stopTimeoutMs = 15_000
/** What was killed and waits for a disk that does not answer stays for longer than this. */
const dyingMs = 30_000

/** Remembers the supervisor's children, so that the next one finds them when this one is killed. */
export function recordChildren(run: string, children: ReadonlyMap<string, KnownProcess>): void {
  writeFileSync(`${file(run)}.new`, JSON.stringify(Object.fromEntries(children)))
  renameSync(`${file(run)}.new`, file(run))
}

/** Children of a supervisor that was killed which still run, by name. */
export function findLeftovers(run: string): Map<string, KnownProcess> {
  try {
    const known = records.parse(JSON.parse(readFileSync(file(run), 'utf8')))
    return new Map(Object.entries(known).filter(([, one]) => isRunning(one)))
  } catch {
    return new Map() // no supervisor has ever run here
  }
}

/** Ends a process that is not our child. Returns also when the kernel cannot end it. */
export async function endLeftover(one: KnownProcess, stopSignal: NodeJS.Signals): Promise<void> {
  signal(one.pid, stopSignal)
  const killAt = performance.now() + stopTimeoutMs
  while (isRunning(one) && performance.now() < killAt + dyingMs) {
    if (performance.now() > killAt) signal(one.pid, 'SIGKILL')
    await sleep(20)
  }
}
