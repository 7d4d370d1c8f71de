import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import type { Logger } from 'pino'

/** Before everything that tenants run, which has 0 inside a cgroup that is weighed against this process's own. */
const niceness = -10
/** The kernel kills this process last. */
const oomScoreAdj = -900
/** And what runs in sandboxes first; crun sets it for a container's first process, and not for an exec. */
const insideOomScoreAdj = 500
/** @see sched(7), "The autogroup feature" */
const sessionFile = '/proc/self/autogroup'
const oomFile = '/proc/self/oom_score_adj'
/** Pseudo-terminals of the whole host; each sandbox's own devpts is bounded as well. The kernel's default is 4,096. */
const maxPtys = 65_536

/**
 * Keeps this process going when tenants use up the processors or the memory: with it every terminal ends. A host
 * that does not let it goes on with what there is.
 */
export function protectHost(log: Logger): void {
  const steps = {
    niceness: () => setPriority(0, niceness),
    // Where it is in no control group of its own, its niceness counts only inside its session.
    'priority of its session': () => {
      if (existsSync(sessionFile)) writeFileSync(sessionFile, String(niceness))
    },
    'oom score': () => writeFileSync(oomFile, String(oomScoreAdj)),
    'number of pseudo-terminals': () => {
      const file = '/proc/sys/kernel/pty/max'
      if (Number(readFileSync(file, 'utf8')) < maxPtys) writeFileSync(file, String(maxPtys))
    },
  }
  for (const [name, step] of Object.entries(steps)) {
    try {
      step()
    } catch (error) {
      log.info({ error, name }, 'this host does not let the process host protect itself')
    }
  }
}

/** Runs `start`, which starts a process before it returns, so that it is served and killed as a tenant's. */
export function asTenants<T>(start: () => T): T {
  // 0 is the calling thread on Linux, and a child begins as the thread that forked it.
  const own = { niceness: getPriority(0), oomScoreAdj: readFileSync(oomFile, 'utf8') }
  setPriority(0, Math.max(0, own.niceness))
  writeFileSync(oomFile, String(insideOomScoreAdj))
  try {
    return start()
  } finally {
    writeFileSync(oomFile, own.oomScoreAdj)
    setPriority(0, own.niceness)
  }
}
