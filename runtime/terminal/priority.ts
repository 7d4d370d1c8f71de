import { readFileSync, writeFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import type { Logger } from 'pino'

/** Before everything that tenants run, which has 0 inside a cgroup that is weighed against this process's own. */
const niceness = -10
/** Tenants' processes have 500, the runtime 0: the kernel kills this one last. */
const oomScoreAdj = -900
/** Pseudo-terminals of the whole host; each sandbox's own devpts is bounded as well. The kernel's default is 4,096. */
const maxPtys = 65_536

/**
 * Keeps this process going when tenants use up the processors or the memory: with it every terminal ends. A host
 * that does not let it goes on with what there is.
 */
export function protectHost(log: Logger): void {
  const steps = {
    niceness: () => setPriority(0, niceness),
    'oom score': () => writeFileSync('/proc/self/oom_score_adj', String(oomScoreAdj)),
    'number of pseudo-terminals': () => {
      const file = '/proc/sys/kernel/pty/max'
      if (Number(readFileSync(file, 'utf8')) < maxPtys) writeFileSync(file, String(maxPtys))
    },
  }
  for (const [name, step] of Object.entries(steps)) {
    try {
      step()
    } catch (error) {
      log.warn({ error, name }, 'this host does not let the terminal host protect itself')
    }
  }
}

/** Runs `start`, which starts a process before it returns, so that the process does not inherit the niceness. */
export function atNormalPriority<T>(start: () => T): T {
  // 0 is the calling thread on Linux, and a child begins as the thread that forked it.
  const own = getPriority(0)
  if (own >= 0) return start()
  setPriority(0, 0)
  try {
    return start()
  } finally {
    setPriority(0, own)
  }
}
